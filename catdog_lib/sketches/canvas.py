"""Drawing with Pillow: a canvas with a map of body parts, and a pen with its own coordinates.

Pillow draws hard-edged polygons. We draw everything a few times too large and average
(supersampling): edges become smooth. Lengths are in units of the image (0 to 1) or of the
animal's head, never in pixels, so that one seed gives the same image at every size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from catdog_lib.sketches.colours import DARK, LIGHT, Colour
from catdog_lib.sketches.outlines import Points, spline

# What a pixel can show. Occluders count as background, accessories as body.
BODY_PARTS = ("background", "body", "ears", "eyes", "muzzle")


def _circle(count: int) -> np.ndarray:
    """Return `count` points on the unit circle, count×2."""
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)


_CIRCLE, _DOT = _circle(24), _circle(10)  # a dot is too small to show its corners


@lru_cache(maxsize=1)
def _strands() -> tuple[Image.Image, Image.Image]:
    """Return masks, 256×256 pixels, of dark and of light strands: upright streaks of noise."""
    noise = np.random.default_rng(0).integers(0, 256, (256, 256), np.uint8)
    streaks = Image.fromarray(noise).filter(ImageFilter.BoxBlur((0.6, 5)))
    dark = streaks.point([max(0, min(60, 128 - v)) for v in range(256)])
    light = streaks.point([max(0, min(50, v - 128)) for v in range(256)])
    return dark, light


class Canvas:
    """An image being drawn, `size` pixels wide, and with `with_map` the map of its body parts.

    The map (mode "L", indices into BODY_PARTS) reaches over the image's edges by a quarter of its
    size, so that it also knows what the frame cuts off.
    """

    def __init__(self, image: Image.Image, with_map: bool = False):
        self.image, self.ink = image, ImageDraw.Draw(image)
        self.margin = image.width // 4
        wide = image.width + 2 * self.margin
        self.map = Image.new("L", (wide, wide)) if with_map else None
        self.map_ink = ImageDraw.Draw(self.map) if with_map else None


class Pen:
    """A pen on one canvas, with its own origin, unit and rotation; x to the right, y down.

    What it draws is noted in the canvas's map as the pen's body part; a pen of no part leaves
    the map as it is.
    """

    def __init__(
        self,
        canvas: Canvas,
        matrix: np.ndarray | None = None,
        origin: Points = (0, 0),
        part: str | None = None,
    ):
        self.canvas, self.part = canvas, part
        # Takes row vectors to pixels: points @ matrix.
        self._matrix = np.eye(2) * canvas.image.width if matrix is None else matrix
        self._origin = np.asarray(origin, float)
        self._in_64ths, self._origin_in_64ths = self._matrix * 64, self._origin * 64
        self._mark = None if part is None or canvas.map is None else BODY_PARTS.index(part)

    def of(self, part: str | None) -> Pen:
        """Return the same pen for another of the BODY_PARTS, or for none."""
        if self.canvas.map is None:
            return self
        return Pen(self.canvas, self._matrix, self._origin, part)

    def at(
        self, x: float, y: float, unit: float = 1.0, angle: float = 0.0, flip: bool = False
    ) -> Pen:
        """Return a pen with its origin at (x, y), turned by `angle` radians, mirrored if `flip`."""
        c, s, m = np.cos(angle) * unit, np.sin(angle) * unit, -1.0 if flip else 1.0
        turned = np.array([[c * m, s * m], [-s, c]]) @ self._matrix
        origin = np.array((x, y)) @ self._matrix + self._origin
        return Pen(self.canvas, turned, origin, self.part)

    def _pixels(self, points: Points) -> np.ndarray:
        exact = np.asarray(points, float) @ self._in_64ths + self._origin_in_64ths
        # In 1/64 pixels: a last digit that differs between machines cannot move an edge.
        return np.rint(exact) / 64

    def shape(self, points: Points, colour: Colour) -> None:
        """Fill a polygon."""
        pixels = self._pixels(points)
        self.canvas.ink.polygon(pixels.ravel().tolist(), fill=colour)
        if self._mark is not None:
            moved = pixels + self.canvas.margin
            self.canvas.map_ink.polygon(moved.ravel().tolist(), fill=self._mark)

    def rectangle(
        self, left: float, top: float, right: float, bottom: float, colour: Colour
    ) -> None:
        """Fill a rectangle with sides along the axes."""
        self.shape([(left, top), (right, top), (right, bottom), (left, bottom)], colour)

    def oval(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        """Fill an ellipse with centre (x, y) and radii `rx`, `ry`."""
        self.shape((_CIRCLE if rx + ry > 0.2 else _DOT) * (rx, ry) + (x, y), colour)

    def stroke(self, points: Points, width: float, colour: Colour, tips: int = 0) -> None:
        """Draw a thick smooth line through `points`; `tips` of its ends, 0 to 2, are pointed."""
        place, slope = spline(len(points), 5, False)
        through = np.asarray(points, float)
        line, along = place @ through, slope @ through
        t = np.arange(len(line)) / (len(line) - 1)
        half = width / 2 * (1 if tips == 0 else 1 - t if tips == 1 else 2 * np.sqrt(t * (1 - t)))
        side = along[:, ::-1] * (half / np.hypot(along[:, 0], along[:, 1]))[:, None] * (-1, 1)
        self.shape(np.concatenate([line + side, (line - side)[::-1]]), colour)
        if tips == 0 and width > 0.1:
            for x, y in (line[0], line[-1]):
                self.oval(x, y, width / 2, width / 2, colour)

    def _stencil(self, points: Points, fill: int = 255) -> tuple[tuple, Image.Image, tuple]:
        """Return a polygon's box in pixels, a mask with the polygon in `fill`, the box's corner."""
        pixels = self._pixels(points)
        edge = self.canvas.image.width
        least, most = pixels.min(axis=0).tolist(), pixels.max(axis=0).tolist()
        left, top = (max(0, min(edge - 1, int(v))) for v in least)
        right, low = (max(1, min(edge, int(v) + 2)) for v in most)
        mask = Image.new("L", (max(right - left, 1), max(low - top, 1)))
        ImageDraw.Draw(mask).polygon((pixels - (left, top)).ravel().tolist(), fill=fill)
        return (left, top, left + mask.width, top + mask.height), mask, (left, top)

    def shade(
        self, points: Points, strength: float, colour: Colour = DARK, but: Points | None = None
    ) -> None:
        """Tint a polygon, except inside the polygon `but`; the map stays as it is.

        Args:
            strength: 0 (nothing) to 1 (all `colour`).
        """
        box, mask, corner = self._stencil(points, round(255 * strength))
        if but is not None:
            hole = self._pixels(but) - corner
            ImageDraw.Draw(mask).polygon(hole.ravel().tolist(), fill=0)
        self.canvas.image.paste(colour, box, mask)

    def fur(self, points: Points, start: Points) -> None:
        """Draw short dark and light strands all over a polygon.

        They are cut from a large fur, at the place `start`: two numbers from 0 to 1.
        """
        box, mask, _ = self._stencil(points)
        unit = float(np.hypot(*self._matrix[0]))  # a head's radius, in pixels; 60 pixels of the fur
        # Integers: a crop that begins between two pixels could differ between two machines.
        wide, high = (max(1, min(250, int(side * 60 / unit))) for side in mask.size)
        x, y = int(start[0] * (256 - wide)), int(start[1] * (256 - high))
        crop = (x, y, x + wide, y + high)
        for colour, strands in zip((DARK, LIGHT), _strands(), strict=True):
            strands = strands.resize(mask.size, Image.Resampling.NEAREST, box=crop)
            self.canvas.image.paste(colour, box, ImageChops.multiply(mask, strands))

    @contextmanager
    def inside(self, contour: np.ndarray) -> Iterator[Pen]:
        """Give a pen of no part whose drawing, within this block, shows only inside `contour`."""
        box, mask, _ = self._stencil(contour)
        image = self.canvas.image
        before = image.copy()
        yield self.of(None)
        within = image.crop(box)
        image.paste(before)
        image.paste(within, box, mask)


def gradient(size: int, corners: Sequence[Colour]) -> Image.Image:
    """Return a background, `size` pixels wide, that blends four corner colours.

    The corners come in reading order.
    """
    tiny = Image.fromarray(np.array(corners, np.uint8).reshape(2, 2, 3))
    # The box runs from the middle of the first pixel to the middle of the last: the corners hold
    # exactly.
    small = tiny.resize((size // 2, size // 2), Image.Resampling.BILINEAR, box=(0.5, 0.5, 1.5, 1.5))
    return small.resize((size, size), Image.Resampling.NEAREST)
