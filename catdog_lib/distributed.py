"""Several processes, one training: what ``torchrun`` starts, and how they share the work."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from catdog_lib.evaluate import Evaluation, Tally


@dataclass(frozen=True)
class Team:
    """The processes that train together; ``rank`` counts them from 0 to ``size`` − 1."""

    rank: int = 0
    size: int = 1

    def share(self, count: int) -> slice:
        """Which of ``count`` pictures this process takes."""
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model, averaging its gradients over the team after every backward pass."""
        return model

    def total(self, tally: Tally) -> Evaluation:
        """The result of all processes' tallies together."""
        return tally.result()


def team() -> Team:
    """The team that this process belongs to: alone, unless ``torchrun`` started it."""
    return Team()
