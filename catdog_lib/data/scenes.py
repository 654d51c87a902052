"""Scenes to draw an animal in (garden, lights out of focus, sofa, room, plain wall), and things in front.

Lengths are fractions of the picture, x to the right, y down.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from catdog_lib.data.drawing import (
    DARK,
    LIGHT,
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


def scene(size: int, rng: Rng) -> Image.Image:
    """A background, `size` pixels wide, one of the kinds below."""
    return pick(rng, (_garden, _bokeh, _sofa, _room, _studio))(size, rng)


def _studio(size: int, rng: Rng) -> Image.Image:
    wall = pick(rng, WALLS + CLOTHS)
    return gradient(
        size, [jitter(mix(wall, pick(rng, WALLS), rng.uniform(0, 0.5)), rng) for _ in range(4)]
    )


def _garden(size: int, rng: Rng) -> Image.Image:
    sky, green, horizon = (
        jitter(pick(rng, SKIES), rng),
        jitter(pick(rng, GREENS), rng),
        rng.uniform(0.3, 0.75),
    )
    image = gradient(size, [sky, sky, mix(sky, LIGHT, 0.5), mix(sky, LIGHT, 0.4)])
    pen = Pen(image)
    for _ in range(rng.integers(0, 4)):  # clouds
        x, y, r = rng.uniform(0, 1), rng.uniform(0, horizon), rng.uniform(0.05, 0.12)
        for dx in (-1, 0, 1):
            pen.oval(x + dx * r, y, r * (1.3 - abs(dx) * 0.4), r * 0.6, mix(sky, LIGHT, 0.7))
    hills = [(x, horizon - rng.uniform(0, 0.14)) for x in (-0.1, 0.2, 0.5, 0.8, 1.1)]
    pen.shape([*curve(hills), (1.1, 1.1), (-0.1, 1.1)], mix(green, sky, 0.45))
    lawn = curve([(-0.1, horizon + 0.05), (0.5, horizon), (1.1, horizon + 0.06)])
    pen.shape([*lawn, (1.1, 1.1), (-0.1, 1.1)], green)
    _grass(pen, green, int(rng.integers(6, 20)), horizon + 0.08, rng)
    petals = pick(rng, CLOTHS)
    for _ in range(rng.integers(0, 9)):
        x, y = rng.uniform(0, 1), rng.uniform(horizon + 0.06, 1)
        pen.oval(x, y, 0.02, 0.02, petals)
        pen.oval(x, y, 0.008, 0.008, (250, 220, 110))
    return image


def _grass(pen: Pen, green: Colour, blades: int, top: float, rng: Rng) -> None:
    for x, y, height, bend, shade in rng.uniform(0, 1, (blades, 5)):
        y = top + (1.05 - top) * y
        tip = (x + 0.06 * (bend - 0.5), y - 0.04 - 0.07 * height)
        pen.shape([(x - 0.009, y), tip, (x + 0.009, y)], mix(green, DARK, 0.5 * shade - 0.2))


def _bokeh(size: int, rng: Rng) -> Image.Image:
    a, b = pick(rng, GREENS + SKIES + WALLS), pick(rng, GREENS + CLOTHS)
    corners = [jitter(mix(a, b, t), rng) for t in (0, 0.2, 0.8, 1)]
    image = gradient(size, corners)
    pen = Pen(image)
    for _ in range(rng.integers(8, 20)):
        x, y, r = rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.03, 0.11)
        pen.oval(
            x, y, r, r, mix(mix(a, b, y), pick(rng, (LIGHT, b, a, DARK)), rng.uniform(0.1, 0.4))
        )
    return image


def _sofa(size: int, rng: Rng) -> Image.Image:
    wall, cloth = jitter(pick(rng, WALLS), rng), jitter(pick(rng, CLOTHS), rng)
    back, seat = rng.uniform(0.18, 0.5), rng.uniform(0.72, 0.9)
    image = gradient(size, [wall, mix(wall, DARK, 0.12), wall, mix(wall, DARK, 0.2)])
    pen = Pen(image)
    pen.shape(
        outline(
            [(-0.1, back), (0.5, back - 0.03), (1.1, back), (1.15, 0.6), (1.1, 1.2), (-0.1, 1.2)]
        ),
        cloth,
    )
    seam = rng.uniform(0.2, 0.8)
    pen.stroke([(seam, back), (seam + 0.01, 0.8)], 0.012, mix(cloth, DARK, 0.35))
    pen.shape([(-0.1, seat), (1.1, seat), (1.1, 1.1), (-0.1, 1.1)], mix(cloth, LIGHT, 0.14))
    pen.stroke([(-0.1, seat), (0.5, seat + 0.01), (1.1, seat)], 0.014, mix(cloth, DARK, 0.4))
    if rng.random() < 0.6:
        colour = pick(rng, CLOTHS)
        cushion = pen.at(
            rng.uniform(0.05, 0.95), seat - 0.1, rng.uniform(0.13, 0.2), rng.normal(0, 0.3)
        )
        cushion.shape(
            outline([(-1, -1), (0, -0.8), (1, -1), (0.8, 0), (1, 1), (0, 0.8), (-1, 1), (-0.8, 0)]),
            colour,
        )
        cushion.oval(0, 0, 0.12, 0.12, mix(colour, DARK, 0.3))
    return image


def _room(size: int, rng: Rng) -> Image.Image:
    wall, floor = jitter(pick(rng, WALLS), rng), jitter(pick(rng, WOODS + CLOTHS), rng)
    image = gradient(size, [wall, wall, mix(wall, DARK, 0.15), mix(wall, DARK, 0.1)])
    pen, edge = Pen(image), rng.uniform(0.62, 0.95)
    paper, paint, step = (
        pick(rng, ("stripes", "dots", "plain")),
        pick(rng, (LIGHT, DARK)),
        rng.uniform(0.1, 0.2),
    )
    for x in np.arange(rng.uniform(0, step), 1, step) if paper != "plain" else ():
        if paper == "stripes":
            pen.shape(
                [(x, 0), (x + step / 2, 0), (x + step / 2, 1), (x, 1)], mix(wall, paint, 0.14)
            )
        else:
            for y in np.arange(0.04, edge, step):
                pen.oval(x, y, 0.025, 0.025, mix(wall, paint, 0.14))
    if rng.random() < 0.5:  # a picture on the wall, or a window
        x, y, w, h = (
            rng.uniform(0, 0.8),
            rng.uniform(0, 0.3),
            rng.uniform(0.16, 0.4),
            rng.uniform(0.2, 0.4),
        )
        view = jitter(pick(rng, SKIES + CLOTHS), rng)
        for g, colour in ((0.03, mix(floor, LIGHT, 0.3)), (0.0, view)):
            pen.shape(
                [(x - g, y - g), (x + w + g, y - g), (x + w + g, y + h + g), (x - g, y + h + g)],
                colour,
            )
        pen.shape(
            curve(
                [
                    (x, y + h),
                    (x + w * 0.3, y + h * 0.6),
                    (x + w * 0.6, y + h * 0.75),
                    (x + w, y + h),
                ]
            ),
            mix(view, DARK, 0.2),
        )
    pen.shape([(0, edge), (1.1, edge), (1.1, 1.1), (0, 1.1)], floor)
    pen.shape(
        [(0, edge - 0.025), (1.1, edge - 0.025), (1.1, edge), (0, edge)], mix(wall, LIGHT, 0.5)
    )
    return image


def ledge(pen: Pen, y: float, rng: Rng) -> None:
    """The edge of a table in front, from `y` downwards."""
    cloth = jitter(pick(rng, CLOTHS + WOODS), rng)
    pen.shape([(0, y), (1.1, y), (1.1, 1.1), (0, 1.1)], cloth)
    pen.shape([(0, y), (1.1, y), (1.1, y + 0.03), (0, y + 0.03)], mix(cloth, LIGHT, 0.3))


def tall_grass(pen: Pen, rng: Rng) -> None:
    """Blades of grass in front."""
    green = jitter(pick(rng, GREENS), rng)
    for x, height, bend, shade in rng.uniform(0, 1, (16, 4)):
        height, bend = 0.08 + 0.18 * height, 0.12 * (bend - 0.5)
        blade = [(x, 1.02), (x + bend * 0.3, 1 - height * 0.6), (x + bend, 1 - height)]
        pen.stroke(blade, 0.03, mix(green, DARK, 0.35 * shade), tips=1)
