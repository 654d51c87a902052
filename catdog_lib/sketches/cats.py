"""Cats: breeds, ears, head, muzzle. A cat's eyes are in `eyes`.

Coordinates are the head's: its radius is about 1, its centre (0, 0), x to the right, y down.
"""

from __future__ import annotations

import numpy as np

from catdog_lib.sketches.canvas import Pen
from catdog_lib.sketches.colours import DARK, LIGHT, Colour, jitter, lightness, mix
from catdog_lib.sketches.outlines import curve, mirrored, outline, scaled
from catdog_lib.sketches.sampling import Rng, pick, pick_weighted, ramp
from catdog_lib.sketches.traits import PINK, TONGUE, Coat, Face, Pose

IRISES: tuple[Colour, ...] = (
    (158, 190, 84),
    (226, 190, 76),
    (120, 176, 196),
    (206, 146, 66),
    (110, 160, 110),
    (150, 104, 60),
)
NOSES: tuple[Colour, ...] = (PINK, PINK, (150, 100, 98), (70, 54, 56))
BREEDS = {"shorthair": 4, "maine coon": 2, "siamese": 2, "persian": 1.5, "scottish fold": 1}
TAIL = ((0.7, 2.6), (1.35, 2.5), (1.6, 1.9), (1.35, 1.4), (1.55, 1.0))


def sample_face(rng: Rng, difficulty: float) -> Face:
    """Sample the face of a cat of one of the BREEDS."""
    breed = pick_weighted(rng, BREEDS)
    u = rng.uniform
    traits = {
        "ears": "pointed", "ear_length": u(0.86, 1.1), "ear_spread": u(0.85, 1.2),
        "wide": u(0.92, 1.1), "jaw": 0.86, "chin": u(0.8, 0.92),
        "pupil": "slit" if u() < 0.8 else "round", "eye": u(0.21, 0.26), "slant": u(0.05, 0.35),
        "muzzle": "short", "muzzle_width": u(0.95, 1.05), "muzzle_length": 0.72,
    }  # a row for each feature  # fmt: skip
    if breed == "shorthair" and u() < 0.3:
        traits["ears"] = "rounded"
    elif breed == "maine coon":
        traits |= {"ears": "tufted", "ear_length": u(1.02, 1.16), "muzzle": "boxy"}
        traits |= {"muzzle_width": u(1.1, 1.25), "jaw": 0.96, "chin": u(0.92, 1.0)}
    elif breed == "siamese":
        traits |= {"ear_length": u(1.05, 1.22), "ear_spread": u(1.1, 1.3), "wide": u(0.86, 0.94)}
        traits |= {"jaw": 0.72, "chin": u(0.95, 1.02), "slant": u(0.3, 0.42), "eye": u(0.2, 0.23)}
    elif breed == "persian":
        traits |= {"ears": "rounded", "ear_length": u(0.76, 0.84), "ear_spread": u(1.0, 1.2)}
        traits |= {"wide": u(1.1, 1.2), "jaw": 1.0, "chin": u(0.8, 0.86), "eye": u(0.25, 0.29)}
        traits |= {"slant": u(0, 0.12), "muzzle": "flat", "muzzle_length": 0.6}
    elif breed == "scottish fold":
        traits |= {"ears": "folded", "wide": u(1.04, 1.14), "jaw": 0.98, "eye": u(0.25, 0.28)}
        traits |= {"slant": u(0.02, 0.15)}
    return Face(
        breed=breed,
        **traits,
        ears_2=traits["ears"],
        iris=jitter(pick(rng, IRISES), rng),
        nose=pick(rng, NOSES),
        whiskers=u() < ramp(difficulty, 1, 0.88, 0.5),
        tongue=u() < 0.1,
        ears_of=0,
        eyes_of=0,
        muzzle_of=0,
        head_of=0,
    )


def head_outline(face: Face) -> np.ndarray:
    """Return the outline of the head: round, widest below the eyes."""
    w, chin = face.wide, face.chin
    half = [(0, -0.82), (0.45, -0.8), (0.85 * w, -0.42), (1.02 * w, 0.12), (face.jaw * w, 0.56)]
    return outline(mirrored([*half, (0.45, chin - 0.06), (0, chin)]))


def draw_cheeks(pen: Pen, coat: Coat, face: Face) -> None:
    """Draw pointed tufts at both sides, for the breeds with long fur."""
    if face.breed not in ("persian", "maine coon"):
        return
    w = face.wide
    for s in (-1, 1):
        for y, reach in ((0.2, 1.22), (0.45, 1.16), (0.68, 0.96)):
            tuft = [(s * 0.7 * w, y - 0.22), (s * reach * w, y + 0.12), (s * 0.6 * w, y + 0.16)]
            pen.shape(scaled(np.array(tuft), 1.12), coat.edge)
            pen.of(None).shape(tuft, coat.base)


