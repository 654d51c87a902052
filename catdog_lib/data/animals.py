"""What tells drawn cats from dogs: ears, head, eyes, muzzle, whiskers, tongue and tail.

Coordinates are the head's: its radius is about 1, its centre (0, 0), x to the right, y down.
"""

from __future__ import annotations

import numpy as np

from catdog_lib.data.body import PINK, Coat, Pose, furry, sitting
from catdog_lib.data.drawing import (
    DARK,
    LIGHT,
    Colour,
    Pen,
    Rng,
    curve,
    grown,
    jitter,
    lightness,
    mirrored,
    mix,
    outline,
    pick,
)

CAT_EYES: tuple[Colour, ...] = (
    (158, 190, 84), (226, 190, 76), (120, 176, 196), (206, 146, 66), (110, 160, 110), (150, 104, 60),
)  # fmt: skip
DOG_EYES: tuple[Colour, ...] = (
    (112, 70, 42),
    (86, 56, 40),
    (150, 104, 60),
    (200, 150, 72),
    (126, 176, 198),
)
CAT_NOSES: tuple[Colour, ...] = (PINK, PINK, (150, 100, 98), (70, 54, 56))
DOG_NOSES: tuple[Colour, ...] = (
    (40, 34, 38),
    (40, 34, 38),
    (62, 48, 46),
    (122, 78, 70),
    (186, 124, 120),
)
TONGUE: Colour = (226, 112, 122)
# A cat's eye; a dog's ears (the right one of each kind).
ALMOND = ((-1.1, 0.05), (-0.5, -0.8), (0.1, -1), (0.75, -0.7), (1.12, 0), (0.5, 0.75), (-0.4, 0.85))
EARS = {
    "hanging": (
        (0.5, -0.78), (0.85, -0.76), (1.2, -0.35), (1.22, 0.5), (1.02, 0.68), (0.86, 0.35), (0.78, -0.2),
    ),
    "folded": (
        (0.32, -0.8), (0.62, -1.13), (0.95, -1.05), (1.22, -0.62), (1.2, -0.36), (0.98, -0.45), (0.7, -0.62),
    ),
    "pricked": (
        (0.2, -0.7), (0.4, -1.12), (0.6, -1.42), (0.76, -1.42), (0.96, -1.05), (1, -0.6), (0.9, -0.2),
        (0.5, -0.4),
    ),
}  # fmt: skip


def _closed(eye: Pen, pose: Pose, side: int, coat: Coat) -> bool:
    """Draw the eye closed, smiling, if the pose asks for it on this side (-1 left, 1 right); tell whether."""
    closed = pose.lids == "happy" or (pose.lids == "wink" and side == 1)
    if closed:
        eye.stroke(
            [(-0.95, 0.3), (-0.5, -0.25), (0, -0.4), (0.5, -0.25), (0.95, 0.3)], 0.28, coat.ink
        )
    return closed


def _half_lid(eye: Pen, height: float, coat: Coat) -> None:
    lid = [
        (-1.3, 0),
        (-1, -1.2 * height),
        (0, -1.5 * height),
        (1, -1.2 * height),
        (1.3, 0),
        (0, -0.1),
    ]
    eye.shape(outline(lid), mix(coat.base, DARK, 0.15))


# ------------------------------------------------------------------------------------------------ cat


def cat_body(pen: Pen, coat: Coat, pose: Pose, rng: Rng) -> None:
    """A slim body with a long curled tail."""
    tail = [(0.7, 2.6), (1.35, 2.5), (1.6, 1.9), (1.35, 1.4), (1.55, 1.0)]
    sitting(pen, coat, rng, rng.uniform(0.85, 1.05), tail if pose.tail else None, 0.2)


def cat_head(pen: Pen, coat: Coat, pose: Pose, rng: Rng) -> None:
    """Upright pointed ears, round cheeks, almond eyes with slits, a short muzzle, a small nose, whiskers."""
    wide, chin = rng.uniform(0.92, 1.12), rng.uniform(0.8, 0.92)
    _cat_ears(pen.at(-0.06 * pose.turn, 0), coat, rng)
    half = [
        (0, -0.82),
        (0.45, -0.8),
        (0.85 * wide, -0.42),
        (1.02 * wide, 0.12),
        (0.86 * wide, 0.56),
    ]
    face = pen.at(0.14 * pose.turn, 0.07 * pose.nod)
    furry(pen, outline(mirrored([*half, (0.45, chin - 0.06), (0, chin)])), coat, rng, marks=face)
    _cat_eyes(face, coat, pose, rng)
    _cat_muzzle(face.at(0.05 * pose.turn, 0.02 * pose.nod), coat, rng)


