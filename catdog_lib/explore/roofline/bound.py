"""The roofline of one layer: the shortest time that a machine could take for it.

Source: S. Williams, A. Waterman and D. Patterson 2009, "Roofline", Communications of the ACM
52(4).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bound:
    """What a layer has to do for a batch, and how long the machine's two limits make it last.

    Attributes:
        operations: of the layer.
        moved: bytes that it reads and writes.
        computing: seconds that the operations take at the machine's peak.
        moving: seconds that the bytes take at its bandwidth.
    """

    operations: float
    moved: float
    computing: float
    moving: float

    @property
    def intensity(self) -> float:
        """Return the operations for each byte."""
        return self.operations / self.moved

    @property
    def by_memory(self) -> bool:
        """Return whether memory, not arithmetic, is the limit."""
        return self.moving > self.computing

    @property
    def seconds(self) -> float:
        """Return the shortest time: computing and moving go on side by side, at best."""
        return max(self.computing, self.moving)


def bound(work: tuple[int, int, int], machine: dict, batch: int) -> Bound:
    """Return the bound of a layer.

    Args:
        work: operations and numbers for one image, and weights.
        machine: ``peak`` in operations a second, ``bandwidth`` in bytes a second, and ``bytes`` of
            each number.
        batch: images.
    """
    operations, numbers, weights = work
    operations = batch * operations
    moved = machine["bytes"] * (batch * numbers + weights)
    return Bound(operations, moved, operations / machine["peak"], moved / machine["bandwidth"])