def draw_ears(pen: Pen, coat: Coat, face: Face, rng: Rng, front: bool) -> None:
    """Draw upright ears behind the head or, with `front`, folded ones in front of it."""
    if front != (face.ears == "folded"):
        return
    pen, ink = pen.of("ears"), pen.of(None)
    if front:
        _folded_ears(pen, coat, face)
        return
    height, splay = 1.42 * face.ear_length, 0.75 * face.ear_spread
    pink = mix(PINK, coat.ears, rng.uniform(0.1, 0.5))
    for s in (-1, 1):
        x, y = s * splay + rng.normal(0, 0.03), -height + rng.normal(0, 0.04)
        blunt = [(x - s * 0.06, y + 0.03), (x + s * 0.07, y + 0.07)]
        tip = blunt if face.ears == "rounded" else [(x, y)]
        inner = curve([(s * 0.14, -0.72), (x * 0.6, y * 0.82), tip[0]])
        outer = curve([tip[-1], (x + s * 0.16, y * 0.62), (s * 0.97, -0.2)])
        ear = np.concatenate([inner, outer])
        if face.ears == "tufted":
            for dx in (0.02, 0.1):
                lock = [(x * 0.97, y + 0.12), (x + s * dx, y - 0.26)]
                pen.stroke(lock, 0.1, coat.edge, tips=1)
        pen.shape(scaled(ear, 1.1), coat.edge)
        ink.shape(ear, coat.ears)
        ink.shape(scaled(ear, 0.62, down=0.1), pink)
        for dx in (0.1, 0.22) if coat.fluff > 0.05 or face.ears == "tufted" else ():
            hair = [(s * 0.3, -0.6), (s * (0.3 + dx), -0.98)]
            ink.stroke(hair, 0.07, mix(coat.muzzle, LIGHT, 0.3), tips=1)


def _folded_ears(pen: Pen, coat: Coat, face: Face) -> None:
    for s in (-1, 1):
        x = s * face.ear_spread
        left, right = [(0.34 * x, -0.86), (0.62 * x, -1.04)], [(0.8 * x, -0.5), (0.58 * x, -0.6)]
        ear = np.array([*left, (0.88 * x, -0.8), *right])
        pen.shape(scaled(ear, 1.14), coat.edge)
        pen.of(None).shape(ear, mix(coat.ears, DARK, 0.1))


def draw_muzzle(pen: Pen, coat: Coat, pose: Pose, face: Face, rng: Rng) -> None:
    """Draw two small pads, a small nose, a curved mouth, often whiskers."""
    ink, pen = pen.of(None), pen.of("muzzle")
    line, droop = mix(coat.muzzle, DARK, 0.7), rng.normal(0, 0.12)
    w = face.muzzle_width
    up = 0.1 if face.muzzle == "flat" else 0.0  # nose and mouth sit higher
    pads = 0.24 if face.muzzle == "boxy" else 0.2
    pen.oval(0, 0.66 - up, 0.19 * w, 0.14, mix(coat.muzzle, DARK, 0.05))
    for s in (-1, 1):
        pen.oval(s * 0.19 * w, 0.48 - up, 0.26 * w, pads, coat.muzzle)
    ink.stroke([(0, 0.34 - up), (0, 0.5 - up)], 0.04, line)
    smile = 0.03 if pose.lids == "happy" else 0.0
    mouth = [(-0.27, 0.52 - smile), (-0.14, 0.61), (0, 0.5), (0.14, 0.61), (0.27, 0.52 - smile)]
    pen.stroke([(x * w, y - up) for x, y in mouth], 0.045, line)
    if face.tongue:
        tip = [(0.08, 0.7 - up), (-0.08, 0.7 - up)]
        pen.shape(outline([(-0.08, 0.57 - up), (0.08, 0.57 - up), *tip]), TONGUE)
    nose = [(-0.13, 0.24), (0, 0.22), (0.13, 0.24), (0.05, 0.34), (0, 0.37), (-0.05, 0.34)]
    pen.shape(outline([(x * w, y - up) for x, y in nose]), face.nose)
    ink.oval(-0.04, 0.265 - up, 0.04, 0.02, mix(face.nose, LIGHT, 0.5))
    pale = lightness(coat.base) < 0.55
    hair = mix(LIGHT, coat.base, 0.15) if pale else mix(coat.base, DARK, 0.6)
    for s in (-1, 1) if face.whiskers else ():
        for i in (-1, 0, 1):
            y = 0.46 + 0.07 * i - up
            end = (s * 1.32, y + 0.17 * i + droop)
            bend = [(s * 0.28, y), (s * 0.75, y + 0.05 * i + droop * 0.3), end]
            ink.stroke(bend, 0.05, hair, tips=1)
