"""Losses of two weights, on which to watch optimizers: each with its formula and its gradient.

Longer than 200 lines because each surface is an entry of one table.

Lesson 04, section 6.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from catdog_lib.from_scratch.optimizers import Rule

FAR = 1e6  # a path that gets this far from 0 has diverged


@dataclass(frozen=True)
class Surface:
    """A loss f(x, y) of two weights.

    Attributes:
        name: one word.
        what: what is hard about it, in a few words.
        formula: f in LaTeX.
        value: f; x and y may be numbers, arrays or tensors.
        gradient: (∂f/∂x, ∂f/∂y), likewise.
        start: a point to start from.
        window: left, right, lower and upper edge of the part to look at, 4 wide for every 3 high.
        minima: the points where f is lowest.
        lr: a learning rate that suits SGD, with momentum and without.
        adaptive_lr: one that suits RMSprop, Adam and AdamW, whose steps have about this length.
    """

    name: str
    what: str
    formula: str
    value: Callable
    gradient: Callable
    start: tuple[float, float]
    window: tuple[float, float, float, float]
    minima: tuple[tuple[float, float], ...]
    lr: float
    adaptive_lr: float

    def heights(self, count: int = 14) -> list[float]:
        """Return values of f for contour lines, low to high, closer together near the bottom.

        They are quantiles of f over the window, so that a line stands wherever there is much room
        between its neighbours, on a plateau as in a ravine.
        """
        left, right, low, high = self.window
        values = self.value(*np.meshgrid(np.linspace(left, right, 81), np.linspace(low, high, 61)))
        return np.quantile(values, (np.arange(1, count) / count) ** 1.6).tolist()


def descend(
    surface: Surface, rule: Rule, steps: int, start: tuple[float, float] | None = None
) -> Tensor:
    """Return the path of one optimizer over a surface, in float64.

    Args:
        rule: a fresh one; it takes the steps.
        steps: how many.
        start: default is the surface's own.

    Returns:
        (steps + 1)×2, the start first. It ends earlier, before the step to a coordinate beyond 10⁶
        (:data:`FAR`), if the path diverges.
    """
    w = torch.tensor(start or surface.start, dtype=torch.float64)
    path = [w.clone()]
    for _ in range(steps):
        g = torch.tensor(surface.gradient(*w.tolist()), dtype=torch.float64)
        rule.step([w], [g])
        if not (w.abs() <= FAR).all():  # also if it is not finite
            break
        path.append(w.clone())
    return torch.stack(path)


# Products in place of powers: JavaScript rounds them alike, so the explorable draws the same paths.


def _quadratic(x, y, steepness):
    return (x * x + steepness * (y * y)) / 2


def _saddle(x, y):
    return x * x / 2 - y * y / 2 + y * y * y * y / 4


def _saddle_gradient(x, y):
    return x, y * y * y - y


def _plateau(x, y):
    return 1 - 1 / (1 + x * x + y * y)


def _plateau_gradient(x, y):
    square = (1 + x * x + y * y) * (1 + x * x + y * y)
    return 2 * x / square, 2 * y / square


def _rosenbrock(x, y):
    across = y - x * x
    return (1 - x) * (1 - x) + 100 * (across * across)


def _rosenbrock_gradient(x, y):
    across = y - x * x
    return -2 * (1 - x) - 400 * (x * across), 200 * across


def _beale_terms(x, y):
    return 1.5 - x + x * y, 2.25 - x + x * (y * y), 2.625 - x + x * (y * y * y)


def _beale(x, y):
    a, b, c = _beale_terms(x, y)
    return a * a + b * b + c * c


def _beale_gradient(x, y):
    a, b, c = _beale_terms(x, y)
    return (
        2 * (a * (y - 1) + b * (y * y - 1) + c * (y * y * y - 1)),
        2 * (a * x + b * (2 * (x * y)) + c * (3 * (x * (y * y)))),
    )


_ALL = (
    Surface(
        "bowl",
        "equally steep on all sides",
        r"\tfrac12 x^2 + \tfrac12 y^2",
        lambda x, y: _quadratic(x, y, 1),
        lambda x, y: (x, y),
        start=(-3.2, 2.2),
        window=(-4, 4, -3, 3),
        minima=((0, 0),),
        lr=0.1,
        adaptive_lr=0.1,
    ),
    Surface(
        "ravine",
        "25 times as steep across as along",
        r"\tfrac12 x^2 + \tfrac{25}{2} y^2",
        lambda x, y: _quadratic(x, y, 25),
        lambda x, y: (x, 25 * y),
        start=(-3.5, 1.4),
        window=(-4, 4, -3, 3),
        minima=((0, 0),),
        lr=0.03,
        adaptive_lr=0.1,
    ),
    Surface(
        "saddle",
        "flat in the middle, where a ridge and a valley cross (Dauphin and others 2014, arXiv "
        "1406.2572)",
        r"\tfrac12 x^2 - \tfrac12 y^2 + \tfrac14 y^4",
        _saddle,
        _saddle_gradient,
        start=(-1.8, 0.001),
        window=(-2, 2, -1.5, 1.5),
        minima=((0, -1), (0, 1)),
        lr=0.1,
        adaptive_lr=0.05,
    ),
    Surface(
        "plateau",
        "almost flat far from the hole",
        r"1 - \frac{1}{1 + x^2 + y^2}",
        _plateau,
        _plateau_gradient,
        start=(-3.4, 2.2),
        window=(-4, 4, -3, 3),
        minima=((0, 0),),
        lr=0.3,
        adaptive_lr=0.1,
    ),
    Surface(
        "Rosenbrock",
        "a narrow valley with a bend (Rosenbrock 1960, https://doi.org/10.1093/comjnl/3.3.175)",
        r"(1 - x)^2 + 100\,(y - x^2)^2",
        _rosenbrock,
        _rosenbrock_gradient,
        start=(-1.2, 1),
        window=(-2, 2, -1, 2),
        minima=((1, 1),),
        lr=0.001,
        adaptive_lr=0.1,
    ),
    Surface(
        "Beale",
        "steep in the corners, nearly flat along two valleys (Beale 1958)",
        r"(1.5 - x + xy)^2 + (2.25 - x + xy^2)^2 + (2.625 - x + xy^3)^2",
        _beale,
        _beale_gradient,
        start=(1, 1),
        window=(-1.5, 4.5, -2, 2.5),
        minima=((3, 0.5),),
        lr=0.005,
        adaptive_lr=0.05,
    ),
)
SURFACES: dict[str, Surface] = {surface.name: surface for surface in _ALL}
