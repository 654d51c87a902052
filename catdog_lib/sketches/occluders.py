"""What stands in front of the animal: a ledge, a leaf, a ball … None depends on the class.

Coordinates are the head's: its radius is 1, its centre (0, 0), x to the right, y down.
"""

from __future__ import annotations

from dataclasses import dataclass

from catdog_lib.sketches.accessories import GOLD
from catdog_lib.sketches.body import draw_paw
from catdog_lib.sketches.canvas import Pen
from catdog_lib.sketches.colours import CLOTHS, DARK, GREENS, LIGHT, WOODS, Colour, jitter, mix
from catdog_lib.sketches.outlines import curve, mirrored, outline
from catdog_lib.sketches.sampling import Rng, pick, pick_weighted, ramp
from catdog_lib.sketches.traits import Coat, Pose

CARTON: Colour = (196, 156, 108)


@dataclass(frozen=True)
class Occluder:
    """What stands before the animal. The distribution is the same for cats and dogs."""

    # "none", ledge, grass, frame, leaf, butterfly, ball, yarn, pot; sheet and box hide all of it.
    kind: str
    x: float  # its centre, in radii of the head from the centre of the head
    y: float
    radius: float  # in radii of the head

    @classmethod
    def sample(cls, rng: Rng, difficulty: float, pose: Pose, covered: bool) -> Occluder:
        """Sample an occluder: nothing at difficulty 0, in 28% of the images at 0.5, in 65% at 1.

        At high difficulty it often lies over the face.
        """
        some = ramp(difficulty, 0, 0.28, 0.65)
        small = {"leaf": 1, "butterfly": 0.8, "ball": 1, "yarn": 1, "pot": 1}
        kinds = {"ledge": 1.5, "grass": 1.2, "frame": 0.8} | small
        kind = pick_weighted(rng, kinds) if rng.random() < some else "none"
        over = rng.random() < ramp(difficulty, 0, 0.15, 0.5)
        if over or kind in ("leaf", "butterfly"):
            (x, y), radius = rng.normal((0, 0.1), 0.5), rng.uniform(0.45, 0.8)
        else:
            x, y = rng.uniform(0.7, 1.4), 2.3 if pose.posture == "sitting" else 1.3
            radius = rng.uniform(0.4, 0.65)
        if kind == "ledge":
            y = rng.uniform(1.15, 1.6) - (0.7 if over and difficulty > 0.5 else 0)
        if covered:
            kind, x, y, radius = pick(rng, ("sheet", "box")), 0.0, 0.0, 1.0
        return cls(kind, float(x), float(y), float(radius))


def draw_occluder(page: Pen, occluder: Occluder, coat: Coat, pose: Pose, rng: Rng) -> None:
    """Draw the thing in front; `page` is a pen of the whole image and of the background."""
    colour, other = jitter(pick(rng, CLOTHS), rng), jitter(pick(rng, CLOTHS), rng)
    near = page.at(pose.x, pose.y, pose.unit, 0.0, pose.flip)
    thing = near.at(occluder.x, occluder.y, occluder.radius)
    if occluder.kind == "ledge":
        y = pose.y + occluder.y * pose.unit
        cloth = jitter(pick(rng, CLOTHS + WOODS), rng)
        page.shape([(0, y), (1.1, y), (1.1, 1.1), (0, 1.1)], cloth)
        page.shape([(0, y), (1.1, y), (1.1, y + 0.03), (0, y + 0.03)], mix(cloth, LIGHT, 0.3))
        if occluder.y > 0.8:
            for s in (-1, 1):
                draw_paw(near.at(0, occluder.y).of("body"), s * 0.62, 0.05, coat)
    elif occluder.kind == "grass":
        _grass(page, jitter(pick(rng, GREENS), rng), rng)
    elif occluder.kind == "frame":
        _frame(page, rng.uniform(0.06, 0.13), jitter(pick(rng, (*WOODS, LIGHT, GOLD)), rng))
    elif occluder.kind == "leaf":
        _leaf(
            thing.at(0, 0, 1, rng.uniform(0, 6.28)),
            jitter(pick(rng, (*GREENS, (214, 120, 60))), rng),
        )
    elif occluder.kind == "butterfly":
        _butterfly(thing.at(0, 0, 0.7, rng.normal(0, 0.4)), colour, other)
    elif occluder.kind in ("ball", "yarn"):
        _round(thing, occluder.kind, colour, mix(other, LIGHT, 0.3))
    elif occluder.kind == "pot":
        _pot(thing, colour, jitter(pick(rng, GREENS), rng))
    elif occluder.kind == "sheet":
        _sheet(near, mix(LIGHT, colour, 0.12))
    elif occluder.kind == "box":
        _box(near, jitter(CARTON, rng), colour)


