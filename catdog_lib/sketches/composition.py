"""One sketch: sample what is in it, draw it, photograph it, and record the truth about it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from catdog_lib.sketches.accessories import Accessories, draw_headwear, draw_neckwear
from catdog_lib.sketches.animals import (
    Ambiguity,
    HeadRngs,
    draw_animal_body,
    draw_head,
    sample_face,
)
from catdog_lib.sketches.camera import CameraSettings, downsample_map, photograph
from catdog_lib.sketches.canvas import BODY_PARTS, Canvas, Pen
from catdog_lib.sketches.eyes import is_closed
from catdog_lib.sketches.occluders import Occluder, draw_occluder
from catdog_lib.sketches.sampling import pick, ramp
from catdog_lib.sketches.scenes import INDOORS, OUTDOORS, draw_scene
from catdog_lib.sketches.traits import FEATURES, Coat, Face, Pose

VISIBLE = 0.2  # a feature is hidden if less than this share of it is visible


@dataclass(frozen=True)
class Description:
    """The truth about one image; ``dataclasses.asdict`` makes a dictionary that fits into JSON."""

    label: int  # of the animal that was drawn: 0 cat, 1 dog
    scene: str  # garden, bokeh, beach, fence (outdoors); sofa, room, shelf, studio (indoors)
    coat: Coat
    pose: Pose
    face: Face
    accessories: Accessories
    occluder: Occluder
    camera: CameraSettings
    # Of ears, eyes, muzzle: less than a fifth is visible; eyes also if both are shut.
    hidden: tuple[str, ...]
    ambiguous: bool  # features of both classes, or all three hidden


@dataclass(frozen=True)
class Sketch:
    """One image and the truth about it."""

    image: Image.Image  # RGB, size by size
    # Uint8, size×size, indices into BODY_PARTS; whiskers, brows and the rims of glasses count as
    # what they cross.
    body_parts: np.ndarray
    description: Description


class Composition:
    """What is in one image, and the random numbers to draw it with. Each can be drawn once.

    Args:
        seeds: of the image.
        label: 0 cat, 1 dog.
        difficulty: 0 to 1.
        scene_by_class: a cat is drawn indoors and a dog outdoors; else each may be in either.
    """

    def __init__(
        self, seeds: list[int], label: int, difficulty: float, scene_by_class: bool = False
    ):
        # One stream for each of them: the class cannot change coat, pose, scene or light.
        streams = np.random.default_rng(seeds).spawn(10)
        coat, pose, scene, ambiguity, accessories, occluder, camera = streams[:7]
        self._body, head, self._things = streams[7:]
        self._scene, self._noise = scene, camera
        self.label, self.ambiguity = label, Ambiguity.sample(ambiguity, difficulty)
        self.coat, self.pose = Coat.sample(coat), Pose.sample(pose, difficulty)
        covered = self.ambiguity.kind == "covered"
        if covered:  # nothing may stick out
            tilt = 0.2 * self.pose.tilt
            self.pose = replace(self.pose, posture="sitting", tail=False, tilt=tilt)
        self.face = sample_face(label, self.ambiguity, head, difficulty)
        self.head_rngs = HeadRngs(head, head, head, head)
        self.accessories = Accessories.sample(accessories, difficulty)
        self.occluder = Occluder.sample(occluder, difficulty, self.pose, covered)
        self.camera = CameraSettings.sample(camera, difficulty)
        self.busy = ramp(difficulty, 0.3, 1, 1.3)
        outside = bool(scene.integers(2))
        if scene_by_class:
            outside = bool(label)
        self.scene = pick(scene, tuple(OUTDOORS if outside else INDOORS))

    def draw_image(self, size: int) -> Image.Image:
        """Return the image alone, RGB, `size` by `size` pixels."""
        canvas, _ = self._paint(size, with_map=False)
        return photograph(canvas.image, size, self.camera, self._noise)

    def draw_sketch(self, size: int) -> Sketch:
        """Return the image with the map of its body parts and its description."""
        canvas, total = self._paint(size, with_map=True)
        edge = canvas.margin + canvas.image.width
        visible = canvas.map.crop((canvas.margin, canvas.margin, edge, edge)).histogram()
        hidden = []
        for name in FEATURES:
            part = BODY_PARTS.index(name)
            if visible[part] <= VISIBLE * total[part]:
                hidden.append(name)
        if "eyes" not in hidden and is_closed(self.pose, -1) and is_closed(self.pose, 1):
            hidden.append("eyes")
        return Sketch(
            photograph(canvas.image, size, self.camera, self._noise),
            downsample_map(canvas.map, canvas.margin, size),
            Description(
                self.label,
                self.scene,
                self.coat,
                self.pose,
                self.face,
                self.accessories,
                self.occluder,
                self.camera,
                hidden=tuple(name for name in FEATURES if name in hidden),
                ambiguous=self.ambiguity.kind == "mixed" or len(hidden) == len(FEATURES),
            ),
        )

    def _paint(self, size: int, with_map: bool) -> tuple[Canvas, list[int]]:
        """Return the canvas, and the pixels of each body part if nothing lay before or upon it."""
        pose, coat = self.pose, self.coat
        big = size * (3 if size <= 128 else 2)
        canvas = Canvas(draw_scene(self.scene, big, self._scene, self.busy), with_map)
        page = Pen(canvas, part="background")
        below = page.at(pose.x, pose.y, pose.unit, pose.tilt * 0.25, pose.flip)
        above = page.at(pose.x, pose.y, pose.unit, pose.tilt, pose.flip)
        draw_animal_body(below, coat, pose, self.face, self._body)
        draw_neckwear(below.of("body"), self.accessories.neck, self._things)
        tucked = self.accessories.head == "woolly hat"
        draw_head(above, coat, pose, self.face, self.head_rngs, tucked)
        total = canvas.map.histogram() if with_map else []
        hat = above.at(0.12 * pose.turn, 0.05 * pose.nod).of("body")
        draw_headwear(hat, self.accessories, self._things)
        draw_occluder(page, self.occluder, coat, pose, self._things)
        return canvas, total
