"""Typical wrong answers to the exercises of lesson 05, each with a piece of its hint."""

import math

import torch
from torch import nn

from tests.exercises.banks.common import no_return


def soft(w, t):
    return w.sign() * (w.abs() - t).clamp(min=0)


# 05.1: an SGD step on the loss and the penalty
def in_place_step(w, g, lr, lam):
    w -= lr * (g + lam * w.sign())
    return w


STEP = [
    (lambda w, g, lr, lam: w - lr * g, "where is the penalty"),
    (lambda w, g, lr, lam: w - lr * lam * w.sign(), "step on the penalty alone"),
    (lambda w, g, lr, lam: w + lr * (g + lam * w.sign()), "uphill"),
    (lambda w, g, lr, lam: w - lr * (g - lam * w.sign()), "pulls towards 0"),
    (lambda w, g, lr, lam: w - lr * (g + lam), "not 1 everywhere"),
    (lambda w, g, lr, lam: w - lr * (g + lam * w.abs()), "the step needs its slope"),
    (lambda w, g, lr, lam: w - lr * (g + lam * w), "slope of the L2 penalty λ/2"),
    (lambda w, g, lr, lam: w - lr * (g + 2 * lam * w), "slope of the L2 penalty λ·w²"),
    (lambda w, g, lr, lam: w - lr * g - lam * w.sign(), "multiplies the slope of the penalty"),
    (lambda w, g, lr, lam: g + lam * w.sign(), "now take a step"),
    (lambda w, g, lr, lam: w - lr * (g + lam * torch.where(w < 0, -1.0, 1.0)), "take the slope 0"),
    (lambda w, g, lr, lam: soft(w - lr * g, lr * lam), "plain SGD"),
    (lambda w, g, lr, lam: w - 0.5 * (g + 0.25 * w.sign()), "lr=0.1 and lam=2.0 should become"),
    (lambda w, g, lr, lam: (w - lr * (g + lam * w.sign())).sum(), "of shape"),
    (lambda w, g, lr, lam: w - lr * (g + lam * w / w.abs()), "NaN"),
    (lambda w, g, lr, lam: 0.5, "yours is float"),
    (in_place_step, "changed the weights"),
    (no_return, "returns None"),
    (1.0, "Give the function itself"),
]


# 05.2: the soft threshold
def in_place_threshold(w, t):
    w.copy_(soft(w, t))
    return w


SOFT = [
    (lambda w, t: torch.where(w.abs() <= t, 0.0, w), "hard threshold"),
    (lambda w, t: torch.where(w.abs() < t, 0.0, w), "hard threshold"),
    (lambda w, t: w - t * w.sign(), "other side of 0"),
    (lambda w, t: (w.abs() - t).clamp(min=0), "lost their sign"),
    (lambda w, t: (w - t).clamp(min=0), "you cut them off"),
    (lambda w, t: w.clamp(-t, t), "kept what should be taken away"),
    (lambda w, t: w / (1 + t), "as L2 does"),
    (lambda w, t: w.sign() * (w.abs() + t), "became larger"),
    (lambda w, t: w / w.abs() * (w.abs() - t).clamp(min=0), "NaN"),
    (lambda w, t: soft(w, 1.0), "With threshold 0.75"),
    (lambda w, t: soft(w, t).flatten(), "of shape"),
    (lambda w, t: soft(w, t).tolist(), "yours is list"),
    (in_place_threshold, "changed the weights"),
    (no_return, "returns None"),
    (torch.zeros(3), "Give the function itself"),
]


# 05.3: where a/2·(w − w0)² + lam·|w| is lowest
def shrunk(w0, by):
    return math.copysign(max(abs(w0) - by, 0), w0)


def height(w0, a, lam):
    w = shrunk(w0, lam / a)
    return a / 2 * (w - w0) ** 2 + lam * abs(w)


MINIMISER = [
    (lambda w0, a, lam: w0, "without the penalty"),
    (lambda w0, a, lam: shrunk(w0, lam), "left out the curvature"),
    (lambda w0, a, lam: shrunk(w0, lam * a), "on the wrong side"),
    (lambda w0, a, lam: shrunk(w0, lam / (2 * a)), "Half as far"),
    (lambda w0, a, lam: shrunk(w0, 2 * lam / a), "Twice as far"),
    (lambda w0, a, lam: a * w0 / (a + lam), "L2 penalty lam/2"),
    (lambda w0, a, lam: a * w0 / (a + 2 * lam), "L2 penalty lam·w²"),
    (lambda w0, a, lam: max(abs(w0) - lam / a, 0), "sign of w0 got lost"),
    (lambda w0, a, lam: max(w0 - lam / a, 0), "you cut it off"),
    (lambda w0, a, lam: w0 - lam / a, "For a negative w0"),
    (lambda w0, a, lam: w0 - math.copysign(lam / a, w0), "You went past 0"),
    (height, "the question is where"),
    (lambda w0, a, lam: 7, "lowest point is at 2.2; you say 7"),
    (no_return, "returns None"),
    (2.5, "Give the function itself"),
]


# 05.4: the share of exact zeros
def count(tensors):
    tensors = list(tensors)
    return sum(int((t == 0).sum()) for t in tensors), sum(t.numel() for t in tensors)


def share(tensors):
    zeros, numbers = count(tensors)
    return zeros / numbers


def layers(model, *kinds):
    return [m for m in model.modules() if isinstance(m, kinds or (nn.Conv2d, nn.Linear))]


def weights(model, *kinds):
    return [layer.weight for layer in layers(model, *kinds)]


