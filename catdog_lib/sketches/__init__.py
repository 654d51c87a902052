"""Drawn cats and dogs: the course's built-in pictures, and all that is true of them. Nothing here
needs PyTorch.
"""

from catdog_lib.sketches.canvas import PARTS
from catdog_lib.sketches.composition import Description, Sketch
from catdog_lib.sketches.dataset import NO_FAULTS, SketchBatch, described, draw, sketch, sketches
from catdog_lib.sketches.faults import Faults

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