def _cat_ears(pen: Pen, coat: Coat, rng: Rng) -> None:
    height, splay = rng.uniform(1.25, 1.62), rng.uniform(0.6, 0.92)
    pink = mix(PINK, coat.ears, rng.uniform(0.1, 0.5))
    for s in (-1, 1):
        x, y = s * splay + rng.normal(0, 0.03), -height + rng.normal(0, 0.04)
        inner = curve([(s * 0.14, -0.72), (x * 0.6, y * 0.82), (x, y)])
        outer = curve([(x, y), (x + s * 0.16, y * 0.62), (s * 0.97, -0.2)])
        ear = np.concatenate([inner, outer])
        pen.shape(grown(ear, 1.1), coat.edge)
        pen.shape(ear, coat.ears)
        pen.shape(grown(ear, 0.62, down=0.1), pink)
        for dx in (0.1, 0.22) if coat.fluff > 0.05 else ():
            pen.stroke(
                [(s * 0.3, -0.6), (s * (0.3 + dx), -0.98)],
                0.07,
                mix(coat.muzzle, LIGHT, 0.3),
                tips=1,
            )


def _cat_eyes(pen: Pen, coat: Coat, pose: Pose, rng: Rng) -> None:
    iris, slant, slit = (
        jitter(pick(rng, CAT_EYES), rng),
        rng.uniform(0.05, 0.35),
        rng.uniform(0.16, 0.5),
    )
    size, h = rng.uniform(0.21, 0.26), rng.uniform(0.65, 0.85)
    almond = outline(ALMOND) * (1, h)
    for s in (-1, 1):
        eye = pen.at(s * 0.41, -0.04, size * (1 - 0.2 * max(0, s * pose.turn)), -s * slant)
        if _closed(eye, pose, s, coat):
            continue
        eye.shape(almond * 1.22, coat.ink)
        eye.shape(almond, iris)
        eye.shape(outline([(0, -h * 0.98), (slit, 0), (0, h * 0.95), (-slit, 0)]), DARK)
        eye.oval(-0.3, -0.35 * h, 0.2, 0.2, LIGHT)
        if pose.lids == "half":
            _half_lid(eye, h, coat)


def _cat_muzzle(pen: Pen, coat: Coat, rng: Rng) -> None:
    nose, line, droop = pick(rng, CAT_NOSES), mix(coat.muzzle, DARK, 0.7), rng.normal(0, 0.12)
    pen.oval(0, 0.66, 0.19, 0.14, mix(coat.muzzle, DARK, 0.05))
    for s in (-1, 1):
        pen.oval(s * 0.19, 0.48, 0.26, 0.2, coat.muzzle)
    pen.stroke([(0, 0.34), (0, 0.5)], 0.04, line)
    pen.stroke([(-0.27, 0.52), (-0.14, 0.61), (0, 0.5), (0.14, 0.61), (0.27, 0.52)], 0.045, line)
    if rng.random() < 0.1:
        pen.shape(outline([(-0.08, 0.57), (0.08, 0.57), (0.08, 0.7), (-0.08, 0.7)]), TONGUE)
    pen.shape(
        outline([(-0.13, 0.24), (0, 0.22), (0.13, 0.24), (0.05, 0.34), (0, 0.37), (-0.05, 0.34)]),
        nose,
    )
    hair = mix(LIGHT, coat.base, 0.15) if lightness(coat.base) < 0.55 else mix(coat.base, DARK, 0.6)
    for s in (-1, 1) if rng.random() < 0.85 else ():
        for i in (-1, 0, 1):
            y = 0.46 + 0.07 * i
            bend = [
                (s * 0.28, y),
                (s * 0.75, y + 0.05 * i + droop * 0.3),
                (s * 1.32, y + 0.17 * i + droop),
            ]
            pen.stroke(bend, 0.05, hair, tips=1)


# ------------------------------------------------------------------------------------------------ dog


def dog_body(pen: Pen, coat: Coat, pose: Pose, rng: Rng) -> None:
    """A broad body with a short raised tail."""
    tail = [(0.7, 2.4), (1.2, 2.2), (1.5, 1.75), (1.6, 1.45)]
    sitting(pen, coat, rng, rng.uniform(0.92, 1.15), tail if pose.tail else None, 0.26)


def dog_head(pen: Pen, coat: Coat, pose: Pose, rng: Rng) -> None:
    """Ears of many kinds but none pointed, round eyes, a long muzzle with a large nose, often a tongue."""
    wide, jowl = rng.uniform(0.84, 1.02), rng.uniform(0.62, 0.9)
    left = right = str(rng.choice(tuple(EARS), p=(0.45, 0.25, 0.3)))
    if left != "hanging" and rng.random() < 0.25:
        right = pick(rng, ("folded", "pricked"))
    face, ears = pen.at(0.17 * pose.turn, 0.07 * pose.nod), pen.at(-0.06 * pose.turn, 0)
    if left != "hanging":
        _dog_ears(ears, left, right, coat, rng)
    half = [(0, -0.9), (0.48, -0.84), (0.84 * wide, -0.4), (0.92 * wide, 0.1), (jowl, 0.6)]
    furry(pen, outline(mirrored([*half, (jowl * 0.6, 0.9), (0, 0.98)])), coat, rng, marks=face)
    if left == "hanging":
        _dog_ears(ears, left, right, coat, rng)
    _dog_eyes(face, coat, pose, rng)
    _dog_muzzle(face.at(0.1 * pose.turn, 0.04 * pose.nod), coat, rng)