def _grass(page: Pen, green: Colour, rng: Rng) -> None:
    for x, height, bend, shade in rng.uniform(0, 1, (16, 4)):
        height, bend = 0.08 + 0.18 * height, 0.12 * (bend - 0.5)
        blade = [(x, 1.02), (x + bend * 0.3, 1 - height * 0.6), (x + bend, 1 - height)]
        page.stroke(blade, 0.03, mix(green, DARK, 0.35 * shade), tips=1)


def _frame(page: Pen, w: float, colour: Colour) -> None:
    light, dark = mix(colour, LIGHT, 0.25), mix(colour, DARK, 0.3)
    page.shape([(-0.1, -0.1), (1.1, -0.1), (1 - w, w), (w, w)], light)
    page.shape([(-0.1, -0.1), (w, w), (w, 1 - w), (-0.1, 1.1)], colour)
    page.shape([(1.1, -0.1), (1.1, 1.1), (1 - w, 1 - w), (1 - w, w)], colour)
    page.shape([(-0.1, 1.1), (w, 1 - w), (1 - w, 1 - w), (1.1, 1.1)], dark)


def _leaf(pen: Pen, colour: Colour) -> None:
    half = [(0, -1.1), (0.42, -0.5), (0.5, 0.1), (0.25, 0.7), (0, 0.95)]
    pen.shape(outline(mirrored(half)), colour)
    vein = mix(colour, DARK, 0.3)
    pen.stroke([(0, 1.35), (0.03, 0.4), (0, -0.9)], 0.08, vein, tips=1)
    for s in (-1, 1):
        for y in (0.4, -0.05):
            pen.stroke([(0, y), (s * 0.2, y - 0.18), (s * 0.36, y - 0.25)], 0.05, vein, tips=1)


def _butterfly(pen: Pen, colour: Colour, spot: Colour) -> None:
    for s in (-1, 1):
        pen.shape(outline([(0, 0.1), (s * 0.5, -0.8), (s * 1, -0.6), (s * 0.8, 0)]), colour)
        pen.shape(outline([(0, 0.1), (s * 0.7, 0.1), (s * 0.6, 0.65), (s * 0.2, 0.5)]), spot)
        pen.oval(s * 0.65, -0.4, 0.15, 0.15, mix(colour, LIGHT, 0.6))
    pen.stroke([(0, -0.4), (0.02, 0.1), (0, 0.6)], 0.14, DARK)


def _round(pen: Pen, kind: str, colour: Colour, stripe: Colour) -> None:
    pen.oval(0, 0, 1.05, 1.05, mix(colour, DARK, 0.55))
    pen.oval(0, 0, 1, 1, colour)
    if kind == "ball":
        top, low = (
            curve([(-0.98, -0.15), (0, 0.12), (0.98, -0.15)]),
            curve([(0.92, 0.35), (0, 0.62), (-0.92, 0.35)]),
        )
        pen.shape([*top, *low], stripe)
    else:
        thread = mix(colour, DARK, 0.28)
        for bend in (-0.5, 0.0, 0.5):
            pen.stroke(
                [(-0.8, bend - 0.3), (0, bend * 0.7 - 0.1), (0.8, bend + 0.25)],
                0.09,
                thread,
                tips=2,
            )
            pen.stroke(
                [(bend - 0.25, -0.75), (bend * 0.6 + 0.2, 0), (bend, 0.78)], 0.08, thread, tips=2
            )
        pen.stroke([(0.6, 0.85), (1.2, 1.05), (1.6, 0.85), (2.1, 1.1)], 0.1, colour)
    pen.shade(outline([(-0.2, 1), (0.75, 0.65), (1, -0.1), (0.6, 0.4)]), 0.2)
    pen.oval(-0.4, -0.5, 0.2, 0.14, mix(colour, LIGHT, 0.65))


