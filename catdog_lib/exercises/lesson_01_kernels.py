"""Checkers of lesson 01, Convolution: kernels that slide over signals and images (01.1 to 01.3)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import (
    SUMS,
    as_float64,
    require_value,
    same,
    show,
)
from catdog_lib.exercises.random_inputs import generator
from catdog_lib.exercises.registry import exercise, require, require_form


def _require_tensor(value: object, what: str) -> None:
    require(isinstance(value, Tensor), f"Return {what} as a tensor, such as torch.stack makes.")


def _slid(x: Tensor, kernel: Tensor) -> Tensor:
    """Return the kernel slid over x as it is; both 1-D or both 2-D."""
    slide = F.conv1d if x.ndim == 1 else F.conv2d
    return slide(x[None, None], kernel[None, None])[0, 0]


@exercise("01.1", "correlate")
def correlate(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Check a function of (signal of n numbers, kernel of k): the n − k + 1 cross-correlations."""
    for n, k in ((7, 3), (9, 2), (4, 4)):
        rng = generator(n)
        signal, kernel = (torch.randn(length, generator=rng) for length in (n, k))
        value = ask(answer, signal, kernel, keeps="the signal or the kernel that it was given")
        _require_tensor(value, "the sums")
        places, setting = n - k + 1, f"a signal of {n} numbers and a kernel of {k}"
        require(
            value.ndim == 1 and (len(value) > 1 or places == 1),
            f"Return one number for each of the {places} places of {setting}; yours has shape "
            f"{tuple(value.shape)}.",
        )
        mistakes = {
            f"The last place is missing: with {setting} the kernel fits {places} times.": (
                places - 1
            ),
            f"At some of your {n} places the kernel sticks out; with {setting} and no padding "
            f"{places} are left.": n,
            "You also count places where only part of the kernel lies on the signal. With "
            f"{setting} all of it does at {places}.": n + k - 1,
        }
        otherwise = f"For {setting} there are {places} places; you return {len(value)}."
        require_value(len(value), places, mistakes, otherwise)
        right = _slid(signal, kernel)
        mistakes = {
            "You flipped the kernel, which makes it a convolution; slide it as it is.": (
                _slid(signal, kernel.flip(0))
            ),
            "The sums are in reverse order: start at the beginning of the signal.": right.flip(0),
            "You took the mean of the products; take their sum.": right / k,
            "You added up the signal; first multiply each value by the number of the kernel that "
            "lies on it.": signal.unfold(0, k, 1).sum(1),
            "Each sum still holds the ones before it: start again from 0 at every place.": (
                right.cumsum(0)
            ),
        }
        place = int((value - right).abs().argmax())
        otherwise = (
            f"The number of values is right, but not the values: for {_rounded(signal)} and "
            f"{_rounded(kernel)}, value {place} (counted from 0) should be {right[place]:.3f}; "
            f"yours is {value[place]:.3f}."
        )
        require_value(value, right, mistakes, otherwise, **SUMS)


def _rounded(values: Tensor) -> str:
    return show([round(value, 2) for value in values.tolist()])


SPOTS = torch.tensor([[0.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 2], [0, 0, 0, 0]])
NINE = torch.arange(1.0, 10).view(3, 3)


@exercise("01.2", is_prediction=True)
def two_spots(answer: list[list[float]]) -> str:
    """Check a prediction: 2×2 numbers, what ``F.conv2d`` makes of two bright pixels."""
    value = as_float64(answer)
    hint = (
        f"Your prediction has the shape {show(list(value.shape))}. A 3×3 kernel without padding "
        "fits at 2 times 2 places of a 4×4 image: give two rows of two numbers."
    )
    require_form(value.shape == (2, 2), hint)
    right = _slid(SPOTS, NINE)
    mistakes = {
        "You flipped the kernel; conv2d slides it as it is.": _slid(SPOTS, NINE.flip(0, 1)),
        "Rows and columns are swapped: the first row of your prediction is the upper one.": right.T,
        "You counted the pixel of value 2 as if it were 1: multiply each pixel, then add.": (
            _slid(SPOTS.clamp(max=1), NINE)
        ),
        "You counted only the pixel of value 1; the other one lies under some windows, too.": (
            _slid(SPOTS * (SPOTS == 1), NINE)
        ),
        "You counted only the pixel of value 2; the other one lies under each window, too.": (
            _slid(SPOTS * (SPOTS == 2), NINE)
        ),
    }
    wrong = [
        f"row {r}, column {c}"
        for r in (0, 1)
        for c in (0, 1)
        if not same(value[r, c], right[r, c].double())
    ]
    otherwise = (
        f"The prediction is wrong at {'; '.join(wrong)} (counted from 0). Put the kernel's upper "
        "left number on that pixel of the image: which of its numbers lie on pixels that are not 0?"
    )
    require_value(value, right, mistakes, otherwise)
    return f"F.conv2d gives {right.int().tolist()}."


@exercise("01.3")
def move_right(answer: Tensor) -> None:
    """Check a 3×3 kernel that moves an image one pixel to the right, with ``padding=1``."""
    require(isinstance(answer, Tensor) or not callable(answer), "Give the kernel, not a function.")
    kernel = as_float64(answer).float()
    if kernel.ndim == 4 and kernel.shape[:2] == (1, 1):
        kernel = kernel[0, 0]
    hint = f"Give a kernel of 3×3 numbers; yours has shape {tuple(kernel.shape)}."
    require(kernel.shape == (3, 3), hint)
    used = kernel[kernel != 0]
    require(len(used) > 0, "All nine numbers are 0, and so is the new image. One must not be.")
    require(
        len(used) == 1,
        "More than one number is not 0, so each new pixel is mixed from several old ones. One "
        "number is enough for a move.",
    )
    gain = used.item()
    hint = f"The image becomes {gain:g} times as bright: the one number that is not 0 must be 1."
    require(gain == 1, hint)
    image = torch.rand(6, 7, generator=generator(0))
    made = F.conv2d(image[None, None], kernel[None, None], padding=1)[0, 0, 1:-1, 1:-1]

    def moved(down: int, right: int) -> Tensor:
        return image.roll((down, right), (0, 1))[1:-1, 1:-1]

    swapped = "rows and columns are swapped: w[i, j] has the row first."
    mistakes = {
        "Your kernel leaves the image where it is.": moved(0, 0),
        "Your kernel moves the image to the left. Conv2d does not flip, so the 1 must be where "
        "the old pixel is: on the left.": moved(0, -1),
        f"Your kernel moves the image up; {swapped}": moved(-1, 0),
        f"Your kernel moves the image down; {swapped}": moved(1, 0),
    }
    otherwise = (
        "Your kernel moves the image along a diagonal: a corner takes its pixel from a different "
        "row."
    )
    require_value(made, moved(0, 1), mistakes, otherwise, **SUMS)
