"""Sketches: cats and dogs that the library draws, and the truth about each of them.

They are the course's built-in images. Nothing here needs PyTorch.

Lesson 07, section 5.
"""

from catdog_lib.sketches.canvas import BODY_PARTS
from catdog_lib.sketches.composition import Description, Sketch
from catdog_lib.sketches.dataset import (
    NO_FAULTS,
    SketchBatch,
    draw_image,
    draw_images,
    draw_sketch,
    draw_sketches,
)
from catdog_lib.sketches.faults import Faults
from catdog_lib.sketches.strangers import STRANGERS, draw_stranger
from catdog_lib.sketches.variants import draw_variant

__all__ = [
    "BODY_PARTS",
    "NO_FAULTS",
    "STRANGERS",
    "Description",
    "Faults",
    "Sketch",
    "SketchBatch",
    "draw_image",
    "draw_images",
    "draw_sketch",
    "draw_sketches",
    "draw_stranger",
    "draw_variant",
]
