"""Scenes outdoors: a garden, blurred lights (bokeh), a beach, a fence.

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
    GREENS,
    LIGHT,
    SANDS,
    SKIES,
    WOODS,
    Colour,
    jitter,
    mix,
)
from catdog_lib.sketches.outlines import curve
from catdog_lib.sketches.sampling import Rng, pick


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
    pen.rectangle(-0.1, horizon, 1.1, 1.1, sea)
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
        pen.rectangle(-0.1, y, 1.1, y + 0.05, mix(wood, DARK, 0.35))
    for x in np.arange(-rng.uniform(0, wide), 1, wide):
        board = mix(wood, DARK, rng.uniform(0, 0.16))
        point = (x + wide * 0.43, top - 0.06)
        right = x + wide * 0.86
        pen.shape([(x, top), point, (right, top), (right, edge + 0.03), (x, edge + 0.03)], board)
    pen.rectangle(-0.1, edge, 1.1, 1.1, ground)
    _grass(pen, ground, round(rng.integers(4, 12) * busy), edge, rng)
    return image


OUTDOORS = {"garden": _garden, "bokeh": _bokeh, "beach": _beach, "fence": _fence}
