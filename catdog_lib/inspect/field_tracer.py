"""Follows what every value of a network sees, operation by operation, while the network runs."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

from catdog_lib.errors import CatdogError


class FieldSpan(NamedTuple):
    """Along one side of the photo, unit i sees the pixels from ``first + i·jump`` to
    ``last + i·jump``.
    """

    jump: int
    first: float
    last: float

    def through(self, kernel: int, stride: int, padding: int, dilation: int) -> FieldSpan:
        """Of a unit that looks at units with this reach: its first tap sees first, its last tap
        sees last.
        """
        return FieldSpan(
            self.jump * stride,
            self.first - padding * self.jump,
            self.last + (dilation * (kernel - 1) - padding) * self.jump,
        )


# Operations that leave every value at its place; those that PyTorch itself marks as pointwise need
# no mention.
_KEEPS_PLACES = {
    "native_batch_norm", "cudnn_batch_norm", "hardswish", "hardswish_", "cat", "split",
    "split_with_sizes", "detach", "alias", "_to_copy", "view", "_unsafe_view", "transpose", "mean",
}  # fmt: skip
_PADDINGS = {"constant_pad_nd", "reflection_pad2d", "replication_pad2d"}


class ReceptiveFieldTracer(TorchDispatchMode):
    """While it is active, every tensor made from ``pictures`` is noted together with what its
    values see.

    It works on PyTorch's own operations, below modules and functions, so shortcuts and functional
    calls count.

    Attributes:
        running: the modules that are at work, the innermost last: (name, class, or None if it has
            modules inside).
        found: (name, kind, reach) of every convolution and pooling so far.
    """

    def __init__(self, pictures: Tensor, side: Literal["height", "width"]):
        super().__init__()
        self.axis = -2 if side == "height" else -1
        self.running: list[tuple[str, str | None]] = []
        self.found: list[tuple[str, str, FieldSpan]] = []
        # A reach, or the name of the operation after which places are lost.
        self.known: WeakTensorKeyDictionary = WeakTensorKeyDictionary()
        self.known[pictures] = FieldSpan(1, 0, 0)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        inputs = [tensor for tensor in _tensors(args) if tensor in self.known]
        if inputs:
            after = self._after(func, args, inputs, result)
            for tensor in _tensors([result]):
                self.known[tensor] = after
        return result

    def _after(self, func, args, inputs: list[Tensor], result) -> FieldSpan | str:
        """What the values of ``result`` see."""
        operation = func.overloadpacket.__name__
        output = next(_tensors([result]))
        window = self._window(operation, args)
        reaches = [self.known[tensor] for tensor in inputs]
        lost = next((reach for reach in reaches if isinstance(reach, str)), None)
        if lost and window:
            raise CatdogError(
                f"receptive_field cannot follow {lost!r}, and {operation} in the layer "
                f"{self.running[-1][0]!r} comes after it; give it the part of the model before, or "
                "use receptive_field_by_gradient."
            )
        if lost:
            return lost
        if window:
            after = reaches[0].through(*window)
            name, kind = self.running[-1]
            self.found.append((name, kind or operation, after))
            return after if output.ndim == inputs[0].ndim else operation
        if operation in _PADDINGS:  # the list of pads begins with the last side
            before = args[1][2 * (-1 - self.axis)]
            return reaches[0].through(1, 1, before, 1)
        if operation == "slice":
            return self._slice(reaches[0], *args)
        if torch.Tag.pointwise in func.tags or self._stays(operation, args, inputs[0], output):
            return self._union(inputs, reaches, output.shape[self.axis])
        return operation

    def _window(self, operation: str, args) -> tuple[int, int, int, int] | None:
        """Kernel, stride, padding and dilation along our side, if this is a convolution or pooling
        with a formula.
        """

        def setting(place: int, default):
            return args[place][self.axis] if len(args) > place and args[place] else default

        if operation == "convolution" and not args[6] and args[0].ndim == 4:
            kernel = args[1].shape[self.axis]
            return kernel, setting(3, 1), setting(4, 0), setting(5, 1)
        if operation in ("max_pool2d_with_indices", "avg_pool2d"):
            kernel = setting(1, None)
            dilation = setting(4, 1) if operation == "max_pool2d_with_indices" else 1
            return kernel, setting(2, kernel), setting(3, 0), dilation
        if operation == "mean" and args[0].ndim == 4 and len(args) > 1 and args[1]:
            size = args[0].shape[self.axis]
            if self.axis % 4 in [side % 4 for side in args[1]]:
                return size, size, 0, 1
        if operation in ("_adaptive_avg_pool2d", "adaptive_max_pool2d"):
            size, windows = args[0].shape[self.axis], setting(1, None)
            if size % windows == 0:
                return size // windows, size // windows, 0, 1
        return None

    def _slice(
        self, reach: FieldSpan, tensor: Tensor, side=0, start=None, stop=None, step=1
    ) -> FieldSpan:
        """Every step-th unit from ``start`` on, if it is our side that is sliced."""
        if side % tensor.ndim != self.axis % tensor.ndim:
            return reach
        first = range(tensor.shape[self.axis])[start:stop:step].start
        return reach.through(1, step, -first, 1)

    def _stays(self, operation: str, args, before: Tensor, after: Tensor) -> bool:
        """Whether rows and columns are the last two dimensions before and after, and the same
        ones.
        """
        if operation not in _KEEPS_PLACES or before.shape[-2:] != after.shape[-2:]:
            return False
        if operation == "transpose":
            return all(side % before.ndim < before.ndim - 2 for side in args[1:3])
        return True

    def _union(self, inputs: list[Tensor], reaches: list[FieldSpan], size: int) -> FieldSpan:
        """What is seen where paths meet."""
        sizes = [t.shape[self.axis] if t.ndim > 1 else 1 for t in inputs]
        full = [reach for reach, own in zip(reaches, sizes, strict=True) if own == size]
        if size > 1 and len({reach.jump for reach in full}) > 1:
            raise CatdogError(
                f"Paths with jumps of {full[0].jump} and {full[1].jump} pixels meet in "
                f"{self.running[-1][0]!r}: their units do not lie at the same places, so there is "
                "no one receptive field; check the strides."
            )
        if len(full) < len(reaches):  # one value for the whole map, such as a gate
            return FieldSpan(full[0].jump, -math.inf, math.inf)
        return FieldSpan(
            full[0].jump, min(reach.first for reach in full), max(reach.last for reach in full)
        )


def _tensors(values):
    """The tensors among the values and, one level down, in lists of them."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from (item for item in value if isinstance(item, Tensor))
