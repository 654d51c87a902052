"""Checkers of lesson 04, Backpropagation and optimizers."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from catdog_lib.exercises.registry import exercise, require, require_function, require_returned


def _refuse(value: object, *mistakes: tuple[float | Tensor, str]) -> None:
    """Each mistake is what it leads to, and the hint that it deserves."""
    for wrong, hint in mistakes:
        require(not _same(value, wrong), hint)


def _same(a: object, b: float | Tensor) -> bool:
    if not isinstance(b, Tensor):
        return math.isclose(float(a), b, rel_tol=1e-5, abs_tol=1e-7)
    return a.shape == b.shape and torch.allclose(a.double(), b.double(), rtol=1e-5, atol=1e-7)


def _require_tensor(value: object, like: Tensor, what: str) -> None:
    require_returned(value)
    require(isinstance(value, Tensor), f"Return the gradient of the {what}, a tensor.")
    require(
        value.shape == like.shape,
        f"The gradient has the shape of the {what}, {tuple(like.shape)}; yours has "
        f"{tuple(value.shape)}.",
    )


@exercise("04.1")
def slope(answer: Callable[[float, float, float], float]) -> None:
    """A function of (w, x, t): the derivative of (tanh(w·x) − t)² with respect to w."""
    require_function("04.1", "slope", answer)
    for w, x, t in ((0.3, 1.7, 0.9), (-0.7, 0.5, 0.2), (0.4, -1.5, -0.1)):
        value = answer(w, x, t)
        require_returned(value)
        y = math.tanh(w * x)
        of_y, of_u = 2 * (y - t), 2 * (y - t) * (1 - y**2)
        right = of_u * x
        _refuse(
            value,
            ((y - t) ** 2, "That is the loss itself; I want its derivative in w."),
            (of_y, "That is the derivative in y = tanh(w·x). Go on: how does y change with w?"),
            (
                of_u,
                "That is the derivative in u = w·x. One step is left: how does u change with w?",
            ),
            (of_y * x, "The slope of tanh is missing: 1 − tanh²."),
            (right / 2, "The square brings a factor of 2."),
            (-right, "The sign: the loss grows with y where y is above t, so y − t and not t − y."),
            (of_u * w, "That is the derivative with respect to x; that of w·x in w is x."),
            (of_y * (1 - y) * x, "The slope of tanh u is 1 − tanh² u."),
            (
                of_y * (1 - (w * x) ** 2) * x,
                "In 1 − tanh² the square is that of y = tanh(w·x), not of w·x.",
            ),
        )
        require(
            _same(value, right),
            f"For w = {w}, x = {x} and t = {t} the slope is {right:.4f}, yours is {value:.4f}.",
        )


@exercise("04.2")
def max_pool_backward(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """A function of (x, g): the gradient of x behind a max-pooling of 2×2 windows."""
    require_function("04.2", "max_pool_backward", answer)
    generator = torch.Generator().manual_seed(4)
    for n, channels, high, wide in ((1, 1, 4, 4), (2, 3, 4, 6)):
        # All numbers differ, and half of them are below 0.
        count = n * channels * high * wide
        x = torch.randperm(count, generator=generator).float().view(n, channels, high, wide)
        x = x / 4 - count / 8
        g = torch.randn(n, channels, high // 2, wide // 2, generator=generator)
        before = x.clone(), g.clone()
        value = answer(x, g)
        require(
            torch.equal(x, before[0]) and torch.equal(g, before[1]),
            "Your function changed x or g: work on copies.",
        )
        _require_tensor(value, x, "maps x")
        largest, winner = F.max_pool2d(x, 2, return_indices=True)
        smallest = F.max_pool2d(-x, 2, return_indices=True)[1]
        right = F.max_unpool2d(g, winner, 2)
        spread = g.repeat_interleave(2, 2).repeat_interleave(2, 3)
        _refuse(
            value,
            (spread, "You gave g to all four of a window; only the winner gets it, the others 0."),
            (spread / 4, "You shared g out evenly, as mean-pooling does; the winner gets it all."),
            ((right != 0).float(), "You marked the winners with 1; each gets its window's g."),
            (
                F.max_unpool2d(largest, winner, 2),
                "You put the maximum itself in its place; what goes back is g.",
            ),
            (right * x, "The winner went into the output as it is, so g is not multiplied by x."),
            (
                spread * (x > 0),
                "That is ReLU's way back: positive or not. Here the largest of each window counts.",
            ),
            (
                F.max_unpool2d(g, smallest, 2),
                "You gave g to the smallest of each window; the largest goes into the output.",
            ),
            (
                spread * (x == x.amax((2, 3), keepdim=True)),
                "You looked for the largest of a whole map; every window has a winner of its own.",
            ),
        )
        require(
            _same(value, right),
            "Not what autograd finds: each g goes, whole, to the largest number of its own window.",
        )


@exercise("04.3")
def loss_gradient(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """A function of logits N×K and N labels: the gradient of the mean cross-entropy in the
    logits.
    """
    require_function("04.3", "loss_gradient", answer)
    generator = torch.Generator().manual_seed(4)
    for n, classes in ((4, 3), (6, 2)):
        logits = 2 * torch.randn(n, classes, generator=generator)
        labels = torch.arange(n) % classes
        before = logits.clone()
        value = answer(logits, labels)
        require(torch.equal(logits, before), "Your function changed the logits: work on a copy.")
        _require_tensor(value, logits, "logits")
        p, q = logits.softmax(1), F.one_hot(labels, classes)
        _refuse(
            value,
            (p - q, "That is the gradient of the sum; the loss is the mean over the batch."),
            ((q - p) / n, "The sign: what it says minus what it should say."),
            ((p - q) / (n * classes), "Divide by the number of pictures, not of all logits."),
            ((p - q) / classes, "You divided by the number of classes; the mean is over pictures."),
            (p / n, "Subtract 1 in the column of the true class."),
            ((logits - q) / n, "The network's answer is probabilities: apply softmax first."),
            (
                (logits.softmax(0) - q) / n,
                "Softmax over the classes of each picture, dim=1; you took it over the pictures.",
            ),
            (
                (logits.log_softmax(1) - q) / n,
                "The logarithm is gone from the gradient: p itself, not log p.",
            ),
            (
                (logits.sigmoid() - q) / n,
                "Sigmoid looks at each logit alone; the probabilities of softmax add up to 1.",
            ),
        )
        require(_same(value, (p - q) / n), "Not what autograd finds: (p − q) / N, row by row.")


@exercise("04.4")
def lowest_loss(answer: Callable[[int], float]) -> None:
    """A function of the number of classes: the lowest cross-entropy when softmax is applied
    twice.
    """
    require_function("04.4", "lowest_loss", answer)
    for classes in (10, 3, 2, 1000):
        value, others = answer(classes), classes - 1
        require_returned(value)
        right = math.log(1 + others / math.e)
        _refuse(
            value,
            (
                0.0,
                "With one softmax the loss can come down to 0; the second one gets only 1 and 0.",
            ),
            (math.log(classes), "So much loses a network that knows nothing; this one is perfect."),
            (
                math.e / (math.e + others),
                "That is the probability of the true class; the loss is −ln of it.",
            ),
            (-right, "The sign: −ln of a number below 1 is positive."),
            (
                math.log(1 + others * math.e),
                "That is the highest loss, of an answer that is sure and wrong.",
            ),
            (
                math.log(1 + classes / math.e),
                "The true class is not one of the others: K − 1 of them have e⁰ = 1.",
            ),
            (right / math.log(2), "Cross-entropy uses the natural logarithm, base e, not 2."),
            (right / math.log(10), "Cross-entropy uses the natural logarithm, base e, not 10."),
            (math.log(math.e + others), "You left out the logit of the true class, which is 1."),
        )
        require(
            classes == 2 or not _same(value, math.log(1 + 1 / math.e)),
            "That is the floor for two classes; with more of them, more zeros share the "
            "probability.",
        )
        require(
            _same(value, right),
            f"With {classes} classes the second softmax gets one 1 and {others} zeros; "
            f"−ln of what it gives the true class is {right:.4f}, you have {value:.4f}.",
        )


@exercise("04.5")
def momentum_step(answer: Callable) -> None:
    """A function of (w, v, g, lr, mu): one step of SGD with momentum; returns the new w and v."""
    require_function("04.5", "momentum_step", answer)
    w, v, g = torch.tensor([[1.0, -2.0, 0.5], [0.3, -0.1, 4.0], [-0.2, 1.0, 2.5]])
    lr, mu = 0.1, 0.8
    new_w, new_v = _results(answer, (w, v, g, lr, mu), ("w", "v"))
    right = mu * v + g
    in_v = "The learning rate belongs to the step of the weights, as in torch.optim, not into v."
    _refuse(
        new_v,
        (mu * v + (1 - mu) * g, "v is no mean: the gradient is added whole, not times 1 − μ."),
        (v + g, "v keeps only the share μ of itself."),
        (v + mu * g, "μ belongs to the old velocity, not to the gradient."),
        (mu * v - g, "v adds up gradients; the minus comes with the weights."),
        (mu * v + lr * g, in_v),
        (mu * v - lr * g, in_v),
        (v, "Return the new velocity; the next step needs it."),
    )
    require(_same(new_v, right), "The new v is not μ · v + g.")
    _refuse(
        new_w,
        (w + lr * right, "Downhill is against the gradient: w − lr · v."),
        (w - lr * v, "You moved by the old velocity; use the new one."),
        (w - lr * g, "You moved by the gradient; the weights move by the velocity."),
        (w - right, "The learning rate is missing in the step."),
        (w - lr * (g + mu * right), "That is Nesterov's step; plain momentum moves by v alone."),
        (w, "The weights did not move."),
    )
    require(_same(new_w, w - lr * right), "The velocity is right; the weights are not w − lr · v.")
    new_w, new_v = _results(answer, (w, v, g, 0.02, 0.5), ("w", "v"))
    require(
        _same(new_v, 0.5 * v + g) and _same(new_w, w - 0.02 * (0.5 * v + g)),
        "Right for these numbers, but not for another lr and mu: is something fixed?",
    )


@exercise("04.6")
def adam_step(answer: Callable) -> None:
    """A function of (w, m, s, g, t, lr): one step of Adam; returns the new w, m and s."""
    require_function("04.6", "adam_step", answer)
    # A gradient of the size of ε shows where ε stands.
    w, g = torch.tensor([[1.0, -2.0, 0.5], [-0.2, 1e-8, 2.5]]).double()
    m0, s0 = torch.tensor([[0.1, -0.3, 0.2], [0.04, 1e-16, 0.5]]).double()
    zero, eps = torch.zeros_like(w), 1e-8
    for t, m, s in ((7, m0, s0), (1, zero, zero)):
        lr = 0.01 * t
        new_w, new_m, new_s = _results(answer, (w, m, s, g, t, lr), ("w", "m", "s"))
        m_right, s_right = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
        m_hat, s_hat = m_right / (1 - 0.9**t), s_right / (1 - 0.999**t)
        as_it_is = "Return {} without bias correction: the next step goes on from it."
        _refuse(
            new_m,
            (m_hat, as_it_is.format("m")),
            (m + g, "m is a running mean: 0.9 of itself and 0.1 of g."),
            (0.9 * m + g, "m is a mean, not a velocity: g counts 0.1."),
            (0.1 * m + 0.9 * g, "m keeps 0.9 of itself; you swapped the shares."),
        )
        require(_same(new_m, m_right), "m is not 0.9 · m + 0.1 · g.")
        _refuse(
            new_s,
            (s_hat, as_it_is.format("s")),
            (0.999 * s + 0.001 * g, "s is the mean of the squared gradient."),
            (0.9 * s + 0.1 * g**2, "s remembers for longer than m: β₂ is 0.999."),
        )
        require(_same(new_s, s_right), "s is not 0.999 · s + 0.001 · g².")
        later = m_right / (1 - 0.9 ** (t + 1))
        later = later / ((s_right / (1 - 0.999 ** (t + 1))).sqrt() + eps)
        right = m_hat / (s_hat.sqrt() + eps)
        _refuse(
            (w - new_w) / lr,
            (m_right / (s_right.sqrt() + eps), "The bias correction is missing."),
            (m_hat / (s_right.sqrt() + eps), "s, too, needs its bias correction."),
            (m_right / (s_hat.sqrt() + eps), "m, too, needs its bias correction."),
            (m_hat / (s_hat + eps), "Divide by the root of ŝ."),
            (m_hat / (s_hat + eps).sqrt(), "ε stands outside of the root: √ŝ + ε."),
            (m_hat / s_hat.sqrt(), "ε is missing in the divisor."),
            (-right, "Downhill is minus: w − lr · m̂ / (√ŝ + ε)."),
            (later, "t counts from 1 already: 1 − 0.9ᵗ, not with t + 1."),
            (zero, "The weights did not move."),
        )
        if t > 1:  # in the first step m̂ is g
            by_g = g / (s_hat.sqrt() + eps)
            _refuse((w - new_w) / lr, (by_g, "Adam moves by the mean m̂, not by the gradient."))
        require(
            _same((w - new_w) / lr, right),
            f"At t = {t} m and s are right, but the weights are not w − lr · m̂ / (√ŝ + ε).",
        )


def _results(answer: Callable, given: tuple, names: tuple[str, ...]) -> tuple[Tensor, ...]:
    """What a step returns: a tensor for each name. And it has left what it was given as it was."""
    before = [value.clone() if isinstance(value, Tensor) else value for value in given]
    results = answer(*given)
    require_returned(results)
    require(
        isinstance(results, tuple | list)
        and len(results) == len(names)
        and all(isinstance(result, Tensor) for result in results),
        f"Return {len(names)} tensors, in this order: {', '.join(names)}.",
    )
    for old, new in zip(before, given, strict=True):
        unchanged = torch.equal(old, new) if isinstance(old, Tensor) else True
        require(
            unchanged, "Your function changed a tensor that it was given; write w = w - …, not w -="
        )
    return tuple(results)
