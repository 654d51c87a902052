"""Scenes indoors: a sofa, a room, a shelf, a photographer's studio.

Lengths are fractions of the image, x to the right, y down. `busy` scales how many small things
there are.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from catdog_lib.sketches.canvas import Canvas, Pen, gradient
from catdog_lib.sketches.colours import (
    CLOTHS,
    DARK,
    LIGHT,
    SKIES,
    WALLS,
    WOODS,
    Colour,
    jitter,
    mix,
)
from catdog_lib.sketches.outlines import curve, outline
from catdog_lib.sketches.sampling import Rng, pick


def _studio(size: int, rng: Rng, busy: float) -> Image.Image:
    wall = pick(rng, WALLS + CLOTHS)
    other = pick(rng, WALLS)
    return gradient(size, [jitter(mix(wall, other, rng.uniform(0, 0.5)), rng) for _ in range(4)])


def _sofa(size: int, rng: Rng, busy: float) -> Image.Image:
    wall, cloth = jitter(pick(rng, WALLS), rng), jitter(pick(rng, CLOTHS), rng)
    back, seat = rng.uniform(0.18, 0.5), rng.uniform(0.66, 0.8)
    image = gradient(size, [wall, mix(wall, DARK, 0.12), wall, mix(wall, DARK, 0.2)])
    pen = Pen(Canvas(image))
    sides = [(1.15, 0.6), (1.1, 1.2), (-0.1, 1.2)]
    pen.shape(outline([(-0.1, back), (0.5, back - 0.03), (1.1, back), *sides]), cloth)
    seam = rng.uniform(0.2, 0.8)
    pen.stroke([(seam, back), (seam + 0.01, 0.8)], 0.012, mix(cloth, DARK, 0.35))
    pen.rectangle(-0.1, seat, 1.1, 1.1, mix(cloth, LIGHT, 0.14))
    pen.stroke([(-0.1, seat), (0.5, seat + 0.01), (1.1, seat)], 0.014, mix(cloth, DARK, 0.4))
    if rng.random() < 0.6 * busy:
        colour, x, r = pick(rng, CLOTHS), rng.uniform(0.05, 0.95), rng.uniform(0.13, 0.2)
        cushion = pen.at(x, seat - 0.1, r, rng.normal(0, 0.3))
        corners = [(-1, -1), (0, -0.8), (1, -1), (0.8, 0), (1, 1), (0, 0.8), (-1, 1), (-0.8, 0)]
        cushion.shape(outline(corners), colour)
        cushion.oval(0, 0, 0.12, 0.12, mix(colour, DARK, 0.3))
    return image


def _room(size: int, rng: Rng, busy: float) -> Image.Image:
    wall, floor = jitter(pick(rng, WALLS), rng), jitter(pick(rng, WOODS + CLOTHS), rng)
    image = gradient(size, [wall, wall, mix(wall, DARK, 0.15), mix(wall, DARK, 0.1)])
    pen, edge = Pen(Canvas(image)), rng.uniform(0.58, 0.8)
    paper, paint = pick(rng, ("stripes", "dots", "plain")), pick(rng, (LIGHT, DARK))
    step, tint = rng.uniform(0.12, 0.2), mix(wall, paint, 0.14 * min(1, busy))
    for x in np.arange(rng.uniform(0, step), 1, step) if paper != "plain" else ():
        if paper == "stripes":
            pen.rectangle(x, 0, x + step / 2, 1, tint)
        else:
            for y in np.arange(0.04, edge, step * 1.3):
                pen.oval(x, y, 0.025, 0.025, tint)
    if rng.random() < 0.5 * busy:  # a picture on the wall, or a window
        x, y = rng.uniform(0, 0.8), rng.uniform(0, 0.2)
        w, h = rng.uniform(0.16, 0.4), rng.uniform(0.2, 0.34)
        view = jitter(pick(rng, SKIES + CLOTHS), rng)
        for g, colour in ((0.03, mix(floor, LIGHT, 0.3)), (0.0, view)):
            pen.rectangle(x - g, y - g, x + w + g, y + h + g, colour)
        hills = [
            (x, y + h),
            (x + w * 0.3, y + h * 0.6),
            (x + w * 0.6, y + h * 0.75),
            (x + w, y + h),
        ]
        pen.shape(curve(hills), mix(view, DARK, 0.2))
    pen.rectangle(0, edge, 1.1, 1.1, floor)
    pen.rectangle(0, edge - 0.025, 1.1, edge, mix(wall, LIGHT, 0.5))
    return image


def _shelf(size: int, rng: Rng, busy: float) -> Image.Image:
    wall, wood = jitter(pick(rng, WALLS), rng), jitter(pick(rng, WOODS), rng)
    floor = jitter(pick(rng, WOODS + CLOTHS), rng)
    image = gradient(size, [wall, wall, mix(wall, DARK, 0.2), mix(wall, DARK, 0.15)])
    pen, edge = Pen(Canvas(image)), rng.uniform(0.68, 0.8)
    for board in (rng.uniform(0.22, 0.3), rng.uniform(0.5, 0.58)):
        x = rng.uniform(-0.05, 0.1)
        while x < 1:
            width, height = rng.uniform(0.03, 0.09), rng.uniform(0.1, 0.2)
            colour, kind = jitter(pick(rng, CLOTHS), rng), rng.random()
            if kind < 0.12:  # a vase
                _vase(pen.at(x + 0.06, board, height), colour)
                width = 0.13
            elif kind < 0.3 + 0.25 * busy:
                pen.rectangle(x, board - height, x + width, board, colour)
                low = board - height * 0.75
                pen.rectangle(x, low, x + width, low + 0.02, mix(colour, LIGHT, 0.4))
            x += width + 0.004
        pen.rectangle(-0.1, board, 1.1, board + 0.03, wood)
        pen.rectangle(-0.1, board + 0.03, 1.1, board + 0.05, mix(wall, DARK, 0.3))
    pen.rectangle(-0.1, edge, 1.1, 1.1, floor)
    return image


def _vase(pen: Pen, colour: Colour) -> None:
    half = [(0, -1), (0.14, -0.96), (0.1, -0.75), (0.3, -0.4), (0.2, 0), (0, 0)]
    pen.shape(outline([*half, *[(-x, y) for x, y in half[-2:0:-1]]]), colour)


INDOORS = {"sofa": _sofa, "room": _room, "shelf": _shelf, "studio": _studio}