def _pot(pen: Pen, clay: Colour, green: Colour) -> None:
    for x, y, bend in (
        (-0.9, -1.0, -0.3),
        (-0.4, -1.6, -0.1),
        (0.1, -1.75, 0.1),
        (0.5, -1.4, 0.2),
        (0.95, -0.9, 0.3),
    ):
        blade = [(0.1 * x, 0), (0.4 * x, y * 0.6), (x + bend, y)]
        pen.stroke(blade, 0.34, mix(green, DARK, 0.2 + 0.2 * bend), tips=2)
    pen.shape([(-0.72, 0), (0.72, 0), (0.52, 1.2), (-0.52, 1.2)], clay)
    pen.shade([(0.2, 0), (0.72, 0), (0.52, 1.2), (0.15, 1.2)], 0.18)
    pen.shape([(-0.82, -0.12), (0.82, -0.12), (0.78, 0.2), (-0.78, 0.2)], mix(clay, LIGHT, 0.2))


def _sheet(pen: Pen, cloth: Colour) -> None:
    side = [(1.0, -1.75), (1.5, -1.1), (1.6, 0.4), (1.75, 1.9), (2.0, 3.0)]
    hem = [(1.3, 2.85), (0.7, 3.05), (0, 2.85), (-0.7, 3.05), (-1.3, 2.85)]
    left = [(-x, y) for x, y in side[::-1]]
    ghost = outline([(0, -1.95), *side, *hem, *left])
    pen.shape((ghost - (0, 0.5)) * 1.03 + (0, 0.5), mix(cloth, DARK, 0.35))
    pen.shape(ghost, cloth)
    pen.shade(ghost, 0.14, but=ghost * 0.96 - (0.35, 0.0))
    for x in (-0.42, 0.42):
        pen.oval(x, -0.1, 0.2, 0.27, DARK)
    for x in (-1.0, 0.3, 1.05):
        fold = [(x * 0.8, 1.3), (x, 2.1), (x * 1.1, 2.8)]
        pen.stroke(fold, 0.09, mix(cloth, DARK, 0.2), tips=2)


def _box(pen: Pen, carton: Colour, ink: Colour) -> None:
    dark = mix(carton, DARK, 0.4)
    for s in (-1, 1):  # its flaps
        pen.shape([(s * 1.65, -1.5), (s * 2.3, -1.95), (s * 1.1, -2.15), (0, -1.5)], dark)
        flap = [(s * 1.65, -1.55), (s * 2.2, -1.92), (s * 1.1, -2.08), (0, -1.55)]
        pen.shape(flap, mix(carton, LIGHT, 0.2))
    pen.shape([(-1.72, -1.6), (1.72, -1.6), (1.64, 3.05), (-1.64, 3.05)], dark)
    pen.shape([(-1.65, -1.54), (1.65, -1.54), (1.58, 2.98), (-1.58, 2.98)], carton)
    pen.shade([(0.9, -1.54), (1.65, -1.54), (1.58, 2.98), (0.7, 2.98)], 0.12)
    pen.shape([(-0.22, -1.54), (0.22, -1.54), (0.22, -0.6), (-0.22, -0.6)], mix(carton, LIGHT, 0.3))
    mark = [(-0.38, -0.05), (-0.2, -0.34), (0.2, -0.34), (0.38, 0.0), (0.06, 0.36), (0, 0.62)]
    pen.stroke(mark, 0.16, ink)  # cat or dog?
    pen.oval(0, 0.95, 0.12, 0.12, ink)
    pen.oval(0, 1.95, 0.28, 0.23, ink)
    for x, y in ((-0.36, 1.68), (-0.13, 1.52), (0.13, 1.52), (0.36, 1.68)):
        pen.oval(x, y, 0.1, 0.13, ink)
