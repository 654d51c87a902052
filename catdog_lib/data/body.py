"""What drawn cats and dogs share: coat, pose, sitting body, paws, and what they wear.

Coordinates are the head's: its radius is 1, its centre (0, 0), x to the right, y down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from catdog_lib.data.drawing import (
    DARK,
    LIGHT,
    Colour,
    Pen,
    Points,
    Rng,
    fluffy,
    grown,
    jitter,
    lightness,
    mirrored,
    mix,
    outline,
    pick,
)
from catdog_lib.data.scenes import CLOTHS

FURS: tuple[Colour, ...] = (
    (56, 52, 58), (88, 86, 94), (140, 140, 148), (182, 184, 192), (242, 238, 230), (234, 212, 178),
    (224, 142, 68), (216, 172, 106), (190, 142, 98), (138, 96, 66), (98, 68, 54), (114, 126, 144),
)  # fmt: skip
PATTERNS = ("plain", "tabby", "patches", "blaze", "points", "spots")
PINK: Colour = (226, 150, 148)
GOLD: Colour = (242, 204, 90)


@dataclass(frozen=True)
class Coat:
    """The look of the fur. Its distribution is the same for cats and dogs."""

    pattern: str  # one of PATTERNS
    base: Colour
    second: Colour  # of stripes, patches, spots, ...
    ears: Colour
    muzzle: Colour
    fluff: float  # length of the tufts at the edge, as a fraction of the radius

    @classmethod
    def sample(cls, rng: Rng) -> Coat:
        """A coat with colours that stand apart from each other."""
        pattern = pick(rng, PATTERNS)
        base, second = (jitter(pick(rng, FURS), rng, 7) for _ in range(2))
        dark = mix(base, DARK, rng.uniform(0.35, 0.6))
        shade, pale = rng.uniform(0, 0.35), rng.uniform(0.25, 0.75)
        if abs(lightness(second) - lightness(base)) < 0.2:
            second = LIGHT if lightness(base) < 0.6 else dark
        fixed = {"tabby": dark, "points": mix(dark, DARK, 0.3), "blaze": mix(LIGHT, base, 0.08)}
        second = fixed.get(pattern, second)
        return cls(
            pattern,
            base,
            second,
            ears=second if pattern in ("points", "patches") else mix(base, DARK, shade),
            muzzle=second if pattern in ("points", "blaze") else mix(base, LIGHT, pale),
            fluff=pick(rng, (0.0, 0.0, 0.03, 0.06, 0.1)),
        )

    @property
    def edge(self) -> Colour:
        """The colour of outlines."""
        return mix(self.base, DARK, 0.62)

    @property
    def ink(self) -> Colour:
        """A colour for fine lines that can be seen on the base colour."""
        return (
            mix(self.base, DARK, 0.75)
            if lightness(self.base) > 0.35
            else mix(self.base, LIGHT, 0.5)
        )


@dataclass(frozen=True)
class Pose:
    """Where the animal is and how it looks out. Its distribution is the same for cats and dogs."""

    x: float  # centre of the head, in pictures
    y: float
    unit: float  # radius of the head, in pictures
    tilt: float  # of the head, radians
    turn: float  # to the side, -1 to 1
    nod: float  # down, -1 to 1
    flip: bool
    tail: bool  # seen or not
    lids: str  # "open", "half", "happy" (both closed) or "wink"

    @classmethod
    def sample(cls, rng: Rng) -> Pose:
        """A pose with most of the head inside the picture."""
        unit = rng.uniform(0.16, 0.3)
        return cls(
            x=float(np.clip(rng.normal(0.5, 0.09), 0.25, 0.75)),
            y=rng.uniform(1.4, 1.75) * unit + rng.uniform(-0.02, 0.14),
            unit=unit,
            tilt=float(np.clip(rng.normal(0, 0.17), -0.45, 0.45)),
            turn=rng.uniform(-1, 1),
            nod=rng.uniform(-1, 1),
            flip=rng.random() < 0.5,
            tail=rng.random() < 0.7,
            lids=str(rng.choice(("open", "half", "happy", "wink"), p=(0.76, 0.1, 0.08, 0.06))),
        )


def furry(pen: Pen, contour: np.ndarray, coat: Coat, rng: Rng, marks: Pen) -> None:
    """A furry shape: tufted edge, soft shading, the coat's markings (drawn with `marks`), a few hairs."""
    contour = fluffy(contour, coat.fluff, rng)
    (left, top), (right, low) = contour.min(axis=0), contour.max(axis=0)
    tall = low - top
    pen.shape(grown(contour, 1.035), coat.edge)
    with pen.inside(contour):
        pen.shape(contour, coat.base)
        for i in range(3):
            y = top + (1.24 + 0.12 * i) * tall
            pen.oval(0, y, right * 1.5, 0.62 * tall, mix(coat.base, DARK, 0.05 * (i + 1)))
        pen.oval(-0.25, top + 0.35, 0.55, 0.32, mix(coat.base, LIGHT, 0.06))
        _markings(marks, coat, rng)
        for x, y, light in rng.uniform(0, 1, (10, 3)):
            x, y = left + x * (right - left), top + y * tall
            hair = mix(coat.base, LIGHT if light > 0.5 else DARK, 0.2)
            pen.shape([(x - 0.02, y), (x * 1.04, y + 0.14), (x + 0.02, y)], hair)


