"""The update rules of gradient descent: a few lines each, beside their formulas.

In all of them w is a weight, g the gradient of the loss with respect to it, η the learning rate
(``lr``), λ the weight decay (0 for none), and t the number of the step, counted from 1. Everything
is element by element: each weight is updated as if it were alone. The state that a rule keeps from
step to step starts at 0.

For training use :func:`catdog_lib.training.optimizers.make_optimizer`: PyTorch computes the same,
faster.

Longer than 200 lines because six rules share one notation and are read side by side.

Lesson 04, section 5.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from catdog_lib.errors import CatdogError


class Rule(ABC):
    """The base of all rules: :meth:`step` takes weights and gradients, and updates in place.

    Attributes:
        t: steps taken.
    """

    t: int = 0

    @torch.no_grad()
    def step(self, weights: Iterable[Tensor], gradients: Iterable[Tensor]) -> None:
        """Update each weight tensor by its gradient; always the same tensors, in the same order.

        Args:
            weights: of any shapes, such as ``model.parameters()``.
            gradients: of the same shapes, such as ``torch.autograd.grad(loss,
                list(model.parameters()))``.

        Raises:
            CatdogError: a gradient has another shape than its weight, or there are more or fewer of
                them, or of the weights than in the step before. Nothing has been changed then.
        """
        weights, gradients = list(weights), list(gradients)
        shapes, given = ([getattr(t, "shape", None) for t in ts] for ts in (weights, gradients))
        if shapes != given:
            raise CatdogError(
                "gradients does not hold one tensor for each weight, of the same shape and in the "
                "same order."
            )
        if self.t and len(weights) != len(self._states):
            raise CatdogError(
                f"weights holds {len(weights)} tensors, and held {len(self._states)} in the step "
                "before; give always the same ones, in the same order."
            )
        if self.t == 0:
            self._states: list[dict[str, Tensor]] = [{} for _ in weights]
        self.t += 1
        for w, g, state in zip(weights, gradients, self._states, strict=True):
            w.copy_(self.update(w, g, state))

    @abstractmethod
    def update(self, w: Tensor, g: Tensor, state: dict[str, Tensor]) -> Tensor:
        """Return the new weights; ``state`` is what the rule keeps from one step to the next."""


@dataclass
class SGD(Rule):
    """Gradient descent: a step downhill, the longer the steeper the slope.

    It is called stochastic since a random batch stands for all images.

    g ← g + λw
    w ← w − η g

    Source: Robbins and Monro 1951, https://doi.org/10.1214/aoms/1177729586.
    """

    lr: float
    weight_decay: float = 0.0

    def update(self, w: Tensor, g: Tensor, state: dict[str, Tensor]) -> Tensor:
        g = g + self.weight_decay * w
        return w - self.lr * g


@dataclass
class Momentum(Rule):
    """A ball that rolls: the velocity v keeps the fraction μ of itself and adds each gradient.

    g ← g + λw
    v ← μ v + g
    w ← w − η v

    μ is ``momentum``. Along a steady slope v grows to g / (1 − μ): ten times the step for μ = 0.9.
    Where the gradient changes sign from step to step it cancels.

    Source: Polyak 1964, https://doi.org/10.1016/0041-5553(64)90137-5.
    """

    lr: float
    momentum: float = 0.9
    weight_decay: float = 0.0

    def update(self, w: Tensor, g: Tensor, state: dict[str, Tensor]) -> Tensor:
        g = g + self.weight_decay * w
        v = state["v"] = self.momentum * state.get("v", 0) + g
        return w - self.lr * v


@dataclass
class Nesterov(Rule):
    """Momentum that looks ahead: the step includes what the velocity will do in the next one.

    g ← g + λw
    v ← μ v + g
    w ← w − η (g + μ v)

    Source: Nesterov 1983, in the form of Sutskever and others 2013,
    https://proceedings.mlr.press/v28/sutskever13.html, written for the weights at which the
    gradient is taken, as PyTorch does.
    """

    lr: float
    momentum: float = 0.9
    weight_decay: float = 0.0

    def update(self, w: Tensor, g: Tensor, state: dict[str, Tensor]) -> Tensor:
        g = g + self.weight_decay * w
        v = state["v"] = self.momentum * state.get("v", 0) + g
        return w - self.lr * (g + self.momentum * v)


@dataclass
class RMSprop(Rule):
    """Each gradient is divided by its usual size: the root of s, a running mean of its square.

    g ← g + λw
    s ← α s + (1 − α) g²
    w ← w − η g / (√s + ε)

    α (``alpha``) sets how long the mean remembers: about 1 / (1 − α) steps. ε (``eps``) keeps the
    divisor above 0. s starts at 0, so the first steps are too long: the very first by the factor 1
    / √(1 − α).

    Source: Hinton 2012, https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf.
    """

    lr: float = 0.01
    alpha: float = 0.99
    eps: float = 1e-8
    weight_decay: float = 0.0

    def update(self, w: Tensor, g: Tensor, state: dict[str, Tensor]) -> Tensor:
        g = g + self.weight_decay * w
        s = state["s"] = self.alpha * state.get("s", 0) + (1 - self.alpha) * (g * g)
        return w - self.lr * (g / (s.sqrt() + self.eps))


@dataclass
class Adam(Rule):
    """A running mean m of the gradient, divided by the root of a running mean s of its square.

    g ← g + λw
    m ← β₁ m + (1 − β₁) g           m̂ = m / (1 − β₁ᵗ)
    s ← β₂ s + (1 − β₂) g²          ŝ = s / (1 − β₂ᵗ)
    w ← w − η m̂ / (√ŝ + ε)

    β₁ and β₂ (``betas``) set how long the means remember. Both means start at 0, so at first they
    are too small; m̂ and ŝ correct that: dividing by 1 − βᵗ, the sum of the weights that the
    gradients have in the mean, makes it a proper one (*bias correction*). The first step then has
    the length η, whatever the size of the gradient.

    Source: Kingma and Ba 2014, arXiv 1412.6980, algorithm 1 (which writes v for s).
    """

    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0

    def update(self, w: Tensor, g: Tensor, state: dict[str, Tensor]) -> Tensor:
        return w - self.lr * self.direction(g + self.weight_decay * w, state)

    def direction(self, g: Tensor, state: dict[str, Tensor]) -> Tensor:
        """Return m̂ / (√ŝ + ε): the step for η = 1."""
        beta1, beta2 = self.betas
        m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
        s = state["s"] = beta2 * state.get("s", 0) + (1 - beta2) * (g * g)
        m_hat = m / (1 - beta1**self.t)
        s_hat = s / (1 - beta2**self.t)
        return m_hat / (s_hat.sqrt() + self.eps)


@dataclass
class AdamW(Adam):
    """Adam with the weight decay outside the means: each step shrinks every weight by ηλ of itself.

    w ← w − η (m̂ / (√ŝ + ε) + λw)

    In :class:`Adam` the decay is part of g and divided by √ŝ with it, so that weights with large
    gradients hardly decay.

    Source: Loshchilov and Hutter 2017, arXiv 1711.05101, algorithm 2.
    """

    weight_decay: float = 0.01

    def update(self, w: Tensor, g: Tensor, state: dict[str, Tensor]) -> Tensor:
        return w - self.lr * (self.direction(g, state) + self.weight_decay * w)
