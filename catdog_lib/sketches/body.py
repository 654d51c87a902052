"""What cats and dogs share below and around the face: fur with its markings, body, paws.

Coordinates are the head's: its radius is 1, its centre (0, 0), x to the right, y down.
"""

from __future__ import annotations

import numpy as np

from catdog_lib.sketches.canvas import Pen
from catdog_lib.sketches.colours import DARK, LIGHT, mix
from catdog_lib.sketches.outlines import Points, fluffy, mirrored, outline, scaled
from catdog_lib.sketches.sampling import Rng, pick
from catdog_lib.sketches.traits import Coat, Pose


def draw_fur(
    pen: Pen, contour: np.ndarray, coat: Coat, rng: Rng, marks: Pen, light: float = 0.0
) -> None:
    """Draw a furry shape: tufted edge, markings, strands, and light from the side.

    The coat's markings are drawn with `marks`.
    """
    contour = fluffy(contour, coat.fluff, rng)
    (left, top), (right, low) = contour.min(axis=0), contour.max(axis=0)
    tall, middle = low - top, (left + right) / 2
    pen.shape(scaled(contour, 1.035), coat.edge)
    pen.of(None).shape(contour, coat.base)
    with pen.inside(contour) as within:
        for i in range(2):
            y = top + (1.24 + 0.14 * i) * tall
            reach = (right - left) * 0.75
            within.oval(middle, y, reach, 0.62 * tall, mix(coat.base, DARK, 0.07 * (i + 1)))
        within.oval(middle + 0.3 * light, top + 0.35, 0.55, 0.32, mix(coat.base, LIGHT, 0.07))
        _markings(marks.of(None), coat, rng)
    pen.fur(contour, rng.random(2))
    lit = scaled(contour, 1.02, down=-0.06 * tall) + np.array((0.3 * light, 0))
    pen.shade(contour, 0.08 + 0.16 * abs(light), but=lit)


def _markings(pen: Pen, coat: Coat, rng: Rng) -> None:
    colour = coat.second
    if coat.pattern == "tabby":
        for x in (-0.32, 0.0, 0.32):
            pen.stroke([(x * 1.3, -1.0), (x, -0.72), (x * 0.6, -0.42)], 0.17, colour, tips=2)
        for y in (0.05, 0.3, 0.55):
            for s in (-1, 1):
                stripe = [(s * 1.1, y - 0.05), (s * 0.85, y), (s * 0.6, y + 0.07)]
                pen.stroke(stripe, 0.14, colour, tips=2)
    elif coat.pattern == "patches":
        for _ in range(2):
            middle = rng.uniform((0.2, -0.8), (0.8, 0.3)) * (pick(rng, (-1, 1)), 1)
            radii, angles = rng.uniform(0.3, 0.6, (6, 1)), np.arange(6) * np.pi / 3
            around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
            pen.shape(outline(middle + radii * around), colour)
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


def draw_body(
    pen: Pen, coat: Coat, pose: Pose, rng: Rng, broad: float, tail: Points, tail_width: float
) -> None:
    """Draw the body under the head, sitting or lying, with its shadow, tail and paws."""
    pen = pen.of("body")
    sitting = pose.posture == "sitting"
    ground, reach = (2.82, 1.35) if sitting else (1.72, 1.75)
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    for grow in (0.85, 1.2):  # its shadow, softer towards the edge, away from the light
        pen.shade(ring * (reach * grow, 0.26 * grow) + (-0.6 * pose.light, ground), 0.22)
    if pose.tail:
        shift = (0.0, 0.0) if sitting else (0.55, -1.05)
        line = np.asarray(tail, float) + shift
        pen.stroke(line, tail_width + 0.08, coat.edge)
        pen.of(None).stroke(line, tail_width, mix(coat.base, coat.second, 0.25))
    (_sit if sitting else _lie)(pen, coat, pose, rng, broad)


def _sit(pen: Pen, coat: Coat, pose: Pose, rng: Rng, broad: float) -> None:
    half = [(0, 0.3), (0.55, 0.6), (0.8 * broad, 1.3), (1.08 * broad, 2.1)]
    contour = outline(mirrored([*half, (0.98 * broad, 2.75), (0, 2.85)]))
    marks = pen.at(0, 1.6, 1.2, pick(rng, (0.0, 1.57, 3.14)))
    draw_fur(pen, contour, coat, rng, marks, pose.light)
    bib = outline(mirrored([(0, 0.8), (0.4, 1.0), (0.34, 1.5), (0, 1.75)]))
    pen.of(None).shape(fluffy(bib, coat.fluff + 0.04, rng), coat.muzzle)
    leg, ink = mix(coat.base, LIGHT, 0.07), pen.of(None)
    for s in (-1, 1):
        bones = [(s * 0.36, 1.5), (s * 0.34, 2.7)]
        pen.stroke(bones, 0.5, coat.edge)
        ink.stroke(bones, 0.44, leg)
        draw_paw(pen, s * 0.36, 2.72, coat)


def _lie(pen: Pen, coat: Coat, pose: Pose, rng: Rng, broad: float) -> None:
    long = 1.55 * broad
    half = [(0, -0.05), (0.7, 0.05), (long, 0.62), (long * 1.04, 1.3), (long * 0.8, 1.72)]
    contour = outline(mirrored([*half, (0, 1.76)])) + np.array((0.3, 0))
    marks = pen.at(0.4, 0.9, 1.15, pick(rng, (1.57, -1.57, 0.0)))
    draw_fur(pen, contour, coat, rng, marks, pose.light)
    haunch = mix(coat.base, DARK, 0.12)
    pen.of(None).stroke([(1.0, 1.68), (0.78, 1.2), (1.12, 0.85), (1.5, 0.98)], 0.06, haunch)
    for s in (-1, 1):
        draw_paw(pen, s * 0.42, 1.62, coat)


def draw_paw(pen: Pen, x: float, y: float, coat: Coat) -> None:
    """Draw a paw with three toes."""
    dipped = coat.pattern in ("points", "blaze", "socks")
    colour = coat.second if dipped else mix(coat.base, LIGHT, 0.25)
    pen.oval(x, y, 0.31, 0.22, coat.edge)
    ink = pen.of(None)
    ink.oval(x, y, 0.28, 0.19, colour)
    for dx in (-0.09, 0.09):
        ink.oval(x + dx, y + 0.08, 0.018, 0.08, coat.edge)