def _dog_ears(pen: Pen, left: str, right: str, coat: Coat, rng: Rng) -> None:
    wide, tall = rng.uniform(0.92, 1.08), rng.uniform(0.7, 1.25)
    pink = mix(PINK, coat.ears, rng.uniform(0.3, 0.7))
    for s, kind in ((-1, left), (1, right)):
        stretch = tall if kind == "hanging" else 0.8 + 0.25 * tall
        # Stretched about the height at which it is fixed to the head.
        ear = outline([(s * wide * x, (y + 0.6) * stretch - 0.6) for x, y in EARS[kind]])
        pen.shape(grown(ear, 1.1), coat.edge)
        pen.shape(ear, coat.ears if kind == "pricked" else mix(coat.ears, DARK, 0.12))
        if kind == "pricked":
            pen.shape(grown(ear, 0.6, down=0.05), pink)


def _dog_eyes(pen: Pen, coat: Coat, pose: Pose, rng: Rng) -> None:
    iris, size, apart = (
        jitter(pick(rng, DOG_EYES), rng),
        rng.uniform(0.145, 0.19),
        rng.uniform(0.33, 0.42),
    )
    brows, brow = (
        rng.random() < 0.35,
        mix(coat.base, LIGHT if lightness(coat.base) < 0.6 else DARK, 0.3),
    )
    for s in (-1, 1):
        eye = pen.at(s * apart, -0.12, size * (1 - 0.15 * max(0, s * pose.turn)), -s * 0.1)
        if brows:
            eye.oval(0.1 * s, -1.75, 0.6, 0.4, brow)
        if _closed(eye, pose, s, coat):
            continue
        eye.oval(0, 0, 1.25, 1.22, coat.ink)
        eye.oval(0, 0, 1.0, 1.0, iris)
        eye.oval(0, 0.02, 0.64, 0.64, DARK)
        eye.oval(-0.3, -0.34, 0.27, 0.27, LIGHT)
        if pose.lids == "half":
            _half_lid(eye, 1.0, coat)


def _dog_muzzle(pen: Pen, coat: Coat, rng: Rng) -> None:
    nose, line = pick(rng, DOG_NOSES), mix(coat.muzzle, DARK, 0.7)
    w, low, b = rng.uniform(0.42, 0.56), rng.uniform(0.95, 1.15), rng.uniform(0.17, 0.27)
    if rng.random() < 0.45:
        x, end = rng.normal(0, 0.06), low + rng.uniform(0.15, 0.45)
        pen.oval(0, low - 0.02, w * 0.55, 0.24, mix(line, DARK, 0.6))
        tip = [(x + 0.18, end), (x, end + 0.12), (x - 0.18, end)]
        pen.shape(outline([(x - 0.17, low - 0.1), (x + 0.17, low - 0.1), *tip]), TONGUE)
        pen.stroke([(x, low), (x, end - 0.04)], 0.035, mix(TONGUE, DARK, 0.3))
    snout = outline(
        mirrored([(0, 0.05), (w * 0.55, 0.12), (w, 0.55), (w * 0.85, low - 0.1), (0, low)])
    )
    pen.shape(grown(snout, 1.05), mix(coat.muzzle, coat.edge, 0.35))
    pen.shape(snout, coat.muzzle)
    y = low - 0.2
    pen.stroke([(0, 0.45), (0, y)], 0.04, line)
    mouth = [
        (-w * 0.75, y - 0.1),
        (-w * 0.4, y + 0.07),
        (0, y),
        (w * 0.4, y + 0.07),
        (w * 0.75, y - 0.1),
    ]
    pen.stroke(mouth, 0.05, line)
    for s in (-1, 1):
        for i in (0, 1):
            pen.oval(s * (0.22 + 0.1 * i), 0.66 - 0.08 * i, 0.025, 0.025, line)
    bridge, tip = (
        [(-b, 0.27), (-b * 0.5, 0.17), (b * 0.5, 0.17), (b, 0.27)],
        [(b * 0.6, 0.46), (0, 0.53)],
    )
    pen.shape(outline([*bridge, *tip, (-b * 0.6, 0.46)]), nose)
    pen.oval(-b * 0.3, 0.25, b * 0.3, 0.04, mix(nose, LIGHT, 0.55))
    for s in (-1, 1):
        pen.oval(s * b * 0.45, 0.38, 0.05, 0.035, mix(nose, (0, 0, 0), 0.6))
