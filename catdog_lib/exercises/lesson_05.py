"""Checkers of lesson 05, L1 regularization."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from catdog_lib.exercises.registry import exercise, require, require_function, require_returned

Mistakes = Sequence[tuple[Tensor | float, str]]


def _soft(values: Tensor, threshold: float) -> Tensor:
    return values.sign() * (values.abs() - threshold).clamp(min=0)


def _same(value: Tensor | float, target: Tensor | float) -> bool:
    if isinstance(target, Tensor):
        return torch.allclose(value.to(target.dtype), target, rtol=1e-5, atol=1e-7)
    return math.isclose(value, target, rel_tol=1e-5, abs_tol=1e-6)


def _require_none_of(value: Tensor | float, mistakes: Mistakes, setting: str = "") -> None:
    """The value is none of those that known mistakes give; each brings its hint."""
    for wrong, hint in mistakes:
        require(not _same(value, wrong), f"{hint} ({setting})" if setting else hint)


def _require_new(value: object, given: Tensor, before: Tensor) -> None:
    """A new tensor like the one given, which is as it was before."""
    require(
        torch.equal(given, before),
        "Your function changed the weights that it was given: return new ones, without -= and "
        ".sub_().",
    )
    require_returned(value)
    shape = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
    require(
        shape == tuple(given.shape),
        f"Return the new weights, a tensor of shape {tuple(given.shape)}; yours is {shape}.",
    )
    require(not value.isnan().any(), "A weight of 0 came out as NaN: do not divide by its size.")


@exercise("05.1")
def l1_step(answer: Callable[[Tensor, Tensor, float, float], Tensor]) -> None:
    """A function of (weights, gradient, lr, lam): the weights after an SGD step on loss +
    lam·Σ|w|.
    """
    require_function("05.1", "l1_step", answer)
    w = torch.tensor([0.5, -2.0, 0.0, 0.125])
    g = torch.tensor([1.0, 0.5, -0.25, 0.0])
    for lr, lam in ((0.5, 0.25), (0.1, 2.0)):
        given = w.clone()
        value = answer(given, g.clone(), lr, lam)
        _require_new(value, given, w)
        s = w.sign()
        right = w - lr * (g + lam * s)
        pushed = torch.where(s == 0, 1.0, s)
        mistakes = [
            (w - lr * g, "That is the step on the loss alone; where is the penalty?"),
            (w - lr * lam * s, "That is the step on the penalty alone; where is the gradient of the loss?"),
            (w + lr * (g + lam * s), "You went uphill: a step goes against the gradient."),
            (w - lr * (g - lam * s), "The penalty pulls towards 0, so its slope has the sign of the weight."),
            (w - lr * (g + lam), "The slope of |w| is the sign of each weight, not 1 everywhere."),
            (w - lr * (g + lam * w.abs()), "|w| is the penalty itself; the step needs its slope."),
            (w - lr * (g + lam * w), "λ·w is the slope of the L2 penalty λ/2·w²."),
            (w - lr * (g + 2 * lam * w), "2λ·w is the slope of the L2 penalty λ·w²."),
            (w - lr * g - lam * s, "The learning rate multiplies the slope of the penalty, too."),
            (g + lam * s, "That is the gradient of both together; now take a step with it."),
            (w - lr * (g + lam * pushed), "At exactly 0 take the slope 0, as PyTorch does."),
            (_soft(w - lr * g, lr * lam), "You stopped at 0; here plain SGD is asked for, which does not."),
        ]  # fmt: skip
        _require_none_of(value, mistakes)
        require(
            _same(value, right),
            f"Weights {w.tolist()} with gradient {g.tolist()}, lr={lr} and lam={lam} should become "
            f"{[round(x, 4) for x in right.tolist()]}.",
        )


@exercise("05.2")
def soft_threshold(answer: Callable[[Tensor, float], Tensor]) -> None:
    """A function of (weights, threshold): each weight moved towards 0 by the threshold, and not
    past it.
    """
    require_function("05.2", "soft_threshold", answer)
    w = torch.tensor([[3.0, -3.0, 0.5], [-0.5, 0.0, 1.0]])
    for t in (1.0, 0.75):
        given = w.clone()
        value = answer(given, t)
        _require_new(value, given, w)
        size, right = w.abs(), _soft(w, t)
        hard = (
            "The large weights have to be moved as well: you made a hard threshold, not a soft one."
        )
        mistakes = [
            (torch.where(size <= t, 0.0, w), hard),
            (torch.where(size < t, 0.0, w), hard),
            (w - t * w.sign(), "A weight below the threshold came out on the other side of 0; it should stop there."),
            ((size - t).clamp(min=0), "The negative weights lost their sign."),
            ((w - t).clamp(min=0), "Negative weights move up towards 0; you cut them off."),
            (w.clamp(-t, t), "You kept what should be taken away, and took away the rest."),
            (w / (1 + t), "You divided, as L2 does; L1 subtracts."),
            (w.sign() * (size + t), "The weights became larger: subtract the threshold from |w|."),
        ]  # fmt: skip
        _require_none_of(value, mistakes)
        require(
            _same(value, right),
            f"With threshold {t}, {w.flatten().tolist()} should become {right.flatten().tolist()}; "
            f"you have {value.flatten().tolist()}.",
        )


@exercise("05.3")
def minimiser(answer: Callable[[float, float, float], float]) -> None:
    """A function of (w0, a, lam): the w where a/2·(w − w0)² + lam·|w| is lowest."""
    require_function("05.3", "minimiser", answer)
    cases = ((3, 1.5, 1.2), (-3, 1.5, 1.2), (-0.25, 4, 2), (2, 0.5, 0.75), (1, 2, 2.5))
    for w0, a, lam in cases:
        value = answer(float(w0), float(a), float(lam))
        require_returned(value)
        value = float(value)
        size, s = abs(w0), math.copysign(1, w0)
        right = s * max(size - lam / a, 0)
        height = a / 2 * (right - w0) ** 2 + lam * abs(right)
        if _same(value, right):
            continue
        mistakes = [
            (w0, "That is where the loss alone is lowest, without the penalty."),
            (s * max(size - lam, 0), "You left out the curvature: the steeper the valley, the less a price moves you."),
            (s * max(size - lam * a, 0), "The curvature is on the wrong side: solve a·(w − w0) + lam = 0 for w."),
            (s * max(size - lam / (2 * a), 0), "Half as far as it should be: the slope of a/2·w² is a·w."),
            (s * max(size - 2 * lam / a, 0), "Twice as far as it should be: the slope of a/2·w² is a·w."),
            (a * w0 / (a + lam), "That is lowest with the L2 penalty lam/2·w²; here it is lam·|w|."),
            (a * w0 / (a + 2 * lam), "That is lowest with the L2 penalty lam·w²; here it is lam·|w|."),
            (max(size - lam / a, 0), "The sign of w0 got lost."),
            (max(w0 - lam / a, 0), "A negative w0 is pulled up towards 0, too; you cut it off."),
            (w0 - lam / a, "For a negative w0 the penalty pulls up, and past 0 it pulls back."),
            (w0 - s * lam / a, "You went past 0, where the penalty pulls back."),
            (height, "That is how low it is; asked is where."),
        ]  # fmt: skip
        setting = f"w0={w0}, a={a}, lam={lam}"
        _require_none_of(value, mistakes, setting)
        require(False, f"The lowest point is at {right:g}; you say {value:g}. ({setting})")


@exercise("05.4")
def share_of_zeros(answer: Callable[[nn.Module], float]) -> None:
    """A function of a network: the share of exact zeros among the weights of its convolutions and
    linear layers.
    """
    require_function("05.4", "share_of_zeros", answer)
    model = _network_with_zeros()
    value = answer(model)
    require_returned(value)
    value = float(value)
    weights, biases = ([getattr(model[i], name) for i in (0, 4)] for name in ("weight", "bias"))
    zeros, count = _zeros(weights)
    everything = list(model.parameters())
    mistakes = [
        (_share(everything), "You counted BatchNorm's parameters and the biases; a zero there removes no connection."),
        (_share(model.state_dict().values()), "state_dict has BatchNorm's buffers, too; take Conv2d and Linear only."),
        (_share([*weights, *biases]), "You counted the biases; a bias is no connection."),
        (zeros / _zeros(everything)[1], "You divided by the number of all parameters; divide by that of the weights."),
        (zeros, "That is the number of zeros; divide by the number of weights."),
        (100 * zeros / count, "Return a share between 0 and 1, not per cent."),
        (1 - zeros / count, "That is the share of the weights that are left."),
        ((_share(weights[:1]) + _share(weights[1:])) / 2, "You averaged over layers; count all weights together."),
        (_share(weights[:1]), "You looked at the convolution only; linear layers have weights, too."),
        (_share(weights[1:]), "You looked at one layer only."),
        ((zeros + 4) / count, "You counted weights that are small, but not 0; asked are exact zeros."),
    ]  # fmt: skip
    _require_none_of(value, mistakes)
    require(
        _same(value, zeros / count),
        f"{zeros} of these {count} weights are 0, a share of {zeros / count:.4f}; you have "
        f"{value:.4f}.",
    )
    inside = nn.Sequential(nn.Sequential(nn.Linear(4, 2)))
    nn.init.ones_(inside[0][0].weight[:, :2])
    nn.init.zeros_(inside[0][0].weight[:, 2:])
    require(
        _same(float(answer(inside)), 0.5),
        "In another network, with a layer inside an inner module, the count is wrong: go through "
        "model.modules().",
    )


def _zeros(tensors: Sequence[Tensor]) -> tuple[int, int]:
    return sum(int((t == 0).sum()) for t in tensors), sum(t.numel() for t in tensors)


def _share(tensors: Sequence[Tensor]) -> float:
    zeros, count = _zeros(list(tensors))
    return zeros / count


def _network_with_zeros() -> nn.Sequential:
    """11 zeros among 70 weights, 4 weights that are nearly 0, and zeros elsewhere that must not
    count.
    """
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


@exercise("05.5")
def group_soft_threshold(answer: Callable[[Tensor, float], Tensor]) -> None:
    """A function of (weights C_out×C_in×k×k, threshold): every filter shortened by it, or 0 if it
    is no longer.
    """
    require_function("05.5", "group_soft_threshold", answer)
    w = torch.randn(4, 3, 2, 2, generator=torch.Generator().manual_seed(5))
    lengths = torch.tensor([4.0, 1.0, 0.5, 0.0]).view(-1, 1, 1, 1)
    w = lengths * w / w.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    for t in (0.75, 0.625):
        given = w.clone()
        value = answer(given, t)
        _require_new(value, given, w)
        passed = w * (1 - t / lengths.clamp(min=1e-12))
        mistakes = [
            (_soft(w, t), "You treated every weight by itself; a filter stays or goes as a whole."),
            (torch.where(lengths <= t, 0.0, w), "The filters that stay have to be shortened by the threshold as well."),
            (passed, "A short filter came out turned round: it should stop at 0."),
            (_shorten(w, t, (0, 1, 2, 3)), "The length is that of each filter, not of all weights together."),
            (_shorten(w, t, (0, 2, 3)), "You grouped by input channel; a filter is weights[f], so sum over 1, 2, 3."),
            (_shorten(w, t, (2, 3)), "You took each k×k kernel alone; a filter has one for every input channel."),
            (_by_length(w, t, w.abs().sum((1, 2, 3), keepdim=True)), "The length is √Σw², not Σ|w|."),
            (_by_length(w, t, lengths**2), "The length is √Σw²: a root is missing."),
            (w / (1 + t), "You divided all filters by the same number, which leaves none at 0."),
        ]  # fmt: skip
        _require_none_of(value, mistakes)
        require(
            _same(value, _shorten(w, t)),
            f"With threshold {t} a filter of length 4 should keep its direction and have length "
            f"{4 - t}, and those no longer than {t} should be 0; yours have lengths "
            f"{[round(x, 3) for x in value.flatten(1).norm(dim=1).tolist()]}.",
        )


def _shorten(w: Tensor, t: float, dims: tuple[int, ...] = (1, 2, 3)) -> Tensor:
    return _by_length(w, t, w.square().sum(dims, keepdim=True).sqrt())


def _by_length(w: Tensor, t: float, length: Tensor) -> Tensor:
    return w * (1 - t / length.clamp(min=1e-12)).clamp(min=0)


@exercise("05.6")
def pruned_parameters(answer: Callable[[int, int, int, int, int], int]) -> None:
    """A function of (channels_in, channels, removed, channels_next, kernel): what conv → BatchNorm
    → conv has left.
    """
    require_function("05.6", "pruned_parameters", answer)
    for c_in, c, removed, c_next, k in ((3, 10, 4, 7, 5), (64, 512, 200, 512, 3), (2, 3, 0, 5, 1)):
        value = answer(c_in, c, removed, c_next, k)
        require_returned(value)
        kept = c - removed
        first, norm, second = _conv(c_in, kept, k), 2 * kept, _conv(kept, c_next, k)
        right, before = first + norm + second, _conv(c_in, c, k) + 2 * c + _conv(c, c_next, k)
        if value == right:
            continue
        mistakes = [
            (before, "That is the network before anything is removed."),
            (before - right, "That is how many are saved; asked is what is left."),
            (first + norm + _conv(c, c_next, k), "The next convolution loses inputs: those maps no longer exist."),
            (first + norm + _conv(kept, kept, k), "The next convolution keeps its filters; its inputs are fewer."),
            (first + norm, "Count the next convolution as well, with the inputs that it has left."),
            (first, "Count BatchNorm and the next convolution as well."),
            (first + second, "BatchNorm has a scale and a shift for each channel that is left."),
            (first + 2 * c + second, "A removed channel needs no scale and no shift in BatchNorm any more."),
            (right - kept, "BatchNorm has two numbers for each channel, and the first convolution has a bias."),
            (first + 4 * kept + second, "BatchNorm's mean and variance are buffers, which no gradient changes."),
            (right - c_next, "The second convolution has a bias for each of its filters."),
            (right - kept - c_next, "Both convolutions have biases."),
            (right + removed, "A filter that is removed takes its bias along."),
        ]  # fmt: skip
        setting = f"{c_in} → {c} → {c_next} channels, {k}×{k} kernels, {removed} filters removed"
        _require_none_of(value, mistakes, setting)
        require(False, f"I count {right:,}, you {value}. ({setting})")


def _conv(channels_in: int, channels_out: int, kernel: int) -> int:
    return channels_out * (channels_in * kernel * kernel + 1)
