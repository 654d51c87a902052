"""Drawing with Pillow: colours, smooth outlines, a pen with its own coordinates, and a camera.

Pillow draws hard-edged polygons. We draw everything a few times too large and average (supersampling): edges
become smooth. Lengths are in units of the picture (0 to 1) or of the animal's head, never in pixels, so that
one seed gives the same picture at every size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Rng = np.random.Generator
Points = Sequence | np.ndarray  # K by 2

DARK: Colour = (38, 30, 32)
LIGHT: Colour = (250, 248, 242)


def mix(a: Colour, b: Colour, t: float) -> Colour:
    """The colour that lies the fraction `t` of the way from `a` to `b`; beyond `b` for t > 1."""
    return tuple(max(0, min(255, round(p + (q - p) * t))) for p, q in zip(a, b, strict=True))


def jitter(colour: Colour, rng: Rng, amount: float = 10.0) -> Colour:
    """`colour` with a small random change, about `amount` of 255 in each channel."""
    change = rng.normal(0, amount, 3).tolist()
    return tuple(max(0, min(255, round(c + d))) for c, d in zip(colour, change, strict=True))


def lightness(colour: Colour) -> float:
    """How light a colour looks, 0 to 1 (luma of ITU-R BT.601)."""
    return (0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]) / 255


def pick(rng: Rng, options: Sequence):
    """One of `options`, each as likely."""
    return options[int(rng.integers(len(options)))]


@lru_cache(maxsize=64)
def _spline(count: int, samples: int, closed: bool) -> tuple[np.ndarray, np.ndarray]:
    """Matrices from `count` control points to points on their Catmull-Rom spline and to its slopes there."""
    pieces = count if closed else count - 1
    place = np.zeros((pieces * samples + (not closed), count))
    slope = np.zeros_like(place)
    for row in range(len(place)):
        piece, t = divmod(row, samples)
        t /= samples
        weights = (
            -t + 2 * t**2 - t**3,
            2 - 5 * t**2 + 3 * t**3,
            t + 4 * t**2 - 3 * t**3,
            t**3 - t**2,
        )
        slopes = (-1 + 4 * t - 3 * t**2, -10 * t + 9 * t**2, 1 + 8 * t - 9 * t**2, 3 * t**2 - 2 * t)
        for offset in range(4):
            point = piece + offset - 1
            column = point % count if closed else min(max(point, 0), count - 1)
            place[row, column] += weights[offset] / 2
            slope[row, column] += slopes[offset] / 2
    return place, slope


def outline(points: Points, samples: int = 5) -> np.ndarray:
    """A smooth closed curve through `points` (K by 2), as K·samples points."""
    return _spline(len(points), samples, True)[0] @ np.asarray(points, float)


def curve(points: Points, samples: int = 5) -> np.ndarray:
    """A smooth open curve through `points` (K by 2), as (K - 1)·samples + 1 points."""
    return _spline(len(points), samples, False)[0] @ np.asarray(points, float)


def mirrored(half: Sequence) -> list:
    """A symmetric closed list of points from its right half, top to bottom, both ends on the axis x = 0."""
    return [*half, *[(-x, y) for x, y in half[-2:0:-1]]]


def grown(contour: np.ndarray, factor: float, down: float = 0.0) -> np.ndarray:
    """`contour` scaled by `factor` about the mean of its points, and moved `down`."""
    middle = contour.mean(axis=0)
    return middle + (contour - middle) * factor + np.array((0.0, down))


def fluffy(contour: np.ndarray, amount: float, rng: Rng) -> np.ndarray:
    """`contour` with every second point pulled outwards by about `amount` of its distance: tufts of fur."""
    middle, pull = contour.mean(axis=0), np.ones((len(contour), 1))
    pull[::2] += amount * rng.uniform(0.3, 1.7, pull[::2].shape)
    return middle + (contour - middle) * pull


_TURN = np.linspace(0, 2 * np.pi, 24, endpoint=False)
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)


class Pen:
    """Draws on one picture in its own coordinates: x to the right, y down, any origin, unit and turn."""

    def __init__(
        self, image: Image.Image, matrix: np.ndarray | None = None, origin: Points = (0, 0)
    ):
        self.image = image
        self._ink = ImageDraw.Draw(image)
        self._matrix = (
            np.eye(2) * image.width if matrix is None else matrix
        )  # to pixels, from the right
        self._origin = np.asarray(origin, float)

    def at(
        self, x: float, y: float, unit: float = 1.0, angle: float = 0.0, flip: bool = False
    ) -> Pen:
        """A pen on the same picture, its origin at (x, y), turned by `angle` radians, mirrored if `flip`."""
        c, s, m = np.cos(angle) * unit, np.sin(angle) * unit, -1.0 if flip else 1.0
        turned = np.array([[c * m, s * m], [-s, c]])
        return Pen(
            self.image, turned @ self._matrix, np.array((x, y)) @ self._matrix + self._origin
        )

    def _pixels(self, points: Points) -> list[float]:
        exact = np.asarray(points, float) @ self._matrix + self._origin
        # In 1/64 pixels, so that a last digit that differs between two machines cannot move an edge.
        return (np.rint(exact * 64) / 64).ravel().tolist()

    def shape(self, points: Points, colour: Colour) -> None:
        """A filled polygon."""
        self._ink.polygon(self._pixels(points), fill=colour)

    def oval(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        """A filled ellipse with centre (x, y) and radii `rx`, `ry`."""
        self.shape(_CIRCLE * (rx, ry) + (x, y), colour)

    def stroke(self, points: Points, width: float, colour: Colour, tips: int = 0) -> None:
        """A thick smooth line through `points`; its end (`tips` 1) or both its ends (2) may be pointed."""
        place, slope = _spline(len(points), 5, False)
        line, along = place @ points, slope @ points
        t = np.arange(len(line)) / (len(line) - 1)
        half = width / 2 * (1, 1 - t, 2 * np.sqrt(t * (1 - t)))[tips]
        side = along[:, ::-1] * (half / np.hypot(along[:, 0], along[:, 1]))[:, None] * (-1, 1)
        self.shape(np.concatenate([line + side, (line - side)[::-1]]), colour)
        if tips == 0:
            for x, y in (line[0], line[-1]):
                self.oval(x, y, width / 2, width / 2, colour)

    @contextmanager
    def inside(self, contour: np.ndarray) -> Iterator[None]:
        """What is drawn on the picture within this block shows only inside `contour`."""
        before = self.image.copy()
        yield
        mask = Image.new("L", self.image.size, 255)
        ImageDraw.Draw(mask).polygon(self._pixels(contour), fill=0)
        self.image.paste(before, mask=mask)


def gradient(size: int, corners: Sequence[Colour]) -> Image.Image:
    """A background, `size` pixels wide, that runs evenly between four corner colours (in reading order)."""
    small = Image.fromarray(np.array(corners, np.uint8).reshape(2, 2, 3))
    # The box runs from the middle of the first pixel to the middle of the last: the corners hold exactly.
    return small.resize((size, size), Image.Resampling.BILINEAR, box=(0.5, 0.5, 1.5, 1.5))


def photograph(drawing: Image.Image, size: int, rng: Rng) -> Image.Image:
    """Bring a large drawing down to `size` pixels, with uneven light, a colour cast, blur and noise."""
    corners = np.clip(rng.uniform(0.72, 1.15) + rng.normal(0, 0.16, 4), 0.45, 1.35).astype(
        np.float32
    )
    cast, lift = rng.normal(1, 0.04, 3).astype(np.float32), np.float32(rng.uniform(0, 14))
    blur, grain = rng.uniform(0, 0.7) * size / 64, np.float32(rng.uniform(1, 9))
    x = np.linspace(0, 1, size, dtype=np.float32)
    y = x[:, None]
    light = (corners[0] * (1 - x) + corners[1] * x) * (1 - y) + (
        corners[2] * (1 - x) + corners[3] * x
    ) * y
    small = drawing.reduce(drawing.width // size).filter(ImageFilter.GaussianBlur(blur))
    pixels = np.asarray(small) * light[:, :, None] * cast + lift
    pixels += rng.standard_normal(pixels.shape, np.float32) * grain
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
