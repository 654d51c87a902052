"""Drawings of neither cat nor dog: empty scenes, things in them, horses.

Scenes, light and noise are sampled as for the animals, so that nothing but the animal differs.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from catdog_lib.errors import CatdogError
from catdog_lib.sketches.camera import CameraSettings, photograph
from catdog_lib.sketches.canvas import Canvas, Pen
from catdog_lib.sketches.colours import DARK, LIGHT, Colour, jitter, mix
from catdog_lib.sketches.dataset import check_arguments
from catdog_lib.sketches.indoors import INDOORS
from catdog_lib.sketches.occluders import Occluder, draw_occluder
from catdog_lib.sketches.outdoors import OUTDOORS
from catdog_lib.sketches.outlines import outline
from catdog_lib.sketches.sampling import Rng, pick, ramp
from catdog_lib.sketches.scenes import draw_scene
from catdog_lib.sketches.traits import Coat, Pose

STRANGERS = ("scene", "thing", "horse")
STRANGER_STREAM = 9  # of the random numbers of a seed; smaller ones belong to pets and faults
THINGS = ("ball", "yarn", "pot", "leaf", "butterfly")
HORSES: tuple[Colour, ...] = (
    (122, 78, 48),
    (74, 52, 42),
    (176, 128, 84),
    (214, 206, 196),
    (96, 92, 96),
)


def draw_stranger(kind: str, seed: int, size: int, difficulty: float = 0.5) -> Image.Image:
    """Return a drawing without cat or dog: RGB, `size` by `size` pixels.

    Args:
        kind: "scene" (nothing in it), "thing" (such as a ball) or "horse".
        seed: the same seed gives the same drawing on every machine.
        size: in pixels.
        difficulty: of light, noise and clutter, as for the animals.

    Raises:
        CatdogError: there is no such kind, or an argument is out of range.
    """
    check_arguments(1, size, seed, difficulty)
    if kind not in STRANGERS:
        raise CatdogError(f"kind is {kind!r}; use one of {', '.join(STRANGERS)}.")
    scene, place, thing, camera = np.random.default_rng([seed, STRANGER_STREAM]).spawn(4)
    settings = CameraSettings.sample(camera, difficulty)
    where = pick(scene, tuple(OUTDOORS | INDOORS))
    big = size * (3 if size <= 128 else 2)
    canvas = Canvas(draw_scene(where, big, scene, ramp(difficulty, 0.3, 1, 1.3)))
    page = Pen(canvas)
    if kind == "horse":
        x, y = place.normal((0.44, 0.55), 0.03)
        unit, flip = place.uniform(0.24, 0.32), bool(place.integers(2))
        _draw_horse(page.at(1 - x if flip else x, y, unit, 0, flip), thing)
    elif kind == "thing":
        pose = replace(Pose.sample(place, difficulty), unit=place.uniform(0.22, 0.34))
        one = Occluder(pick(place, THINGS), 0.0, 0.4, 1.0)
        draw_occluder(page, one, Coat.sample(thing), pose, thing)
    return photograph(canvas.image, size, settings, camera)


def _draw_horse(pen: Pen, rng: Rng) -> None:
    """Draw a horse from its right side; its body is about two units long."""
    coat = jitter(pick(rng, HORSES), rng)
    far, hair = mix(coat, DARK, 0.35), mix(coat, DARK, rng.uniform(0.5, 0.9))
    stride = rng.uniform(0.05, 0.25)
    for x, bend in ((-0.62, -stride), (0.55, stride)):
        _leg(pen, x, bend, far)
    pen.stroke([(-0.95, -0.2), (-1.3, 0.0), (-1.35, 0.6), (-1.25, 0.9)], 0.26, hair, tips=1)
    body = [(-1.02, -0.1), (-0.8, -0.4), (-0.2, -0.34), (0.45, -0.42), (0.9, -0.2), (0.85, 0.2)]
    pen.shape(outline([*body, (0.4, 0.38), (-0.3, 0.36), (-0.85, 0.28)]), coat)
    neck = [(0.35, -0.38), (0.75, -0.75), (1.0, -1.15), (1.22, -1.1), (1.15, -0.6), (0.92, 0.05)]
    pen.shape(outline(neck), coat)
    for x in (1.02, 1.16):  # ears
        pen.shape([(x - 0.07, -1.2), (x + 0.02, -1.48), (x + 0.1, -1.2)], coat)
    head = [(0.98, -1.2), (1.25, -1.22), (1.62, -0.82), (1.7, -0.66), (1.55, -0.55), (1.2, -0.76)]
    pen.shape(outline(head), coat)
    for y in (-1.15, -0.95, -0.75, -0.55):
        x = 0.98 + 0.5 * (y + 1.15) * -1
        pen.stroke([(x, y), (x - 0.2, y + 0.1), (x - 0.16, y + 0.34)], 0.2, hair, tips=1)
    pen.oval(1.24, -1.02, 0.05, 0.05, DARK)
    pen.oval(1.6, -0.68, 0.035, 0.03, DARK)
    pen.shade(outline([(-0.9, 0.1), (0.0, 0.24), (0.85, 0.1), (0.4, 0.38), (-0.3, 0.36)]), 0.16)
    for x, bend in ((-0.8, stride), (0.72, -stride)):
        _leg(pen, x, bend, coat)
    if rng.random() < 0.5:  # a blaze
        pen.stroke([(1.3, -1.12), (1.5, -0.9), (1.62, -0.76)], 0.07, LIGHT, tips=2)


def _leg(pen: Pen, x: float, bend: float, colour: Colour) -> None:
    """Draw a leg from the body down to its hoof; `bend` moves the hoof forward."""
    knee, hoof = (x + 0.6 * bend, 0.75), (x + bend, 1.3)
    pen.stroke([(x, 0.1), knee, hoof], 0.2, colour)
    pen.shape(
        [
            (hoof[0] - 0.11, 1.22),
            (hoof[0] + 0.11, 1.22),
            (hoof[0] + 0.16, 1.38),
            (hoof[0] - 0.13, 1.38),
        ],
        mix(colour, DARK, 0.7),
    )
