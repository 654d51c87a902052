"""The update rules of gradient descent, each a few lines beside its formula, to be read and tried.

In all of them w is a weight, g the gradient of the loss with respect to it, η the learning rate
(``lr``), λ the weight decay (0 for none), and t the number of the step, counted from 1. Everything
is element by element: each weight is moved as if it were alone. What a rule remembers from step to
step starts at 0.

For training use :func:`catdog_lib.training.optimizers.make_optimizer`: PyTorch computes the same,
faster.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from catdog_lib.errors import CatdogError


class Rule(ABC):
    """What the rules share: they are told the weights and their gradients, and change the weights
    in place.

    Attributes:
        t: steps taken.
    """

    t: int = 0

    @torch.no_grad()
    def step(self, weights: Iterable[Tensor], gradients: Iterable[Tensor]) -> None:
        """Change each weight tensor by its gradient; always the same tensors, in the same order.

        Args:
            weights: of any shapes, such as ``model.parameters()``.
            gradients: of the same shapes, such as ``torch.autograd.grad(loss,
                list(model.parameters()))``.

        Raises:
            CatdogError: a gradient has another shape than its weight, or there are more or fewer of
                them.
        """
        weights, gradients = list(weights), list(gradients)
        shapes, given = ([getattr(t, "shape", None) for t in ts] for ts in (weights, gradients))
        if shapes != given:
            raise CatdogError(
                "gradients does not hold one tensor for each weight, of the same shape and in the "
                "same order."
            )
        if self.t == 0:
            self._memories: list[dict[str, Tensor]] = [{} for _ in weights]
        self.t += 1
        for w, g, memory in zip(weights, gradients, self._memories, strict=True):
            w.copy_(self.update(w, g, memory))

    @abstractmethod
    def update(self, w: Tensor, g: Tensor, memory: dict[str, Tensor]) -> Tensor:
        """The new weights; ``memory`` is what the rule keeps for them from one step to the next."""


@dataclass
class SGD(Rule):
    """Gradient descent: downhill, the further the steeper. "Stochastic" since a batch stands for
    all pictures.

    g ← g + λw
    w ← w − η g

    Source: Robbins and Monro 1951, https://doi.org/10.1214/aoms/1177729586.
    """

    lr: float
    weight_decay: float = 0.0

    def update(self, w: Tensor, g: Tensor, memory: dict[str, Tensor]) -> Tensor:
        g = g + self.weight_decay * w
        return w - self.lr * g


@dataclass
class Momentum(Rule):
    """A ball that rolls: the velocity v keeps the share μ (``momentum``) of itself, and each
    gradient is added.

    g ← g + λw
    v ← μ v + g
    w ← w − η v

    Along a steady slope v grows to g / (1 − μ): ten times the step for μ = 0.9. Where the gradient
    changes sign from step to step it cancels.

    Source: Polyak 1964, https://doi.org/10.1016/0041-5553(64)90137-5.
    """

    lr: float
    momentum: float = 0.9
    weight_decay: float = 0.0

    def update(self, w: Tensor, g: Tensor, memory: dict[str, Tensor]) -> Tensor:
        g = g + self.weight_decay * w
        v = memory["v"] = self.momentum * memory.get("v", 0) + g
        return w - self.lr * v


@dataclass
class Nesterov(Rule):
    """Momentum that looks ahead: the step already contains how this gradient will go on acting in
    the next one.

    g ← g + λw
    v ← μ v + g
    w ← w − η (g + μ v)

    Source: Nesterov 1983, in the form of Sutskever and others 2013,
    https://proceedings.mlr.press/v28/sutskever13.html, written for the weights that the gradient is
    taken at, as PyTorch does.
    """

    lr: float
    momentum: float = 0.9
    weight_decay: float = 0.0

    def update(self, w: Tensor, g: Tensor, memory: dict[str, Tensor]) -> Tensor:
        g = g + self.weight_decay * w
        v = memory["v"] = self.momentum * memory.get("v", 0) + g
        return w - self.lr * (g + self.momentum * v)


@dataclass
class RMSprop(Rule):
    """Each weight's gradient is divided by its usual size: the root of s, a running mean of its
    square.

    g ← g + λw
    s ← α s + (1 − α) g²
    w ← w − η g / (√s + ε)

    α (``alpha``) says how long the mean remembers: about 1 / (1 − α) steps. ε (``eps``) keeps the
    divisor above 0. s starts at 0, so the first steps are too long: the very first by the factor 1
    / √(1 − α).

    Source: Hinton 2012, https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf.
    """

    lr: float = 0.01
    alpha: float = 0.99
    eps: float = 1e-8
    weight_decay: float = 0.0

    def update(self, w: Tensor, g: Tensor, memory: dict[str, Tensor]) -> Tensor:
        g = g + self.weight_decay * w
        s = memory["s"] = self.alpha * memory.get("s", 0) + (1 - self.alpha) * (g * g)
        return w - self.lr * (g / (s.sqrt() + self.eps))


@dataclass
class Adam(Rule):
    """A running mean m of the gradient, divided by the root of a running mean s of its square.

    g ← g + λw
    m ← β₁ m + (1 − β₁) g           m̂ = m / (1 − β₁ᵗ)
    s ← β₂ s + (1 − β₂) g²          ŝ = s / (1 − β₂ᵗ)
    w ← w − η m̂ / (√ŝ + ε)

    β₁ and β₂ (``betas``) say how long the means remember. Both start at 0, so at first they are too
    small; m̂ and ŝ are put right: dividing by 1 − βᵗ, the sum of the weights that the gradients
    have in the mean, makes it a proper one (*bias correction*). The first step then has the length
    η, whatever the size of the gradient.

    Source: Kingma and Ba 2014, arXiv 1412.6980, algorithm 1 (which writes v for s).
    """

    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0

    def update(self, w: Tensor, g: Tensor, memory: dict[str, Tensor]) -> Tensor:
        return w - self.lr * self.direction(g + self.weight_decay * w, memory)

    def direction(self, g: Tensor, memory: dict[str, Tensor]) -> Tensor:
        """m̂ / (√ŝ + ε): the step for η = 1."""
        beta1, beta2 = self.betas
        m = memory["m"] = beta1 * memory.get("m", 0) + (1 - beta1) * g
        s = memory["s"] = beta2 * memory.get("s", 0) + (1 - beta2) * (g * g)
        m_hat = m / (1 - beta1**self.t)
        s_hat = s / (1 - beta2**self.t)
        return m_hat / (s_hat.sqrt() + self.eps)


@dataclass
class AdamW(Adam):
    """Adam whose weight decay stays outside of the means: every weight shrinks by the same share ηλ
    in each step.

    w ← w − η (m̂ / (√ŝ + ε) + λw)

    In :class:`Adam` the decay is part of g and divided by √ŝ with it, so that weights with large
    gradients hardly decay.

    Source: Loshchilov and Hutter 2017, arXiv 1711.05101, algorithm 2.
    """

    weight_decay: float = 0.01

    def update(self, w: Tensor, g: Tensor, memory: dict[str, Tensor]) -> Tensor:
        return w - self.lr * (self.direction(g, memory) + self.weight_decay * w)
