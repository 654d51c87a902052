"""Checkers of lesson 01, Convolution."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from catdog_lib.exercises.registry import exercise, require, require_function, require_returned


def _tensor(value: object, what: str) -> None:
    require_returned(value)
    require(isinstance(value, Tensor), f"Return {what} as a tensor, such as torch.stack makes.")


def _same(value: Tensor, other: Tensor) -> bool:
    return value.shape == other.shape and torch.allclose(value.to(other), other, atol=1e-4)


def _is_none_of(value: Tensor, right: Tensor, mistakes: Iterable[tuple[Tensor, str]]) -> None:
    """Refuse a value that a typical mistake gives, with its hint; unless the right way gives the
    same.
    """
    for wrong, hint in mistakes:
        require(_same(wrong, right) or not _same(value, wrong), hint)


def _slid(x: Tensor, kernel: Tensor) -> Tensor:
    """The kernel slid over x as it is; both 1-D or both 2-D."""
    slide = F.conv1d if x.ndim == 1 else F.conv2d
    return slide(x[None, None], kernel[None, None])[0, 0]


@exercise("01.1")
def correlate(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """A function of (signal, n numbers; kernel, k numbers): the n − k + 1 values of the
    cross-correlation.
    """
    require_function("01.1", "correlate", answer)
    for n, k in ((7, 3), (9, 2), (4, 4)):
        generator = torch.Generator().manual_seed(n)
        signal, kernel = (torch.randn(length, generator=generator) for length in (n, k))
        untouched, value = signal.clone(), answer(signal, kernel)
        _tensor(value, "the sums")
        places, setting = n - k + 1, f"a signal of {n} numbers and a kernel of {k}"
        require(
            torch.equal(signal, untouched), "Your function changed the signal that it was given."
        )
        require(
            value.ndim == 1 and (len(value) > 1 or places == 1),
            f"Return one number for each of the {places} places of {setting}; yours has shape "
            f"{tuple(value.shape)}.",
        )
        for wrong, hint in (
            (places - 1, f"The last place is missing: with {setting} the kernel fits {places} times."),
            (n, f"At some of your {n} places the kernel sticks out; with {setting} and no padding {places} are left."),
            (n + k - 1, f"You count the places where the kernel only touches the signal. With {setting} it lies on it "
             f"with all its numbers at {places}."),
        ):  # fmt: skip
            require(len(value) != wrong, hint)
        require(
            len(value) == places,
            f"For {setting} there are {places} places; you return {len(value)}.",
        )
        right = _slid(signal, kernel)
        _is_none_of(value, right, (
            (_slid(signal, kernel.flip(0)), "You flipped the kernel, which makes it a convolution; slide it as it is."),
            (right.flip(0), "The sums are in reverse order: begin at the beginning of the signal."),
            (right / k, "You took the mean of the products; take their sum."),
            (signal.unfold(0, k, 1).sum(1), "You added up the signal; first multiply each value by the number of the "
             "kernel above it."),
            (right.cumsum(0), "Each sum still holds the ones before it: start again from 0 at every place."),
        ))  # fmt: skip
        require(
            _same(value, right),
            f"The number of values is right, but not the values: for {_list(signal)} and "
            f"{_list(kernel)} the first is {right[0]:.3f}, yours is {value[0]:.3f}.",
        )


def _list(values: Tensor) -> str:
    return "[" + ", ".join(f"{value:.2f}" for value in values) + "]"


@exercise("01.2")
def convolve(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """A function of (picture H×W, kernel kh×kw): the convolution of mathematics, (H − kh + 1)×(W −
    kw + 1).
    """
    require_function("01.2", "convolve", answer)
    for (height, width), (kh, kw) in (((6, 8), (3, 3)), ((7, 5), (2, 4)), ((4, 4), (1, 3))):
        generator = torch.Generator().manual_seed(height)
        picture = torch.randn(height, width, generator=generator)
        kernel = torch.randn(kh, kw, generator=generator)
        before, value = (picture.clone(), kernel.clone()), answer(picture, kernel)
        _tensor(value, "the result")
        require(
            torch.equal(picture, before[0]) and torch.equal(kernel, before[1]),
            "Your function changed the picture or the kernel that it was given: work on a copy.",
        )
        right = _slid(picture, kernel.flip(0, 1))
        shape, wanted = tuple(value.shape), tuple(right.shape)
        setting = f"a picture {height}×{width} and a kernel {kh}×{kw}"
        require(
            shape[-2:] != wanted or len(shape) == 2,
            f"The result has shape {shape}: take the batch and the channel off again, with [0, 0].",
        )
        require(
            shape != (height, width),
            f"No padding: for {setting} only the {wanted[0]}×{wanted[1]} places where the whole "
            "kernel fits are asked.",
        )
        require(
            shape != wanted[::-1] or wanted[0] == wanted[1],
            f"Height and width are swapped: {shape} in place of {wanted}.",
        )
        require(
            shape == wanted,
            f"For {setting} the kernel fits at {wanted[0]}×{wanted[1]} places; yours has shape "
            f"{shape}.",
        )
        turned = (kernel.T, kernel.T.flip(0, 1), kernel.rot90(), kernel.rot90(-1))
        _is_none_of(value, right, (
            (_slid(picture, kernel), "That is the cross-correlation: nothing is flipped."),
            (_slid(picture, kernel.flip(0)), "You flipped the rows of the kernel; flip the columns, too."),
            (_slid(picture, kernel.flip(1)), "You flipped the columns of the kernel; flip the rows, too."),
            *((_slid(picture, other), "Your kernel is turned by a quarter, or its rows have become columns; a "
               "convolution turns it by half a circle: flip(0, 1).") for other in turned if kh == kw),
            (right.flip(0, 1), "You flipped the result, or the picture; it is the kernel that is flipped."),
        ))  # fmt: skip
        require(_same(value, right), f"The shape is right, but not the values, for {setting}.")


@exercise("01.3")
def move_right(answer: Tensor) -> None:
    """A 3×3 kernel that moves a picture one pixel to the right, as ``F.conv2d(…, padding=1)`` uses
    it.
    """
    require(isinstance(answer, Tensor) or not callable(answer), "Give the kernel, not a function.")
    kernel = torch.as_tensor(answer, dtype=torch.float32)
    if kernel.ndim == 4 and kernel.shape[:2] == (1, 1):
        kernel = kernel[0, 0]
    require(
        kernel.shape == (3, 3),
        f"Give a kernel of 3×3 numbers; yours has shape {tuple(kernel.shape)}.",
    )
    used = kernel[kernel != 0]
    require(len(used) > 0, "All nine numbers are 0, and so will be the picture. One must not be.")
    require(
        len(used) == 1,
        "More than one number is not 0, so each new pixel is mixed from several old ones. A move "
        "needs only one.",
    )
    require(
        used.item() == 1,
        f"The picture gets {used.item():g} times as bright: the one number that is not 0 must be "
        "1.",
    )
    picture = torch.rand(6, 7, generator=torch.Generator().manual_seed(0))
    made = F.conv2d(picture[None, None], kernel[None, None], padding=1)[0, 0, 1:-1, 1:-1]
    swapped = "rows and columns are swapped: w[i, j] has the row first."
    for move, hint in {
        (0, 0): "Your kernel leaves the picture where it is.",
        (
            0,
            -1,
        ): "Your kernel moves the picture to the left. Conv2d does not flip, so the 1 must stand where the old "
        "pixel lies: at the left.",
        (-1, 0): f"Your kernel moves the picture up; {swapped}",
        (1, 0): f"Your kernel moves the picture down; {swapped}",
    }.items():
        require(not _same(made, picture.roll(move, (0, 1))[1:-1, 1:-1]), hint)
    require(
        _same(made, picture.roll((0, 1), (0, 1))[1:-1, 1:-1]),
        "Your kernel moves the picture along a diagonal: a corner looks at another row, too.",
    )


@exercise("01.4")
def my_conv2d(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
    """A function of (x N×C_in×H×W, weight C_out×C_in×kh×kw, bias C_out): what ``F.conv2d`` gives
    for them.
    """
    require_function("01.4", "my_conv2d", answer)
    for n, c_in, c_out, (height, width), (kh, kw) in (
        (2, 3, 4, (6, 8), (3, 3)),
        (1, 2, 5, (5, 4), (2, 3)),
        (3, 1, 1, (3, 6), (1, 2)),
    ):
        generator = torch.Generator().manual_seed(c_out)
        x = torch.randn(n, c_in, height, width, generator=generator)
        weight = torch.randn(c_out, c_in, kh, kw, generator=generator)
        bias = torch.randn(c_out, generator=generator)
        value = answer(x.clone(), weight.clone(), bias.clone())
        _tensor(value, "the maps")
        right = F.conv2d(x, weight, bias)
        shape, wanted = tuple(value.shape), tuple(right.shape)
        setting = f"for x {tuple(x.shape)} and weight {tuple(weight.shape)}"
        for wrong, hint in (
            ((n, c_out, wanted[3], wanted[2]), f"Height and width are swapped: {shape} in place of {wanted}."),
            ((n, c_out, height, width), f"Your maps are as large as x; without padding they are {wanted[2:]}."),
            ((n, c_in, *wanted[2:]), f"You return a map for each of the {c_in} channels that come in; add these up, "
             f"and make one for each of the {c_out} kernels."),
            ((n, *wanted[2:]), f"Keep the channels of the output, {c_out} of them: {wanted}, not {shape}."),
        ):  # fmt: skip
            require(shape != wrong or wrong == wanted, hint)
        require(
            len(shape) != 5,
            f"Five dimensions, {shape}, are one too many: add up over the channels in.",
        )
        require(shape == wanted, f"The shape should be {wanted} {setting}; yours is {shape}.")
        plain, b = F.conv2d(x, weight), bias.view(-1, 1, 1)
        _is_none_of(value, right, (
            (plain, "The bias is missing: add bias[o] to every value of map o."),
            (plain - b, "The bias is added, not subtracted."),
            (plain + c_in * b, "You add the bias once for every input channel; it is added once."),
            (plain / c_in + b, "You took the mean over the input channels; take the sum."),
            (F.conv2d(x, weight.flip(2, 3), bias), "You flipped the kernel; Conv2d slides it as it is."),
            *((F.conv2d(x[:, [k]], weight[:, [k]], bias), f"You use input channel {k} only: all {c_in} of them are "
               "added up.") for k in range(c_in)),
            *((F.conv2d(x, weight.mT, bias), "Rows and columns of the kernel are swapped: w[o, k, i, j] goes with "
               "x[n, k, r + i, c + j].") for _ in range(kh == kw)),
        ))  # fmt: skip
        require(_same(value, right), f"The shape is right, but not the values, {setting}.")


@exercise("01.5")
def count(answer: Callable[[int, int, int, int, int], tuple[int, int, int]]) -> None:
    """A function of (height, width, channels_in, channels_out, kernel): weights and biases of three
    kinds of layer.
    """
    require_function("01.5", "count", answer)
    for height, width, c_in, c_out, k in ((4, 6, 2, 5, 3), (64, 64, 3, 16, 5), (10, 7, 8, 4, 1)):
        value = answer(height, width, c_in, c_out, k)
        require_returned(value)
        require(
            isinstance(value, (tuple, list)) and len(value) == 3,
            "Return three numbers: fully connected, locally connected, convolution.",
        )
        pixels, window = height * width, c_in * k * k
        inputs, outputs = c_in * pixels, c_out * pixels
        right = (outputs * (inputs + 1), outputs * (window + 1), c_out * (window + 1))
        require(
            tuple(value) != right[::-1],
            "The order is turned around: fully connected, locally connected, convolution.",
        )
        require(
            tuple(value) != (outputs * inputs, outputs * window, c_out * window),
            "You counted the weights; every output (in a convolution, every map) has a bias as "
            "well.",
        )
        mistakes = (
            (c_out * (inputs + 1), "each map has one output for each pixel, not one in all."),
            (outputs * (pixels + 1), "each output looks at all channels of all pixels."),
            (inputs * (outputs + 1), "each output has a bias, not each input."),
            (outputs * inputs + c_out, "nothing is shared, so every single output has a bias of its own."),
            (outputs * inputs, "every output has a bias as well."),
        ), (
            (right[2], "the weights are not shared, so each place has its own."),
            (outputs * window + c_out, "nothing is shared, so every single output has a bias of its own."),
            (outputs * window, "every output has a bias as well."),
            (outputs * (k * k + 1), "a window goes through all input channels."),
            (outputs * (c_in * k + 1), "a window is a square: k rows of k pixels."),
        ), (
            (right[1], "the weights are the same at all places, so they count once."),
            (c_out * window + outputs, "all outputs of one map share the bias, too."),
            (c_out * window + 1, "every map has a bias of its own."),
            (c_out * window, "every map has a bias as well."),
            (c_out * (k * k + 1), "a kernel has a slice for every input channel."),
            (c_out * (c_in * k + 1), "a kernel is a square: k rows of k numbers."),
        )  # fmt: skip
        setting = f"for {c_in} maps of {height}×{width}, {c_out} out and a {k}×{k} kernel"
        kinds = ("Fully connected", "Locally connected", "Convolution")
        for kind, yours, mine, wrongs in zip(kinds, value, right, mistakes, strict=True):
            for wrong, hint in wrongs:
                require(yours != wrong or wrong == mine, f"{kind}: {hint}")
            require(yours == mine, f"{kind}: {setting} I count {mine:,}, you {yours}.")


@exercise("01.6")
def equivariance_error(answer: Callable[[Callable, Tensor, int, int], float]) -> None:
    """A function of (layer, x N×C×H×W, down, right): max |layer(move(x)) − move(layer(x))|, moving
    with ``roll``.
    """
    require_function("01.6", "equivariance_error", answer)
    generator = torch.Generator().manual_seed(16)
    x = torch.randn(2, 3, 6, 8, generator=generator)
    weight = torch.randn(4, 3, 3, 3, generator=generator)
    weight[3] *= 3  # the largest difference lies in the last map
    ramp = torch.arange(48.0).view(6, 8)

    def move(maps: Tensor, down: int, right: int) -> Tensor:
        return maps.roll((down, right), (2, 3))

    for layer, name in (
        (lambda maps: maps * ramp, "a layer that weighs each place by itself"),
        (lambda maps: F.conv2d(maps, weight, padding=1), "a convolution with zeros around the picture"),
    ):  # fmt: skip
        for down, right in ((2, 0), (0, 3), (1, -2), (0, 0)):
            untouched, value = x.clone(), answer(layer, x, down, right)
            require_returned(value)
            require(torch.equal(x, untouched), "Your function changed the batch that it was given.")
            require(
                isinstance(value, (int, float)) and not isinstance(value, bool),
                "Return a plain number, the largest difference; `.item()` makes one of a tensor.",
            )
            still, first = layer(x), layer(move(x, down, right))
            difference = first - move(still, down, right)
            largest = difference.abs().max()
            across = layer(move(x, right, down)) - move(still, right, down)
            back = layer(move(x, -down, -right)) - move(still, -down, -right)
            _is_none_of(torch.tensor(float(value)), largest, (
                ((first - still).abs().max(), "You compare the maps of the moved batch with those of the unmoved one. "
                 "That asks whether they stay the same (invariance); ask whether they move along."),
                ((still - move(still, down, right)).abs().max(), "The layer never sees the moved batch: compute "
                 "layer(move(x)) as well."),
                ((first - move(still, -down, -right)).abs().max(), "You moved the maps back instead of along."),
                (across.abs().max(), "Rows and columns are swapped: `down` moves dimension 2, `right` dimension 3."),
                (back.abs().max(), "You move up and to the left: roll by `down` and `right`, with a plus."),
                (difference.max(), "A difference can be negative: take its absolute value, then the largest."),
                (difference.abs().sum(), "Return the largest difference, not the sum of all."),
                (difference.abs().mean(), "Return the largest difference, not the mean."),
                (difference.norm(), "Return the largest absolute difference, not the root of the squares."),
            ))  # fmt: skip
            require(
                abs(value - largest.item()) < 1e-4,
                f"For {name}, moved by {down} down and {right} to the right, the largest "
                f"difference is {largest.item():.4f}; you have {value:.4f}.",
            )
