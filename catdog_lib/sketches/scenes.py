"""Scenes to draw an animal in: four outdoors, four indoors. All have their ground at the lower
edge.

Lengths are fractions of the image, x to the right, y down. `busy` scales how many small things
there are.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from catdog_lib.sketches.canvas import (
    DARK,
    LIGHT,
    Canvas,
    Colour,
    Pen,
    Rng,
    curve,
    gradient,
    jitter,
    mix,
    outline,
    pick,
)

WALLS: tuple[Colour, ...] = (
    (236, 214, 190), (196, 216, 222), (218, 198, 214), (206, 218, 184), (240, 224, 170), (168, 178, 196),
    (226, 168, 150), (120, 150, 160), (94, 104, 128), (150, 112, 104), (70, 84, 84), (244, 240, 232),
)  # fmt: skip
CLOTHS: tuple[Colour, ...] = (
    (186, 74, 70), (64, 118, 140), (92, 128, 92), (214, 152, 74), (128, 96, 142), (70, 76, 96),
    (206, 190, 170), (226, 130, 142), (54, 140, 130), (240, 200, 96),
)  # fmt: skip
WOODS: tuple[Colour, ...] = ((170, 128, 92), (206, 178, 140), (116, 82, 62))
GREENS: tuple[Colour, ...] = (
    (112, 158, 82),
    (140, 176, 92),
    (88, 132, 84),
    (168, 178, 96),
    (96, 150, 110),
)
SKIES: tuple[Colour, ...] = (
    (160, 206, 236),
    (196, 222, 240),
    (250, 206, 168),
    (150, 170, 212),
    (60, 72, 116),
)
SANDS: tuple[Colour, ...] = ((236, 214, 168), (222, 196, 150), (206, 190, 164))


def scene(kind: str, size: int, rng: Rng, busy: float) -> Image.Image:
    """A background of one of the kinds in OUTDOORS or INDOORS, `size` pixels wide."""
    return (OUTDOORS | INDOORS)[kind](size, rng, busy)


def _block(pen: Pen, left: float, top: float, right: float, low: float, colour: Colour) -> None:
    pen.shape([(left, top), (right, top), (right, low), (left, low)], colour)


def _studio(size: int, rng: Rng, busy: float) -> Image.Image:
    wall = pick(rng, WALLS + CLOTHS)
    other = pick(rng, WALLS)
    return gradient(size, [jitter(mix(wall, other, rng.uniform(0, 0.5)), rng) for _ in range(4)])


def _garden(size: int, rng: Rng, busy: float) -> Image.Image:
    sky, green = jitter(pick(rng, SKIES), rng), jitter(pick(rng, GREENS), rng)
    horizon = rng.uniform(0.3, 0.7)
    image = gradient(size, [sky, sky, mix(sky, LIGHT, 0.5), mix(sky, LIGHT, 0.4)])
    pen = Pen(Canvas(image))
    for _ in range(round(rng.integers(0, 4) * busy)):
        _cloud(pen, rng.uniform(0, 1), rng.uniform(0, horizon), rng.uniform(0.05, 0.12), sky)
    hills = [(x, horizon - rng.uniform(0, 0.14)) for x in (-0.1, 0.2, 0.5, 0.8, 1.1)]
    pen.shape([*curve(hills), (1.1, 1.1), (-0.1, 1.1)], mix(green, sky, 0.45))
    lawn = curve([(-0.1, horizon + 0.05), (0.5, horizon), (1.1, horizon + 0.06)])
    pen.shape([*lawn, (1.1, 1.1), (-0.1, 1.1)], green)
    _grass(pen, green, round(rng.integers(6, 18) * busy), horizon + 0.08, rng)
    petals = pick(rng, CLOTHS)
    for _ in range(round(rng.integers(0, 8) * busy)):
        x, y = rng.uniform(0, 1), rng.uniform(horizon + 0.06, 1)
        pen.oval(x, y, 0.02, 0.02, petals)
        pen.oval(x, y, 0.008, 0.008, (250, 220, 110))
    return image


def _cloud(pen: Pen, x: float, y: float, r: float, sky: Colour) -> None:
    for dx in (-1, 0, 1):
        pen.oval(x + dx * r, y, r * (1.3 - abs(dx) * 0.4), r * 0.6, mix(sky, LIGHT, 0.7))


def _grass(pen: Pen, green: Colour, blades: int, top: float, rng: Rng) -> None:
    for x, y, height, bend, shade in rng.uniform(0, 1, (blades, 5)):
        y = top + (1.05 - top) * y
        tip = (x + 0.06 * (bend - 0.5), y - 0.04 - 0.07 * height)
        pen.shape([(x - 0.009, y), tip, (x + 0.009, y)], mix(green, DARK, 0.5 * shade - 0.2))


def _bokeh(size: int, rng: Rng, busy: float) -> Image.Image:
    a, b = pick(rng, GREENS + SKIES), pick(rng, GREENS + CLOTHS)
    image = gradient(size, [jitter(mix(a, b, t), rng) for t in (0, 0.2, 0.8, 1)])
    pen = Pen(Canvas(image))
    for _ in range(round(rng.integers(8, 20) * busy)):
        x, y, r = rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.03, 0.11)
        light = pick(rng, (LIGHT, b, a, DARK))
        pen.oval(x, y, r, r, mix(mix(a, b, y), light, rng.uniform(0.1, 0.4)))
    return image


def _beach(size: int, rng: Rng, busy: float) -> Image.Image:
    sky, sand = jitter(pick(rng, SKIES), rng), jitter(pick(rng, SANDS), rng)
    sea = mix(jitter((70, 150, 170), rng), sky, 0.25)
    horizon, shore = rng.uniform(0.25, 0.45), rng.uniform(0.52, 0.74)
    image = gradient(size, [sky, sky, mix(sky, LIGHT, 0.6), mix(sky, LIGHT, 0.6)])
    pen = Pen(Canvas(image))
    if rng.random() < 0.5:
        sun, r = rng.uniform(0.1, 0.9), rng.uniform(0.06, 0.12)
        pen.oval(sun, horizon - rng.uniform(-0.02, 0.2), r, r, mix((252, 226, 150), sky, 0.15))
    _block(pen, -0.1, horizon, 1.1, 1.1, sea)
    for _ in range(round(rng.integers(2, 6) * busy)):
        x, y = rng.uniform(0, 1), rng.uniform(horizon + 0.02, shore)
        wave = [(x - 0.1, y), (x, y - 0.012), (x + 0.1, y)]
        pen.stroke(wave, 0.016, mix(sea, LIGHT, 0.5), tips=2)
    coast = curve([(-0.1, shore), (0.3, shore + 0.04), (0.7, shore - 0.02), (1.1, shore + 0.03)])
    for down, colour in ((-0.025, mix(sea, LIGHT, 0.75)), (0.0, sand)):
        pen.shape([*(coast + np.array((0, down))), (1.1, 1.1), (-0.1, 1.1)], colour)
    for x, y, shade in rng.uniform(0, 1, (round(rng.integers(4, 14) * busy), 3)):
        y = shore + 0.07 + (1 - shore) * y
        pen.oval(x, y, 0.014, 0.008, mix(sand, DARK if shade < 0.7 else LIGHT, 0.25))
    return image


def _fence(size: int, rng: Rng, busy: float) -> Image.Image:
    sky, ground = jitter(pick(rng, SKIES), rng), jitter(pick(rng, GREENS + SANDS), rng)
    wood = jitter(pick(rng, (*WOODS, LIGHT, (130, 150, 160))), rng)
    top, edge, wide = rng.uniform(0.05, 0.35), rng.uniform(0.62, 0.8), rng.uniform(0.12, 0.2)
    image = gradient(size, [sky, sky, mix(sky, LIGHT, 0.4), mix(sky, LIGHT, 0.4)])
    pen = Pen(Canvas(image))
    for y in (top + 0.1, edge - 0.15):
        _block(pen, -0.1, y, 1.1, y + 0.05, mix(wood, DARK, 0.35))
    for x in np.arange(-rng.uniform(0, wide), 1, wide):
        board = mix(wood, DARK, rng.uniform(0, 0.16))
        point = (x + wide * 0.43, top - 0.06)
        right = x + wide * 0.86
        pen.shape([(x, top), point, (right, top), (right, edge + 0.03), (x, edge + 0.03)], board)
    _block(pen, -0.1, edge, 1.1, 1.1, ground)
    _grass(pen, ground, round(rng.integers(4, 12) * busy), edge, rng)
    return image


def _sofa(size: int, rng: Rng, busy: float) -> Image.Image:
    wall, cloth = jitter(pick(rng, WALLS), rng), jitter(pick(rng, CLOTHS), rng)
    back, seat = rng.uniform(0.18, 0.5), rng.uniform(0.66, 0.8)
    image = gradient(size, [wall, mix(wall, DARK, 0.12), wall, mix(wall, DARK, 0.2)])
    pen = Pen(Canvas(image))
    sides = [(1.15, 0.6), (1.1, 1.2), (-0.1, 1.2)]
    pen.shape(outline([(-0.1, back), (0.5, back - 0.03), (1.1, back), *sides]), cloth)
    seam = rng.uniform(0.2, 0.8)
    pen.stroke([(seam, back), (seam + 0.01, 0.8)], 0.012, mix(cloth, DARK, 0.35))
    _block(pen, -0.1, seat, 1.1, 1.1, mix(cloth, LIGHT, 0.14))
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
            _block(pen, x, 0, x + step / 2, 1, tint)
        else:
            for y in np.arange(0.04, edge, step * 1.3):
                pen.oval(x, y, 0.025, 0.025, tint)
    if rng.random() < 0.5 * busy:  # a picture on the wall, or a window
        x, y = rng.uniform(0, 0.8), rng.uniform(0, 0.2)
        w, h = rng.uniform(0.16, 0.4), rng.uniform(0.2, 0.34)
        view = jitter(pick(rng, SKIES + CLOTHS), rng)
        for g, colour in ((0.03, mix(floor, LIGHT, 0.3)), (0.0, view)):
            _block(pen, x - g, y - g, x + w + g, y + h + g, colour)
        hills = [
            (x, y + h),
            (x + w * 0.3, y + h * 0.6),
            (x + w * 0.6, y + h * 0.75),
            (x + w, y + h),
        ]
        pen.shape(curve(hills), mix(view, DARK, 0.2))
    _block(pen, 0, edge, 1.1, 1.1, floor)
    _block(pen, 0, edge - 0.025, 1.1, edge, mix(wall, LIGHT, 0.5))
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
                _block(pen, x, board - height, x + width, board, colour)
                low = board - height * 0.75
                _block(pen, x, low, x + width, low + 0.02, mix(colour, LIGHT, 0.4))
            x += width + 0.004
        _block(pen, -0.1, board, 1.1, board + 0.03, wood)
        _block(pen, -0.1, board + 0.03, 1.1, board + 0.05, mix(wall, DARK, 0.3))
    _block(pen, -0.1, edge, 1.1, 1.1, floor)
    return image


def _vase(pen: Pen, colour: Colour) -> None:
    half = [(0, -1), (0.14, -0.96), (0.1, -0.75), (0.3, -0.4), (0.2, 0), (0, 0)]
    pen.shape(outline([*half, *[(-x, y) for x, y in half[-2:0:-1]]]), colour)


OUTDOORS = {"garden": _garden, "bokeh": _bokeh, "beach": _beach, "fence": _fence}
INDOORS = {"sofa": _sofa, "room": _room, "shelf": _shelf, "studio": _studio}
