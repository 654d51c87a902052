"""Colours as red, green and blue from 0 to 255: mixing them, varying them, and the palettes."""

from __future__ import annotations

from catdog_lib.sketches.sampling import Rng

Colour = tuple[int, int, int]

DARK: Colour = (38, 30, 32)
LIGHT: Colour = (250, 248, 242)
WALLS: tuple[Colour, ...] = (
    (236, 214, 190),
    (196, 216, 222),
    (218, 198, 214),
    (206, 218, 184),
    (240, 224, 170),
    (168, 178, 196),
    (226, 168, 150),
    (120, 150, 160),
    (94, 104, 128),
    (150, 112, 104),
    (70, 84, 84),
    (244, 240, 232),
)
CLOTHS: tuple[Colour, ...] = (
    (186, 74, 70),
    (64, 118, 140),
    (92, 128, 92),
    (214, 152, 74),
    (128, 96, 142),
    (70, 76, 96),
    (206, 190, 170),
    (226, 130, 142),
    (54, 140, 130),
    (240, 200, 96),
)
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


def mix(a: Colour, b: Colour, t: float) -> Colour:
    """Return the colour a fraction `t` of the way from `a` to `b`; beyond `b` for t > 1."""
    (r, g, b), (red, green, blue) = a, b
    return _byte(r + (red - r) * t), _byte(g + (green - g) * t), _byte(b + (blue - b) * t)


def _byte(value: float) -> int:
    return max(0, min(255, round(value)))


def jitter(colour: Colour, rng: Rng, amount: float = 10.0) -> Colour:
    """Return `colour` with a small random change, about `amount` of 255 in each channel."""
    change = rng.normal(0, amount, 3).tolist()
    red, green, blue = (_byte(c + d) for c, d in zip(colour, change, strict=True))
    return red, green, blue


def lightness(colour: Colour) -> float:
    """Return how light a colour looks, 0 to 1 (luma of ITU-R BT.601)."""
    return (0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]) / 255
