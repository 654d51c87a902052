"""One drawn picture: sample what is in it, draw it, photograph it, and tell the truth about it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from catdog_lib.sketches.accessories import Wear, headwear, neckwear
from catdog_lib.sketches.animals import Doubt, body, face_of, head
from catdog_lib.sketches.camera import Shot, photograph, reduced_map
from catdog_lib.sketches.canvas import PARTS, Canvas, Pen, pick
from catdog_lib.sketches.eyes import closed
from catdog_lib.sketches.occluders import Front, stand_before
from catdog_lib.sketches.scenes import INDOORS, OUTDOORS, scene
from catdog_lib.sketches.traits import FEATURES, Coat, Face, Pose, ramp

SEEN = 0.2  # a feature is hidden if less than this share of it can be seen


@dataclass(frozen=True)
class Description:
    """The truth about one picture. ``dataclasses.asdict`` gives a dictionary that fits into
    JSON.
    """

    label: int  # of the animal that was drawn: 0 cat, 1 dog
    scene: str  # garden, bokeh, beach, fence (outdoors); sofa, room, shelf, studio (indoors)
    coat: Coat
    pose: Pose
    face: Face
    wear: Wear
    front: Front
    shot: Shot
    hidden: tuple[
        str, ...
    ]  # ears, eyes, muzzle: less than a fifth is seen; eyes also if both are shut
    ambiguous: bool  # features of both classes, or all three hidden


@dataclass(frozen=True)
class Sketch:
    """One picture and the truth about it."""

    image: Image.Image  # RGB, size by size
    # uint8, size×size, indices into PARTS. Whiskers, brows and the rims of glasses count as what
    # they cross.
    parts: np.ndarray
    description: Description


class Composition:
    """What is in one picture, and the random numbers to draw it with. Each can be drawn once.

    Args:
        seeds: of the picture.
        label: 0 cat, 1 dog.
        difficulty: 0 to 1.
        scene_by_class: a cat is drawn indoors and a dog outdoors; else each is either.
    """

    def __init__(
        self, seeds: list[int], label: int, difficulty: float, scene_by_class: bool = False
    ):
        # One stream for each part: what makes a cat or a dog cannot change coat, pose, scene or
        # light.
        streams = np.random.default_rng(seeds).spawn(10)
        coat, pose, where, doubt, wear, front, shot, self._body, self._head, self._things = streams
        self._scene, self._noise = where, shot
        self.label, self.doubt = label, Doubt.sample(doubt, difficulty)
        self.coat, self.pose = Coat.sample(coat), Pose.sample(pose, difficulty)
        covered = self.doubt.kind == "covered"
        if covered:  # nothing may stick out
            tilt = 0.2 * self.pose.tilt
            self.pose = replace(self.pose, posture="sitting", tail=False, tilt=tilt)
        self.face = face_of(label, self.doubt, self._head, difficulty)
        self.wear = Wear.sample(wear, difficulty)
        self.front = Front.sample(front, difficulty, self.pose, covered)
        self.shot = Shot.sample(shot, difficulty)
        self.busy = ramp(difficulty, 0.3, 1, 1.3)
        outside = bool(where.integers(2))
        if scene_by_class:
            outside = bool(label)
        self.scene = pick(where, tuple(OUTDOORS if outside else INDOORS))

    def picture(self, size: int) -> Image.Image:
        """The picture alone, RGB, `size` by `size` pixels."""
        canvas, _ = self._painted(size, mapped=False)
        return photograph(canvas.image, size, self.shot, self._noise)

    def sketch(self, size: int) -> Sketch:
        """The picture with the map of its parts and its description."""
        canvas, whole = self._painted(size, mapped=True)
        edge = canvas.margin + canvas.image.width
        seen = canvas.map.crop((canvas.margin, canvas.margin, edge, edge)).histogram()
        hidden = [
            name for name in FEATURES if seen[PARTS.index(name)] <= SEEN * whole[PARTS.index(name)]
        ]
        if "eyes" not in hidden and closed(self.pose, -1) and closed(self.pose, 1):
            hidden.append("eyes")
        return Sketch(
            photograph(canvas.image, size, self.shot, self._noise),
            reduced_map(canvas.map, canvas.margin, size),
            Description(
                self.label,
                self.scene,
                self.coat,
                self.pose,
                self.face,
                self.wear,
                self.front,
                self.shot,
                hidden=tuple(name for name in FEATURES if name in hidden),
                ambiguous=self.doubt.kind == "mixed" or len(hidden) == len(FEATURES),
            ),
        )

    def _painted(self, size: int, mapped: bool) -> tuple[Canvas, list[int]]:
        """The drawing, and of each part how many pixels there would be with nothing before or upon
        it.
        """
        pose, coat = self.pose, self.coat
        big = size * (3 if size <= 128 else 2)
        canvas = Canvas(scene(self.scene, big, self._scene, self.busy), mapped)
        page = Pen(canvas, part="background")
        below = page.at(pose.x, pose.y, pose.unit, pose.tilt * 0.25, pose.flip)
        above = page.at(pose.x, pose.y, pose.unit, pose.tilt, pose.flip)
        body(below, coat, pose, self.face, self._body)
        neckwear(below.of("body"), self.wear.neck, self._things)
        tucked = self.wear.head == "woolly hat"
        head(above, coat, pose, self.face, self._head, tucked)
        whole = canvas.map.histogram() if mapped else []
        hat = above.at(0.12 * pose.turn, 0.05 * pose.nod).of("body")
        headwear(hat, self.wear, self._things)
        stand_before(page, self.front, coat, pose, self._things)
        return canvas, whole
