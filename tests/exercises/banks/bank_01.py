"""Typical wrong answers to the exercises of lesson 01, each with a piece of its hint."""

from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from catdog_lib.exercises.lesson_01_kernels import NINE, SPOTS
from catdog_lib.from_scratch.conv import conv2d_loops
from tests.exercises.banks.common import no_return


# 01.1: cross-correlation in one dimension
def slid(signal, kernel, stride=1, padding=0):
    return F.conv1d(signal[None, None], kernel[None, None], stride=stride, padding=padding)[0, 0]


def running_total(signal, kernel):
    total, sums = 0, []
    for t in range(len(signal) - len(kernel) + 1):
        for i in range(len(kernel)):
            total = total + kernel[i] * signal[t + i]
        sums.append(total)
    return torch.stack(sums)


def first_product_only(signal, kernel):
    return torch.stack([signal[t] * kernel[0] for t in range(len(signal) - len(kernel) + 1)])


def last_place_forgotten(signal, kernel):
    k = len(kernel)
    return torch.stack([(signal[t : t + k] * kernel).sum() for t in range(len(signal) - k)])


def in_place(signal, kernel):
    signal *= 2
    return slid(signal, kernel) / 2


CORRELATE = [
    (lambda s, k: slid(s, k.flip(0)), "You flipped the kernel"),
    (lambda s, k: slid(s.flip(0), k.flip(0)), "in reverse order"),
    (lambda s, k: slid(s.flip(0), k), "not the values"),
    (last_place_forgotten, "The last place is missing"),
    (lambda s, k: slid(s, k, padding=len(k) // 2)[: len(s)], "the kernel sticks out"),
    (lambda s, k: slid(s, k, padding=len(k) - 1), "only part of the kernel"),
    (lambda s, k: slid(s, k, stride=len(k)), "there are 5 places"),
    (lambda s, k: slid(s, k) / len(k), "the mean of the products"),
    (lambda s, k: slid(s, torch.ones_like(k)), "You added up the signal"),
    (running_total, "start again from 0"),
    (first_product_only, "not the values: for .*, value \\d"),
    (lambda s, k: slid(s, k).abs(), "not the values"),
    (lambda s, k: slid(s, k)[0], "one number for each of the 5 places"),
    (lambda s, k: (s[: len(k)] * k).sum(), "one number for each"),
    (lambda s, k: slid(s, k)[None], "one number for each"),
    (lambda s, k: slid(s, k).tolist(), "as a tensor"),
    (in_place, "changed the signal"),
    (no_return, "returns None"),
    (torch.zeros(5), "Give the function itself"),
    (lambda s, k: s @ k, "RuntimeError"),
]


# 01.2: two bright pixels under a kernel
TWO_SPOTS = [
    ([[5, 6], [8, 17]], "wrong at row 0, column 1"),
    (F.conv2d(SPOTS[None, None], NINE.flip(0, 1)[None, None])[0, 0], "You flipped the kernel"),
    ([[5, 2], [22, 13]], "Rows and columns are swapped"),
    ([[5, 13], [2, 7]], "as if it were 1"),
    ([[5, 4], [2, 1]], "only the pixel of value 1"),
    ([[0, 18], [0, 12]], "only the pixel of value 2"),
    ([5, 22, 2, 13], "two rows of two numbers"),
    (torch.zeros(4, 4), "two rows of two numbers"),
    ("22", "expected numbers"),
    (None, "expected numbers"),
]


# 01.3: a kernel that moves the image to the right
def one_at(row, column, value=1.0):
    kernel = torch.zeros(3, 3)
    kernel[row, column] = value
    return kernel


MOVE_RIGHT = [
    ("left", "expected numbers, not 'left'"),
    (None, "expected numbers, not None"),
    (one_at(1, 2), "to the left"),
    (one_at(0, 1), "the image down; rows and columns are swapped"),
    (one_at(2, 1), "the image up; rows and columns are swapped"),
    (one_at(1, 1), "leaves the image where it is"),
    (one_at(0, 0), "along a diagonal"),
    (one_at(2, 0), "along a diagonal"),
    (one_at(0, 2), "along a diagonal"),
    (one_at(1, 0, -1.0), "-1 times as bright"),
    (one_at(1, 0, 255.0), "255 times as bright"),
    (one_at(1, 0) - one_at(1, 2), "mixed from several old ones"),
    ([[0, 0, 0], [1, 1, 0], [0, 0, 0]], "mixed from several old ones"),
    (torch.ones(3, 3) / 9, "mixed from several old ones"),
    (torch.zeros(3, 3), "All nine numbers are 0"),
    (torch.tensor([1.0, 0, 0]), r"3×3 numbers; yours has shape \(3,\)"),
    (one_at(1, 0).flatten(), "3×3 numbers"),
    (F.pad(one_at(1, 0), (1, 1, 1, 1)), r"yours has shape \(5, 5\)"),
    (lambda image: image.roll(1, 1), "not a function"),
]


# 01.4: which kernel made which map
MADE_BY = {"A": "edges ↓", "B": "Laplace", "C": "blur", "D": "edges ←", "E": "sharpen"}
MAPS = [
    (MADE_BY | {"D": "edges →"}, "right that its edges are vertical"),
    (MADE_BY | {"A": "edges →"}, "Map A: the map of this kernel is bright where .* to the right"),
    (MADE_BY | {"A": "edges ←"}, "Map A: the map of this kernel is bright where .* to the left"),
    (MADE_BY | {"B": "sharpen"}, "Map B: sharpening keeps the greys"),
    (MADE_BY | {"C": "sharpen", "E": "blur"}, "Map C: sharpening keeps"),
    (MADE_BY | {"E": "Laplace"}, "Map E: a Laplace kernel"),
    (MADE_BY | {"E": "Sobel"}, "Give one of"),
    (MADE_BY | {"E": 3}, "Give one of"),
    ({"A": "edges ↓"}, "Map B is missing"),
    (["edges ↓"], "Give a dict"),
    (None, "Give a dict"),
]


# 01.5: conv2d as a matrix product, mended
def by_patches(x, weight, bias, padding, sides="all", rows="kernels", bias_of="map"):
    around = {
        "all": [padding] * 4,
        "columns": [padding, padding],
        "rows": [0, 0, padding, padding],
        "none": [0, 0],
    }[sides]
    x = F.pad(x, around)
    (n, _, height, width), (out, _, kh, kw) = x.shape, weight.shape
    matrix = weight.reshape(out, -1) if rows == "kernels" else weight.reshape(-1, out).T
    y = matrix @ F.unfold(x, (kh, kw)) + (bias[:, None] if bias_of == "map" else 0)
    return y.reshape(n, out, height - kh + 1, width - kw + 1)


def as_given(x, weight, bias, padding):
    x = F.pad(x, (padding, padding))
    (n, _, height, width), (out, _, kh, kw) = x.shape, weight.shape
    y = weight.reshape(-1, out).T @ F.unfold(x, (kh, kw)) + bias
    return y.reshape(n, out, height - kh + 1, width - kw + 1)


def padded_by_border(x, weight, bias, padding):
    if padding:
        x = F.pad(x, [padding] * 4, mode="replicate")
    return by_patches(x, weight, bias, 0)


def without_the_sum(x, weight, bias, padding):
    x = F.pad(x, [padding] * 4)
    maps = [F.conv2d(x[:, c : c + 1], weight[:, c : c + 1]) for c in range(x.shape[1])]
    return torch.stack(maps, 2) + bias.view(-1, 1, 1, 1)


PATCHES = [
    (without_the_sum, "five dimensions"),
    (as_given, "RuntimeError"),
    (partial(by_patches, sides="columns"), "to the columns only"),
    (partial(by_patches, sides="rows"), "to the rows only"),
    (partial(by_patches, sides="none"), "not added at all"),
    (partial(by_patches, rows="mixed"), "not the kernels"),
    (partial(by_patches, bias_of="none"), "The bias is missing"),
    (lambda x, w, b, p: by_patches(x, w, -b, p), "You subtract the bias"),
    (padded_by_border, "must be zeros"),
    (lambda x, w, b, p: by_patches(x, w.flip(2, 3), b, p), "You flipped the kernel"),
    (lambda x, w, b, p: by_patches(x, w.mT, b, p), "columns of the kernel are swapped"),
    (lambda x, w, b, p: by_patches(x, w, b, p).mT, "Height and width are swapped"),
    (lambda x, w, b, p: by_patches(x, w, b, p).relu(), "not the values"),
    (lambda x, w, b, p: by_patches(x, w[:1], b[:1], p), "The shape should be"),
    (lambda x, w, b, p: by_patches(x, w, b, p)[:, :3], "not for each input channel"),
    (lambda x, w, b, p: by_patches(x, w.mul_(2), b, p), "changed x, the weight or the bias"),
    (lambda x, w, b, p: by_patches(x, w, b, p).tolist(), "as a tensor"),
    (no_return, "returns None"),
    (torch.zeros(2, 5, 4, 6), "Give the function itself"),
]


# 01.6: what moves with the image
ALONG = {
    "relu": True,
    "1×1 convolution": True,
    "zero padding": False,
    "column number": False,
    "subtract the mean": True,
    "pool, moved by 2": True,
}
MOVES_ALONG = [
    (ALONG | {"relu": False}, "'relu': measured, the output moves with it"),
    (ALONG | {"1×1 convolution": False}, "with the same weights at every pixel"),
    (ALONG | {"zero padding": True}, "does not move with it. The zeros"),
    (ALONG | {"column number": True}, "The factor depends on the place"),
    (ALONG | {"subtract the mean": False}, "does not change the mean"),
    (ALONG | {"pool, moved by 2": False}, "exactly one step of the window"),
    ({"relu": True}, "'1×1 convolution' is missing"),
    (ALONG | {"relu": "yes"}, "give True or False"),
    (ALONG | {"relu": 2}, "give True or False; you gave 2"),
    ([True], "Give a dict"),
    (None, "Give a dict"),
]


# right answers in other styles
def correlate_in_numpy_style(signal, kernel):
    return signal.unfold(0, len(kernel), 1) @ kernel


def correlate_by_hand(signal, kernel):
    k = len(kernel)
    return torch.tensor(
        [
            sum(float(signal[t + i] * kernel[i]) for i in range(k))
            for t in range(len(signal) - k + 1)
        ]
    )


def correlate_by_a_layer(signal, kernel):
    """A new layer draws first weights, before it gets these."""
    layer = nn.Conv1d(1, 1, len(kernel), bias=False)
    layer.weight.data = kernel.float()[None, None]
    return layer(signal.float()[None, None]).detach().flatten()


def patches_by_a_layer(x, weight, bias, padding):
    layer = nn.Conv2d(x.shape[1], len(weight), weight.shape[2:], padding=padding)
    layer.weight.data, layer.bias.data = weight, bias
    return layer(x).detach()


RIGHT_ANSWERS = {
    "01.1": [
        slid,
        correlate_in_numpy_style,
        correlate_by_hand,
        lambda s, k: slid(s, k).double(),
        correlate_by_a_layer,
    ],
    "01.2": [
        ((5.0, 22.0), (2.0, 13.0)),
        np.array([[5, 22], [2, 13]]),
        torch.tensor([[5, 22], [2, 13]]),
    ],
    "01.3": [
        one_at(1, 0),
        [[0, 0, 0], [1, 0, 0], [0, 0, 0]],
        np.array([[0, 0, 0], [1, 0, 0], [0, 0, 0]]),
        one_at(1, 0)[None, None],
    ],
    "01.4": [
        MADE_BY,
        dict(reversed(MADE_BY.items())),
        {letter.lower(): name.upper() for letter, name in MADE_BY.items()},
    ],
    "01.5": [
        lambda x, w, b, p: F.conv2d(x, w, b, padding=p),
        by_patches,
        patches_by_a_layer,
        lambda x, w, b, p: conv2d_loops(x, w, b, padding=p),
    ],
    "01.6": [
        ALONG,
        {name: np.bool_(moves) for name, moves in ALONG.items()},
        {name: int(moves) for name, moves in ALONG.items()},
        {name.replace("×", "x"): torch.tensor(moves) for name, moves in ALONG.items()},
        dict(reversed(ALONG.items())),
    ],
}

BANKS = {
    "01.1": CORRELATE,
    "01.2": TWO_SPOTS,
    "01.3": MOVE_RIGHT,
    "01.4": MAPS,
    "01.5": PATCHES,
    "01.6": MOVES_ALONG,
}

# what the checker says of the notebook's solution
REPLIES = {
    "01.2": "F.conv2d gives [[5, 22], [2, 13]].",
    "01.6": "4 of 6 move with it.",
}
