"""Drawn cats and dogs: the course's built-in pictures, and all that is true of them. Nothing here needs PyTorch."""

from catdog_lib.data.drawn.composition import Description, Sketch
from catdog_lib.data.drawn.drawing import PARTS
from catdog_lib.data.drawn.faults import Faults
from catdog_lib.data.drawn.sketches import (
    NO_FAULTS,
    SketchBatch,
    described,
    draw,
    sketch,
    sketches,
)

__all__ = [
    "NO_FAULTS",
    "PARTS",
    "Description",
    "Faults",
    "Sketch",
    "SketchBatch",
    "described",
    "draw",
    "sketch",
    "sketches",
]
