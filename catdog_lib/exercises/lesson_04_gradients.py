"""Checkers of lesson 04, Backpropagation and optimizers: gradients (04.1 to 04.4)."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import require_tensor, require_value, show
from catdog_lib.exercises.registry import exercise


@exercise("04.1", "slope")
def slope(answer: Callable[[float, float, float], float]) -> None:
    """Check a function of (w, x, t): the derivative of (tanh(w·x) − t)² with respect to w."""
    for w, x, t in ((0.3, 1.7, 0.9), (-0.7, 0.5, 0.2), (0.4, -1.5, -0.1)):
        value = ask(answer, w, x, t)
        y = math.tanh(w * x)
        of_y, of_u = 2 * (y - t), 2 * (y - t) * (1 - y**2)
        right = of_u * x
        mistakes = {
            "That is the loss itself; I want its derivative in w.": (y - t) ** 2,
            "That is the derivative in y = tanh(w·x). Go on: how does y change with w?": of_y,
            "That is the derivative in u = w·x. One step is left: how does u change with w?": of_u,
            "The slope of tanh is missing: 1 − tanh².": of_y * x,
            "The square brings a factor of 2.": right / 2,
            "The sign: the loss grows with y where y is above t, so y − t and not t − y.": -right,
            "That is the derivative with respect to x; that of w·x in w is x.": of_u * w,
            "The slope of tanh u is 1 − tanh² u.": of_y * (1 - y) * x,
            "In 1 − tanh² the square is that of y = tanh(w·x), not of w·x.": (
                of_y * (1 - (w * x) ** 2) * x
            ),
        }
        setting = f"For w = {w}, x = {x} and t = {t}"
        otherwise = f"{setting} the slope is {show(right)}, yours is {show(value)}."
        require_value(value, right, mistakes, otherwise)


@exercise("04.2", "max_pool_backward")
def max_pool_backward(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Check a function of (x, g): the gradient of x before a max-pooling of 2×2 windows.

    The gradient of what comes out of the pooling is g.
    """
    generator = torch.Generator().manual_seed(4)
    for n, channels, high, wide in ((1, 1, 4, 4), (2, 3, 4, 6)):
        # All numbers differ, and half of them are below 0.
        count = n * channels * high * wide
        x = torch.randperm(count, generator=generator).float().view(n, channels, high, wide)
        x = x / 4 - count / 8
        g = torch.randn(n, channels, high // 2, wide // 2, generator=generator)
        value = ask(answer, x, g, keeps="x or g")
        what = "the gradient of x, which has the shape of the maps x"
        require_tensor(value, tuple(x.shape), what)
        largest, winner = F.max_pool2d(x, 2, return_indices=True)
        smallest = F.max_pool2d(-x, 2, return_indices=True)[1]
        right = F.max_unpool2d(g, winner, 2)
        spread = g.repeat_interleave(2, 2).repeat_interleave(2, 3)
        mistakes = {
            "You gave g to all four of a window's pixels; only the winner gets it.": spread,
            "You shared g out evenly, as mean-pooling does; the winner gets it all.": spread / 4,
            "You marked the winners with 1; each gets its window's g.": (right != 0).float(),
            "You put the maximum itself in its place; what goes back is g.": (
                F.max_unpool2d(largest, winner, 2)
            ),
            "The winner went into the output as it is, so g is not multiplied by x.": right * x,
            "That is ReLU's backward pass: positive or not. Here the largest of each window "
            "counts.": spread * (x > 0),
            "You gave g to the smallest of each window; the largest goes into the output.": (
                F.max_unpool2d(g, smallest, 2)
            ),
            "You looked for the largest of a whole map; every window has a winner of its own.": (
                spread * (x == x.amax((2, 3), keepdim=True))
            ),
        }
        otherwise = (
            "Not what autograd finds: each g goes, whole, to the largest number of its own window."
        )
        require_value(value, right, mistakes, otherwise)


@exercise("04.3", "loss_gradient")
def loss_gradient(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Check a function of (logits N×K, N labels): the gradient of the mean cross-entropy.

    It is the gradient with respect to the logits.
    """
    generator = torch.Generator().manual_seed(4)
    for n, classes in ((4, 3), (6, 2)):
        logits = 2 * torch.randn(n, classes, generator=generator)
        labels = torch.arange(n) % classes
        value = ask(answer, logits, labels, keeps="the logits or the labels")
        require_tensor(value, (n, classes), "the gradient, which has the shape of the logits")
        p, q = logits.softmax(1), F.one_hot(labels, classes)
        mistakes = {
            "That is the gradient of the sum; the loss is the mean over the batch.": p - q,
            "The sign: what it says minus what it should say.": (q - p) / n,
            "Divide by the number of images, not of all logits.": (p - q) / (n * classes),
            "You divided by the number of classes; the mean is over images.": (p - q) / classes,
            "Subtract 1 in the column of the true class.": p / n,
            "The network's answer is probabilities: apply softmax first.": (logits - q) / n,
            "Softmax over the classes of each image, dim=1; you took it over the images.": (
                (logits.softmax(0) - q) / n
            ),
            "The logarithm is gone from the gradient: p itself, not log p.": (
                (logits.log_softmax(1) - q) / n
            ),
            "Sigmoid looks at each logit alone; the probabilities of softmax add up to 1.": (
                (logits.sigmoid() - q) / n
            ),
        }
        otherwise = "Not what autograd finds: (p − q) / N, row by row."
        require_value(value, (p - q) / n, mistakes, otherwise)


@exercise("04.4", "lowest_loss")
def lowest_loss(answer: Callable[[int], float]) -> None:
    """Check a function of the number of classes: the lowest loss when softmax is applied twice."""
    for classes in (10, 3, 2, 1000):
        value, others = ask(answer, classes), classes - 1
        right = math.log(1 + others / math.e)
        mistakes = {
            "With one softmax the loss can come down to 0; the second one gets only 1 and 0.": 0.0,
            "That is the loss of a network that knows nothing; this one is perfect.": math.log(
                classes
            ),
            "That is the probability of the true class; the loss is −ln of it.": (
                math.e / (math.e + others)
            ),
            "The sign: −ln of a number below 1 is positive.": -right,
            "That is the highest loss, of an answer that is sure and wrong.": (
                math.log(1 + others * math.e)
            ),
            "The true class is not one of the others: K − 1 of them have e⁰ = 1.": (
                math.log(1 + classes / math.e)
            ),
            "Cross-entropy uses the natural logarithm, base e, not 2.": right / math.log(2),
            "Cross-entropy uses the natural logarithm, base e, not 10.": right / math.log(10),
            "You left out the logit of the true class, which is 1.": math.log(math.e + others),
            "That is the floor for two classes; with more of them, more zeros share the "
            "probability.": math.log(1 + 1 / math.e),
        }
        otherwise = (
            f"With {classes} classes the second softmax gets one 1 and {others} zeros; −ln of what "
            f"it gives the true class is {show(right)}, you have {show(value)}."
        )
        require_value(value, right, mistakes, otherwise)
