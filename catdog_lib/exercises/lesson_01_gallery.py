"""Checker of lesson 01, Convolution: which kernel made which map (01.4)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from catdog_lib.exercises.checking import require_choice
from catdog_lib.exercises.registry import exercise, require

MYSTERIES = {
    "A": ("edges ↓", [[-1.0, -2, -1], [0, 0, 0], [1, 2, 1]]),
    "B": ("Laplace", [[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    "C": ("blur", [[1 / 9] * 3] * 3),
    "D": ("edges ←", [[1.0, 0, -1], [2, 0, -2], [1, 0, -1]]),
    "E": ("sharpen", [[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
}
LOOK_AGAIN = {
    "blur": "a blur keeps the greys of the image and loses fine detail",
    "sharpen": "sharpening keeps the greys of the image and exaggerates fine detail",
    "edges →": "the map of this kernel is bright where the image gets brighter to the right",
    "edges ←": "the map of this kernel is bright where the image gets brighter to the left",
    "edges ↓": "the map of this kernel is bright where the image gets brighter downwards, at "
    "horizontal edges",
    "Laplace": "a Laplace kernel leaves thin lines at edges of every direction",
}


def mystery_maps(image: Tensor) -> dict[str, Tensor]:
    """Return the five maps of exercise 01.4, their letter → 3×H×W, ready to be drawn.

    Where the numbers of the kernel add up to 0, grey is 0.

    Args:
        image: H×W, from 0 to 1.
    """
    drawn = {}
    for letter, (_, numbers) in MYSTERIES.items():
        kernel = torch.tensor(numbers)
        values = F.conv2d(image[None, None], kernel[None, None])[0, 0]
        if abs(kernel.sum()) < 1e-5:
            values = 0.5 + values / (2 * values.abs().quantile(0.995).clamp(min=1e-9))
        drawn[letter] = values.clamp(0, 1).expand(3, -1, -1)
    return drawn


@exercise("01.4")
def made_by(answer: Mapping[str, str]) -> None:
    """Check a dict: the letter of each of five maps → the name of the kernel that made it."""
    hint = "Give a dict: each letter with the name of a kernel."
    require(isinstance(answer, Mapping), hint)
    answer = {str(letter).strip().upper(): name for letter, name in answer.items()}
    for letter, (right, _) in MYSTERIES.items():
        require(letter in answer, f"Map {letter} is missing.")
        choices = {
            name: f"Map {letter}: {why}. Is that what you see?" for name, why in LOOK_AGAIN.items()
        }
        opposite = {"edges →": "edges ←", "edges ←": "edges →"}.get(answer[letter])
        if opposite == right:
            choices[answer[letter]] = (
                f"Map {letter}: you are right that its edges are vertical. Compare bright and dark "
                "with the map of Sobel → in the gallery."
            )
        require_choice(answer[letter], right, choices)