def _markings(pen: Pen, coat: Coat, rng: Rng) -> None:
    colour = coat.second
    if coat.pattern == "tabby":
        for x in (-0.32, 0.0, 0.32):
            pen.stroke([(x * 1.3, -1.0), (x, -0.72), (x * 0.6, -0.42)], 0.17, colour, tips=2)
        for y in (0.05, 0.3, 0.55):
            for s in (-1, 1):
                pen.stroke(
                    [(s * 1.1, y - 0.05), (s * 0.85, y), (s * 0.6, y + 0.07)], 0.14, colour, tips=2
                )
    elif coat.pattern == "patches":
        for _ in range(2):
            middle = rng.uniform((0.2, -0.8), (0.8, 0.3)) * (pick(rng, (-1, 1)), 1)
            radii, angles = rng.uniform(0.3, 0.6, (6, 1)), np.arange(6) * np.pi / 3
            pen.shape(
                outline(middle + radii * np.stack([np.cos(angles), np.sin(angles)], axis=1)), colour
            )
    elif coat.pattern == "blaze":
        w = rng.uniform(0.1, 0.22)
        half = [(0, -0.95), (w * 0.6, -0.7), (w, -0.2), (0.5, 0.3), (0.75, 0.8), (0, 1.2)]
        pen.shape(outline(mirrored(half)), colour)
    elif coat.pattern == "points":
        half = [(0, -0.45), (0.3, -0.3), (0.5, 0.1), (0.55, 0.6), (0, 0.95)]
        pen.shape(outline(mirrored(half)), mix(colour, coat.base, 0.25))
    elif coat.pattern == "spots":
        for x, y, r in rng.uniform((-1, -1, 0.05), (1, 1, 0.13), (14, 3)):
            pen.oval(x, y, r, r, colour)


def sitting(
    pen: Pen, coat: Coat, rng: Rng, broad: float, tail: Points | None, tail_width: float
) -> None:
    """The body under the head: tail, chest, bib, two front legs."""
    if tail is not None:
        pen.stroke(tail, tail_width + 0.08, coat.edge)
        pen.stroke(tail, tail_width, mix(coat.base, coat.second, 0.25))
    half = [
        (0, 0.3),
        (0.55, 0.6),
        (0.8 * broad, 1.3),
        (1.08 * broad, 2.1),
        (0.98 * broad, 2.75),
        (0, 2.85),
    ]
    furry(
        pen,
        outline(mirrored(half)),
        coat,
        rng,
        marks=pen.at(0, 1.6, 1.2, pick(rng, (0.0, 1.57, 3.14))),
    )
    bib = outline(mirrored([(0, 0.8), (0.4, 1.0), (0.34, 1.5), (0, 1.75)]))
    pen.shape(fluffy(bib, coat.fluff + 0.04, rng), coat.muzzle)
    leg = mix(coat.base, LIGHT, 0.07)
    for s in (-1, 1):
        bones = [(s * 0.36, 1.5), (s * 0.34, 2.7)]
        pen.stroke(bones, 0.5, coat.edge)
        pen.stroke(bones, 0.44, leg)
        paw(pen, s * 0.36, 2.72, coat)


def paw(pen: Pen, x: float, y: float, coat: Coat) -> None:
    """A paw with three toes."""
    colour = coat.second if coat.pattern in ("points", "blaze") else mix(coat.base, LIGHT, 0.25)
    pen.oval(x, y, 0.31, 0.22, coat.edge)
    pen.oval(x, y, 0.28, 0.19, colour)
    for dx in (-0.09, 0.09):
        pen.oval(x + dx, y + 0.08, 0.018, 0.08, coat.edge)


def neckwear(pen: Pen, rng: Rng) -> None:
    """Nothing, a collar with a tag, a bandana, or a bow tie."""
    kind = rng.choice(("none", "collar", "bandana", "bow"), p=(0.5, 0.3, 0.12, 0.08))
    colour = pick(rng, CLOTHS)
    if kind in ("collar", "bandana"):
        pen.stroke([(-0.66, 0.8), (0, 1.16), (0.66, 0.8)], 0.17, colour)
    if kind == "collar":
        pen.oval(0, 1.26, 0.13, 0.13, DARK)
        pen.oval(0, 1.26, 0.11, 0.11, GOLD)
    elif kind == "bandana":
        pen.shape(outline([(-0.6, 0.85), (0.6, 0.85), (0.05, 1.7)]), colour)
        for x, y in ((-0.2, 1.15), (0.2, 1.15), (0.0, 1.4)):
            pen.oval(x, y, 0.05, 0.05, LIGHT)
    elif kind == "bow":
        for s in (-1, 1):
            pen.shape(outline([(0, 1.12), (s * 0.42, 0.9), (s * 0.42, 1.36)]), colour)
        pen.oval(0, 1.13, 0.11, 0.11, mix(colour, DARK, 0.3))
