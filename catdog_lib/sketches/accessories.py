"""What the animal wears: collar, scarf, glasses, hat. None of it depends on the class.

Coordinates are the head's: its radius is 1, its centre (0, 0), x to the right, y down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from catdog_lib.sketches.canvas import Pen
from catdog_lib.sketches.colours import CLOTHS, DARK, LIGHT, Colour, jitter, mix
from catdog_lib.sketches.outlines import outline
from catdog_lib.sketches.sampling import Rng, pick, pick_weighted, ramp

GOLD: Colour = (242, 204, 90)


@dataclass(frozen=True)
class Accessories:
    """What the animal wears. The distribution is the same for cats and dogs."""

    neck: str  # none, collar, bandana, bow, scarf (over mouth and nose)
    head: str  # none, flower, party hat, woolly hat (ears that stand up are under it)
    eyes: str  # none, glasses, sunglasses

    @classmethod
    def sample(cls, rng: Rng, difficulty: float) -> Accessories:
        """Sample what the animal wears, at a difficulty from 0 to 1.

        At difficulty 0 that is a collar, bandana or bow at most; scarf, hat and sunglasses
        hide features.
        """
        d = difficulty
        scarf, hat, dark = ramp(d, 0, 0.03, 0.12), ramp(d, 0, 0.03, 0.12), ramp(d, 0, 0.025, 0.12)
        merry = 0.03 * min(1, 2 * d)
        return cls(
            pick_weighted(
                rng, {"none": 0.5, "collar": 0.28, "bandana": 0.1, "bow": 0.07, "scarf": scarf}
            ),
            pick_weighted(
                rng, {"none": 0.9, "flower": merry, "party hat": merry, "woolly hat": hat}
            ),
            pick_weighted(rng, {"none": 0.9, "glasses": merry, "sunglasses": dark}),
        )


def draw_neckwear(pen: Pen, kind: str, rng: Rng) -> None:
    """Draw collar, bandana or bow; call it before the head is drawn."""
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


def draw_headwear(pen: Pen, accessories: Accessories, rng: Rng) -> None:
    """Draw scarf, glasses and hats; call it after the head is drawn."""
    colour, other = (jitter(pick(rng, CLOTHS), rng) for _ in range(2))
    if accessories.neck == "scarf":
        _scarf(pen, colour, mix(other, LIGHT, 0.3))
    if accessories.eyes != "none":
        _glasses(pen, accessories.eyes == "sunglasses", mix(colour, DARK, 0.6))
    if accessories.head == "woolly hat":
        _woolly_hat(pen, colour, other)
    elif accessories.head == "party hat":
        pen.shape([(-0.36, -0.78), (0.02, -1.75), (0.36, -0.78)], colour)
        for x, y in ((-0.1, -0.95), (0.14, -1.0), (0.02, -1.3)):
            pen.oval(x, y, 0.07, 0.07, mix(other, LIGHT, 0.4))
        pen.oval(0.02, -1.75, 0.13, 0.13, GOLD)
    elif accessories.head == "flower":
        for turn in np.arange(5) * 2 * np.pi / 5:
            pen.oval(-0.5 + 0.16 * np.cos(turn), -0.74 + 0.16 * np.sin(turn), 0.14, 0.14, colour)
        pen.oval(-0.5, -0.74, 0.1, 0.1, GOLD)


def _scarf(pen: Pen, colour: Colour, stripe: Colour) -> None:
    band = [(-1.05, 0.42), (-0.5, 0.3), (0, 0.2), (0.5, 0.3), (1.05, 0.42)]
    low = [(0.95, 1.1), (0.4, 1.32), (-0.4, 1.32), (-0.95, 1.1)]
    pen.shape(outline([*band, *low]), colour)
    for y in (0.62, 0.94):
        pen.stroke([(-0.98, y), (0, y - 0.12), (0.98, y)], 0.09, stripe)
    pen.shape([(0.4, 1.1), (0.75, 1.05), (0.85, 1.9), (0.5, 1.95)], mix(colour, DARK, 0.15))


def _glasses(pen: Pen, dark: bool, frame: Colour) -> None:
    rims = pen.of(None)  # eyes show through
    for s in (-1, 1):
        if dark:
            lens = [(s * 0.08, -0.3), (s * 0.72, -0.34), (s * 0.7, 0.1), (s * 0.4, 0.22)]
            pen.shape(outline([*lens, (s * 0.12, 0.08)]), mix(frame, DARK, 0.5))
            pen.stroke([(s * 0.4 - 0.16, -0.08), (s * 0.4 + 0.02, -0.2)], 0.07, LIGHT, tips=2)
        else:
            turn = np.linspace(0, 2 * np.pi, 13)
            ring = np.stack([np.cos(turn), np.sin(turn)], axis=1) * 0.31 + np.array(
                (s * 0.38, -0.08)
            )
            rims.stroke(ring, 0.06, frame)
    rims.stroke([(-0.12, -0.12), (0, -0.17), (0.12, -0.12)], 0.07, frame)


def _woolly_hat(pen: Pen, colour: Colour, other: Colour) -> None:
    dome = [(-1.0, -0.36), (-0.94, -0.95), (-0.5, -1.4), (0, -1.5), (0.5, -1.4), (0.94, -0.95)]
    pen.shape(outline([*dome, (1.0, -0.36), (0, -0.52)]), colour)
    for x in (-0.5, 0, 0.5):
        rib = [(x, -0.6), (x * 0.85, -1.0), (x * 0.4, -1.42)]
        pen.stroke(rib, 0.05, mix(colour, DARK, 0.2), tips=2)
    pen.stroke([(-1.0, -0.5), (0, -0.66), (1.0, -0.5)], 0.32, mix(other, LIGHT, 0.25))
    pen.oval(0, -1.58, 0.24, 0.24, mix(other, LIGHT, 0.4))
