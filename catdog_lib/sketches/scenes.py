"""Scenes to draw an animal in: four outdoors, four indoors.

All show the ground at the lower edge.

Lesson 07, section 5.

All have their ground at the lower edge.
"""

from __future__ import annotations

from PIL import Image

from catdog_lib.sketches.indoors import INDOORS
from catdog_lib.sketches.outdoors import OUTDOORS
from catdog_lib.sketches.sampling import Rng


def draw_scene(kind: str, size: int, rng: Rng, busy: float) -> Image.Image:
    """Draw a background of one of the kinds in OUTDOORS or INDOORS, `size` pixels wide."""
    return (OUTDOORS | INDOORS)[kind](size, rng, busy)
