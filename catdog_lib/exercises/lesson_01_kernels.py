"""Checkers of lesson 01, Convolution: kernels that slide over signals and images (01.1 to 01.3)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import require_value, show
from catdog_lib.exercises.registry import exercise, require

TOLERANCE = {"atol": 1e-4}  # sums of many products in float32, in any order


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
        generator = torch.Generator().manual_seed(n)
        signal, kernel = (torch.randn(length, generator=generator) for length in (n, k))
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
            "You count the places where the kernel only touches the signal. With "
            f"{setting} it lies on it with all its numbers at {places}.": n + k - 1,
        }
        otherwise = f"For {setting} there are {places} places; you return {len(value)}."
        require_value(len(value), places, mistakes, otherwise)
        right = _slid(signal, kernel)
        mistakes = {
            "You flipped the kernel, which makes it a convolution; slide it as it is.": (
                _slid(signal, kernel.flip(0))
            ),
            "The sums are in reverse order: begin at the beginning of the signal.": right.flip(0),
            "You took the mean of the products; take their sum.": right / k,
            "You added up the signal; first multiply each value by the number of the kernel above "
            "it.": signal.unfold(0, k, 1).sum(1),
            "Each sum still holds the ones before it: start again from 0 at every place.": (
                right.cumsum(0)
            ),
        }
        otherwise = (
            f"The number of values is right, but not the values: for {_rounded(signal)} and "
            f"{_rounded(kernel)} the first is {right[0]:.3f}, yours is {value[0]:.3f}."
        )
        require_value(value, right, mistakes, otherwise, **TOLERANCE)


def _rounded(values: Tensor) -> str:
    return show([round(value, 2) for value in values.tolist()])


@exercise("01.2", "convolve")
def convolve(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Check a function of (image H×W, kernel kh×kw): the convolution of mathematics, unpadded."""
    for (height, width), (kh, kw) in (((6, 8), (3, 3)), ((7, 5), (2, 4)), ((4, 4), (1, 3))):
        generator = torch.Generator().manual_seed(height)
        image = torch.randn(height, width, generator=generator)
        kernel = torch.randn(kh, kw, generator=generator)
        value = ask(answer, image, kernel, keeps="the image or the kernel that it was given")
        _require_tensor(value, "the result")
        right = _slid(image, kernel.flip(0, 1))
        shape, wanted = tuple(value.shape), tuple(right.shape)
        setting = f"an image {height}×{width} and a kernel {kh}×{kw}"
        require(
            shape[-2:] != wanted or len(shape) == 2,
            f"The result has shape {shape}: remove the batch and the channel, with [0, 0].",
        )
        places = f"{wanted[0]}×{wanted[1]} places"
        mistakes = {
            f"No padding: for {setting} return only the {places} where the whole kernel fits.": (
                height,
                width,
            ),
            f"Height and width are swapped: {shape} in place of {wanted}.": wanted[::-1],
        }
        otherwise = f"For {setting} the kernel fits at {places}; yours has shape {shape}."
        require_value(shape, wanted, mistakes, otherwise)
        turned = (kernel.T, kernel.T.flip(0, 1), kernel.rot90(), kernel.rot90(-1))
        mistakes = {
            "That is the cross-correlation: nothing is flipped.": _slid(image, kernel),
            "You flipped the rows of the kernel; flip the columns, too.": (
                _slid(image, kernel.flip(0))
            ),
            "You flipped the columns of the kernel; flip the rows, too.": (
                _slid(image, kernel.flip(1))
            ),
            "Your kernel is rotated by 90°, or its rows have become columns; a convolution rotates "
            "it by 180°: flip(0, 1).": ([_slid(image, other) for other in turned if kh == kw]),
            "You flipped the result, or the image; it is the kernel that is flipped.": (
                right.flip(0, 1)
            ),
        }
        otherwise = f"The shape is right, but not the values, for {setting}."
        require_value(value, right, mistakes, otherwise, **TOLERANCE)


@exercise("01.3")
def move_right(answer: Tensor) -> None:
    """Check a 3×3 kernel that moves an image one pixel to the right, with ``padding=1``."""
    require(isinstance(answer, Tensor) or not callable(answer), "Give the kernel, not a function.")
    kernel = torch.as_tensor(answer, dtype=torch.float32)
    if kernel.ndim == 4 and kernel.shape[:2] == (1, 1):
        kernel = kernel[0, 0]
    hint = f"Give a kernel of 3×3 numbers; yours has shape {tuple(kernel.shape)}."
    require(kernel.shape == (3, 3), hint)
    used = kernel[kernel != 0]
    require(len(used) > 0, "All nine numbers are 0, and so is the new image. One must not be.")
    require(
        len(used) == 1,
        "More than one number is not 0, so each new pixel is mixed from several old ones. A move "
        "needs only one.",
    )
    gain = used.item()
    hint = f"The image becomes {gain:g} times as bright: the one number that is not 0 must be 1."
    require(gain == 1, hint)
    image = torch.rand(6, 7, generator=torch.Generator().manual_seed(0))
    made = F.conv2d(image[None, None], kernel[None, None], padding=1)[0, 0, 1:-1, 1:-1]

    def moved(down: int, right: int) -> Tensor:
        return image.roll((down, right), (0, 1))[1:-1, 1:-1]

    swapped = "rows and columns are swapped: w[i, j] has the row first."
    mistakes = {
        "Your kernel leaves the image where it is.": moved(0, 0),
        "Your kernel moves the image to the left. Conv2d does not flip, so the 1 must stand where "
        "the old pixel lies: at the left.": moved(0, -1),
        f"Your kernel moves the image up; {swapped}": moved(-1, 0),
        f"Your kernel moves the image down; {swapped}": moved(1, 0),
    }
    otherwise = "Your kernel moves the image along a diagonal: a corner looks at another row, too."
    require_value(made, moved(0, 1), mistakes, otherwise, **TOLERANCE)