def of_the_outer_modules_only(model):
    return share([m.weight for m in model if isinstance(m, nn.Conv2d | nn.Linear)] or [model])


def mean_over_layers(model):
    shares = [share([weight]) for weight in weights(model)]
    return sum(shares) / len(shares)


def with_nearly_zero(model):
    small = sum(int((weight.abs() < 1e-3).sum()) for weight in weights(model))
    return small / count(weights(model))[1]


ZEROS = [
    (lambda model: share(model.parameters()), "BatchNorm's parameters and the biases"),
    (lambda model: share(model.state_dict().values()), "buffers"),
    (
        lambda model: share(p for layer in layers(model) for p in layer.parameters()),
        "a bias is no connection",
    ),
    (lambda model: count(weights(model))[0], "number of zeros; divide"),
    (
        lambda model: count(weights(model))[0] / count(model.parameters())[1],
        "by the number of all parameters",
    ),
    (lambda model: 100 * share(weights(model)), "not a percentage"),
    (lambda model: 1 - share(weights(model)), "that are left"),
    (mean_over_layers, "averaged over layers"),
    (lambda model: share(weights(model, nn.Conv2d)), "convolution only"),
    (lambda model: share(weights(model, nn.Linear)), "one layer only"),
    (with_nearly_zero, "count exact zeros"),
    (lambda model: 0.3, "11 of these 70 weights are 0"),
    (lambda model: 11 / 70, "inside an inner module"),
    (lambda model: share(m.weight for m in model if isinstance(m, nn.Conv2d | nn.Linear)), "Error"),
    (no_return, "returns None"),
    (11 / 70, "Give the function itself"),
]


# 05.5: the soft threshold of whole filters
def shorten(w, t, length):
    return w * (1 - t / length.clamp(min=1e-12)).clamp(min=0)


def lengths(w, dims=(1, 2, 3)):
    return w.square().sum(dims, keepdim=True).sqrt()


def in_place_groups(w, t):
    w.copy_(shorten(w, t, lengths(w)))
    return w


GROUPS = [
    (soft, "as a whole"),
    (lambda w, t: torch.where(lengths(w) <= t, 0.0, w), "shortened by the threshold as well"),
    (lambda w, t: w * (1 - t / lengths(w).clamp(min=1e-12)), "turned round"),
    (lambda w, t: shorten(w, t, w.norm()), "not of all weights together"),
    (lambda w, t: shorten(w, t, lengths(w, (0, 2, 3))), "by input channel"),
    (lambda w, t: shorten(w, t, lengths(w, (2, 3))), "one for every input channel"),
    (lambda w, t: shorten(w, t, w.abs().sum((1, 2, 3), keepdim=True)), "not Σ"),
    (lambda w, t: shorten(w, t, lengths(w) ** 2), "a root is missing"),
    (lambda w, t: w / (1 + t), "leaves none at 0"),
    (lambda w, t: w / lengths(w) * (lengths(w) - t).clamp(min=0), "NaN"),
    (lambda w, t: shorten(w, 0.75, lengths(w)), "With threshold 0.625"),
    (lambda w, t: shorten(w, 2 * t, lengths(w)), "length 3.25"),
    (lambda w, t: shorten(w, t, lengths(w))[:3], "of shape"),
    (in_place_groups, "changed the weights"),
    (no_return, "returns None"),
    (torch.zeros(3), "Give the function itself"),
]


# 05.6: parameters that are left
def conv(channels_in, channels_out, kernel):
    return channels_out * (channels_in * kernel * kernel + 1)


def left(i, c, r, n, k):
    return conv(i, c - r, k) + 2 * (c - r) + conv(c - r, n, k)


def whole(i, c, r, n, k):
    return left(i, c, 0, n, k)


def by(change):
    """Return an answer that is off by ``change(channels_in, channels, removed, next, kernel)``."""
    return lambda *numbers: left(*numbers) + change(*numbers)


PRUNED = [
    (whole, "before anything is removed"),
    (lambda *numbers: whole(*numbers) - left(*numbers), "how many are saved"),
    (by(lambda i, c, r, n, k: conv(c, n, k) - conv(c - r, n, k)), "next convolution loses inputs"),
    (by(lambda i, c, r, n, k: conv(c - r, c - r, k) - conv(c - r, n, k)), "keeps its filters"),
    (by(lambda i, c, r, n, k: -conv(c - r, n, k)), "Count the next convolution"),
    (lambda i, c, r, n, k: conv(i, c - r, k), "Count BatchNorm and the next"),
    (by(lambda i, c, r, n, k: -2 * (c - r)), "a scale and a shift for each channel that is left"),
    (by(lambda i, c, r, n, k: 2 * r), "no scale and no shift"),
    (by(lambda i, c, r, n, k: -(c - r)), "two numbers for each channel"),
    (by(lambda i, c, r, n, k: 2 * (c - r)), "buffers"),
    (by(lambda i, c, r, n, k: -n), "bias for each of its filters"),
    (by(lambda i, c, r, n, k: -n - (c - r)), "Both convolutions have biases"),
    (by(lambda i, c, r, n, k: r), "takes its bias with it"),
    (by(lambda i, c, r, n, k: 1), "I count"),
    (lambda i, c, r, n, k: 1531, "I count"),
    (no_return, "returns None"),
    (1531, "Give the function itself"),
]

BANKS = {
    "05.1": STEP,
    "05.2": SOFT,
    "05.3": MINIMISER,
    "05.4": ZEROS,
    "05.5": GROUPS,
    "05.6": PRUNED,
}
