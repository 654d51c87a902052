"""Checkers of lesson 04, Backpropagation and optimizers: gradients (04.1, 04.2 and 04.4)."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import (
    FLOAT32,
    as_float64,
    require_choice,
    require_numbers,
    require_value,
    show,
)
from catdog_lib.exercises.random_inputs import generator
from catdog_lib.exercises.registry import exercise, require
from catdog_lib.from_scratch.autograd import Value


@exercise("04.1", is_prediction=True)
def gates(answer: object) -> str:
    """Check predicted derivatives of L = relu(a·b + c) + a·c with respect to a, b and c."""
    answer = require_numbers(answer, 3, "three numbers: ∂L/∂a, ∂L/∂b and ∂L/∂c")
    a, b, c = inputs = [Value(number) for number in (3.0, -2.0, 4.0)]
    loss = (a * b + c).relu() + a * c
    loss.backward()
    found = [value.grad.item() for value in inputs]
    mistakes = {
        "You went back through the ReLU. What arrives there in the forward pass, and is its gate "
        "open?": [[2.0, 3.0, 4.0], [-2.0, 3.0, 1.0]],
        "A multiply gate exchanges its inputs: a receives g times c, and c receives g times a.": [
            [3.0, 0.0, 4.0]
        ],
        "The ReLU stops one path only. a and c reach L along the other one, too: a·c.": [
            [0.0, 0.0, 0.0]
        ],
        "b reaches L only through the ReLU, and its gate is closed.": [
            [4.0, 3.0, 3.0],
            [4.0, 1.0, 3.0],
        ],
    }
    otherwise = f"Autograd finds other numbers than {show(answer)}; go along one path at a time."
    require_value(answer, found, mistakes, otherwise)
    return (
        f"Forward, L = {loss.data:g}; backward, autograd finds {show(found)}: the ReLU got "
        f"{a.data * b.data + c.data:g}, so its path is closed, and a·c exchanges its inputs."
    )


@exercise("04.2", "kernel_gradient")
def kernel_gradient(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Check a function of (x, g): the gradient of a convolution's kernels, O×C×k×k."""
    rng = generator(4)
    for n, c, o, high, wide, k in ((1, 1, 1, 5, 6, 3), (2, 3, 4, 6, 5, 2), (2, 2, 3, 6, 7, 4)):
        x = torch.randn(n, c, high, wide, generator=rng)
        g = torch.randn(n, o, high - k + 1, wide - k + 1, generator=rng)
        value = as_float64(ask(answer, x, g, keeps="x or g"))
        patches = x.double().unfold(2, k, 1).unfold(3, k, 1)  # N×C×rows×columns×k×k
        right = torch.einsum("norq,ncrqij->ocij", g.double(), patches)
        found, shape = tuple(value.shape), (o, c, k, k)
        require(
            found != (c, o, k, k) or c == o,
            f"You return C×O×k×k, {found}; kernels are O×C×k×k: swap the first two axes.",
        )
        require(
            found == shape,
            f"For x of {tuple(x.shape)} and g of {tuple(g.shape)} the kernels, and so their "
            f"gradient, have the shape {shape}; yours has {found}.",
        )
        turned = right.flip(2, 3)
        places = g.shape[2] * g.shape[3]
        mistakes = {
            "Your kernels are flipped: w[i, j] met x[r + i, c + j], with plus signs.": turned,
            "Your kernels are transposed: i counts rows and comes before j.": right.mT,
            "You averaged over the images; every image pulls at the kernel, so they add up.": [
                right / n
            ],
            "You averaged over the places of the map; a kernel is used at all of them, and its "
            "gradients add up.": [right / places, right / (n * places)],
            "The sign is wrong: give ∂L/∂w itself, not the step against it.": -right,
            "You took only the first image; the kernel is used in all of them.": torch.einsum(
                "orq,crqij->ocij", g[0].double(), patches[0]
            ),
            "You added up the pixels under each weight; first multiply each by g at its place.": (
                patches.sum((0, 2, 3)).expand(shape)
            ),
        }
        otherwise = (
            "Not what autograd finds. Each weight w[o, c, i, j] gets the sum over all images and "
            "places of g, times the pixel that the weight met there."
        )
        require_value(value, right, mistakes, otherwise, **FLOAT32)


@exercise("04.4")
def stuck_curve(answer: object) -> str:
    """Check which of four curves of a network with ten classes has a second softmax."""
    floor = math.log(1 + 9 / math.e)
    smoothed = -(0.91 * math.log(0.91) + 9 * 0.01 * math.log(0.01))
    lead = "Work out the floor for ten classes: the second softmax receives one 1 and nine zeros."
    require_choice(
        answer,
        "B",
        {
            "A": f"A settles near {smoothed:.2f}. {lead} (A has another floor: label smoothing.)",
            "B": "",
            "C": f"C has hardly left ln 10 = {math.log(10):.2f}, the loss of a network that knows "
            "nothing. A network with a second softmax does learn, and then stops. " + lead,
            "D": "D goes on towards 0, as a loss should. " + lead,
        },
    )
    one_hot = F.cross_entropy(torch.eye(10)[:1], torch.tensor([0]))
    return f"The floor is ln(1 + 9/e) = {floor:.4f}; PyTorch says {one_hot:.4f}."
