"""Checkers of lesson 05, L1 regularization: what is zero and what is left (05.4 and 05.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from catdog_lib.exercises.calling import ask, seeded
from catdog_lib.exercises.checking import require_value, same, show
from catdog_lib.exercises.registry import exercise, require


@exercise("05.4", "zeros_of")
def share_of_zeros(answer: Callable[[nn.Module], float]) -> None:
    """Check a function of a network: the share of exact zeros among its weights.

    These are the weights of its convolutions and linear layers.
    """
    model = _network_with_zeros()
    value = ask(answer, model)
    weights, biases = ([getattr(model[i], name) for i in (0, 4)] for name in ("weight", "bias"))
    zeros, count = _zeros(weights)
    everything = list(model.parameters())
    mistakes = {
        "You counted BatchNorm's parameters and the biases; a zero there removes no connection.": (
            _share(everything)
        ),
        "state_dict has BatchNorm's buffers, too; take Conv2d and Linear only.": (
            _share(model.state_dict().values())
        ),
        "You counted the biases; a bias is no connection.": _share([*weights, *biases]),
        "You divided by the number of all parameters; divide by that of the weights.": (
            zeros / _zeros(everything)[1]
        ),
        "That is the number of zeros; divide by the number of weights.": float(zeros),
        "Return a share between 0 and 1, not a percentage.": 100 * zeros / count,
        "That is the share of the weights that are left.": 1 - zeros / count,
        "You averaged over layers; count all weights together.": (
            (_share(weights[:1]) + _share(weights[1:])) / 2
        ),
        "You looked at the convolution only; linear layers have weights, too.": _share(weights[:1]),
        "You looked at one layer only.": _share(weights[1:]),
        "You counted weights that are small, but not 0; count exact zeros.": (zeros + 4) / count,
    }
    share = show(zeros / count)
    otherwise = f"{zeros} of these {count} weights are 0: {share}; you have {show(value)}."
    require_value(value, zeros / count, mistakes, otherwise)
    with seeded(5):
        inside = nn.Sequential(nn.Sequential(nn.Linear(4, 2)))
    nn.init.ones_(inside[0][0].weight[:, :2])
    nn.init.zeros_(inside[0][0].weight[:, 2:])
    require(
        same(ask(answer, inside), 0.5),
        "In another network, with a layer inside an inner module, the count is wrong: go through "
        "model.modules().",
    )


def _zeros(tensors: Iterable[Tensor]) -> tuple[int, int]:
    """Return how many numbers are 0, and how many there are."""
    tensors = list(tensors)
    return sum(int((t == 0).sum()) for t in tensors), sum(t.numel() for t in tensors)


def _share(tensors: Iterable[Tensor]) -> float:
    zeros, count = _zeros(tensors)
    return zeros / count


def _network_with_zeros() -> nn.Sequential:
    """Return a network with 11 zeros among its 70 weights, and zeros elsewhere that must not count.

    4 more weights are nearly 0.
    """
    with seeded(5):
        convolution, linear = nn.Conv2d(3, 2, 3), nn.Linear(8, 2)
    for layer in (convolution, linear):
        nn.init.ones_(layer.weight)
    with torch.no_grad():
        convolution.weight.view(-1)[:6] = 0
        convolution.weight.view(-1)[6:10] = 1e-7
        linear.weight.view(-1)[:5] = 0
        linear.bias.zero_()
        convolution.bias.fill_(1)
    return nn.Sequential(convolution, nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), linear)


@exercise("05.6", "pruned_parameters")
def pruned_parameters(answer: Callable[[int, int, int, int, int], int]) -> None:
    """Check a function of (channels_in, channels, removed, channels_next, kernel): what is left.

    These are the parameters of conv → BatchNorm → conv.
    """
    for c_in, c, removed, c_next, k in ((3, 10, 4, 7, 5), (64, 512, 200, 512, 3), (2, 3, 0, 5, 1)):
        value = ask(answer, c_in, c, removed, c_next, k)
        kept = c - removed
        first, norm, second = _conv(c_in, kept, k), 2 * kept, _conv(kept, c_next, k)
        right, before = first + norm + second, _conv(c_in, c, k) + 2 * c + _conv(c, c_next, k)
        mistakes = {
            "That is the network before anything is removed.": before,
            "That is how many are saved; return how many are left.": before - right,
            "The next convolution loses inputs: those maps no longer exist.": (
                first + norm + _conv(c, c_next, k)
            ),
            "The next convolution keeps its filters; its inputs are fewer.": (
                first + norm + _conv(kept, kept, k)
            ),
            "Count the next convolution as well, with the inputs that it has left.": first + norm,
            "Count BatchNorm and the next convolution as well.": first,
            "BatchNorm has a scale and a shift for each channel that is left.": first + second,
            "A removed channel needs no scale and no shift in BatchNorm any more.": (
                first + 2 * c + second
            ),
            "BatchNorm has two numbers for each channel, and the first convolution has a bias.": (
                right - kept
            ),
            "BatchNorm's mean and variance are buffers, which no gradient changes.": (
                first + 4 * kept + second
            ),
            "The second convolution has a bias for each of its filters.": right - c_next,
            "Both convolutions have biases.": right - kept - c_next,
            "A filter that is removed takes its bias with it.": right + removed,
        }
        setting = f"{c_in} → {c} → {c_next} channels, {k}×{k} kernels, {removed} filters removed"
        require_value(value, right, mistakes, f"I count {right:,}, you {show(value)}.", setting)


def _conv(channels_in: int, channels_out: int, kernel: int) -> int:
    return channels_out * (channels_in * kernel * kernel + 1)
