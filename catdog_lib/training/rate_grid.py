"""Choose a learning rate on a grid, and make the grid longer while its best rate is at an end.

Lesson 04, section 6.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from catdog_lib.errors import CatdogError

FACTOR = 10**0.5  # between the rates that are added


@dataclass(frozen=True)
class RateGrid:
    """What a search on a grid has found.

    Attributes:
        losses: learning rate → loss, the rates in rising order.
    """

    losses: dict[float, float]

    @property
    def best(self) -> float:
        """The rate with the lowest loss."""
        return min(self.losses, key=self.losses.__getitem__)

    @property
    def is_inside(self) -> bool:
        """Whether a rate on each side of the best one was tried, too."""
        return self.best not in (min(self.losses), max(self.losses))

    def __str__(self) -> str:
        """Return all rates with their losses, the best one, and a warning if it is at an end."""
        tried = "  ".join(f"{rate:.2g}: {loss:.3f}" for rate, loss in self.losses.items())
        place = "" if self.is_inside else ", at an END: not tuned"
        return f"{tried}  → {self.best:.2g}{place}"


def tune(loss_at: Callable[[float], float], rates: Sequence[float], most: int = 3) -> RateGrid:
    """Try every rate; while the best is the lowest or the highest one, try one more beyond it.

    A best rate at an end of the grid says only that the grid ends too early.

    Args:
        loss_at: trains with a rate and returns the loss; a run that diverged may return infinity or
            not-a-number, or raise a CatdogError.
        rates: at least two, above 0.
        most: how many rates may be added.

    Raises:
        CatdogError: there are too few rates, or one is not above 0.
    """
    if len(rates) < 2 or min(rates) <= 0:
        raise CatdogError(f"rates is {tuple(rates)}; give two or more learning rates above 0.")

    def measure(rate: float) -> float:
        try:
            loss = loss_at(rate)
        except CatdogError:  # a loss that is not finite stops the training
            return math.inf
        return math.inf if math.isnan(loss) else loss

    losses = {rate: measure(rate) for rate in sorted(rates)}
    for _ in range(most):
        found = RateGrid(losses)
        if found.is_inside:
            break
        low, high = min(losses), max(losses)
        rate = low / FACTOR if found.best == low else high * FACTOR
        losses = dict(sorted({**losses, rate: measure(rate)}.items()))
    return RateGrid(losses)
