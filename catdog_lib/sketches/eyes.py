"""The eyes of cats and dogs, with their lids.

Coordinates of one eye: its radius is about 1, its centre (0, 0), x to the right, y down.
"""

from __future__ import annotations

from catdog_lib.sketches.canvas import Pen
from catdog_lib.sketches.colours import DARK, LIGHT, lightness, mix
from catdog_lib.sketches.outlines import outline
from catdog_lib.sketches.sampling import Rng
from catdog_lib.sketches.traits import Coat, Face, Pose

ALMOND = ((-1.1, 0.05), (-0.5, -0.8), (0.1, -1), (0.75, -0.7), (1.12, 0), (0.5, 0.75), (-0.4, 0.85))


def is_closed(pose: Pose, side: int) -> bool:
    """Return whether the eye on this side, -1 or 1, is shut."""
    return pose.lids == "happy" or (pose.lids == "wink" and side == 1)


def cat_eyes(pen: Pen, coat: Coat, pose: Pose, face: Face, rng: Rng) -> None:
    """Draw large slanted almonds, mostly with slits for pupils."""
    h = rng.uniform(0.65, 0.85) if face.eye < 0.25 else rng.uniform(0.85, 0.98)
    slit = rng.uniform(0.16, 0.45)
    almond = outline(ALMOND) * (1, h)
    for s in (-1, 1):
        eye = _one(pen, s, 0.41, -0.04, face, pose, 0.2)
        if is_closed(pose, s):
            _shut(eye, coat)
            continue
        eye.shape(almond * 1.22, coat.ink)
        ink = eye.of(None)  # all the rest lies within
        ink.shape(almond, face.iris)
        look = ink.at(0.2 * pose.gaze, 0)
        if face.pupil == "slit":
            look.shape(outline([(0, -h * 0.98), (slit, 0), (0, h * 0.95), (-slit, 0)]), DARK)
        else:
            look.oval(0, 0, 0.6, 0.66 * h, DARK)
        ink.oval(-0.3, -0.35 * h, 0.22, 0.22, LIGHT)
        if pose.lids == "half":
            _half_lid(eye, h, coat)


def dog_eyes(pen: Pen, coat: Coat, pose: Pose, face: Face, rng: Rng) -> None:
    """Draw small round dark eyes, often with brows."""
    apart, brows = rng.uniform(0.33, 0.42), rng.random() < 0.4
    brow = mix(coat.base, LIGHT if lightness(coat.base) < 0.6 else DARK, 0.3)
    for s in (-1, 1):
        eye = _one(pen, s, apart, -0.12, face, pose, 0.15)
        if brows or face.breed in ("husky", "terrier"):
            eye.of(None).oval(0.1 * s, -1.7, 0.62, 0.4, brow)
        if is_closed(pose, s):
            _shut(eye, coat)
            continue
        eye.oval(0, 0, 1.25, 1.22, coat.ink)
        ink = eye.of(None)  # all the rest lies within
        ink.oval(0, 0, 1.0, 1.0, face.iris)
        ink.oval(0.18 * pose.gaze, 0.02, 0.64, 0.64, DARK)
        ink.oval(-0.3, -0.34, 0.28, 0.28, LIGHT)
        if pose.lids == "half":
            _half_lid(eye, 1.0, coat)


def _one(pen: Pen, s: int, apart: float, y: float, face: Face, pose: Pose, far: float) -> Pen:
    # The eye that is turned away looks smaller.
    radius = face.eye * (1 - far * max(0.0, s * pose.turn))
    return pen.of("eyes").at(s * apart, y, radius, -s * face.slant)


def _shut(eye: Pen, coat: Coat) -> None:
    line = [(-0.95, 0.3), (-0.5, -0.25), (0, -0.4), (0.5, -0.25), (0.95, 0.3)]
    eye.stroke(line, 0.3, coat.ink)


def _half_lid(eye: Pen, height: float, coat: Coat) -> None:
    top = [(-1, -1.2 * height), (0, -1.5 * height), (1, -1.2 * height)]
    eye.shape(outline([(-1.3, 0), *top, (1.3, 0), (0, -0.1)]), mix(coat.base, DARK, 0.15))
