"""Follow what every value of a network sees, operation by operation, while the network runs.

Longer than 200 lines because the rules of all operations stand together.
"""

from __future__ import annotations

import math
import re
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

from catdog_lib.errors import CatdogError
from catdog_lib.inspect.hooks import LayerCall, evaluating, forward_hooks


class FieldSpan(NamedTuple):
    """Along one side, unit i sees the pixels from ``first + i·jump`` to ``last + i·jump``."""

    jump: int
    first: float
    last: float

    def through(self, kernel: int, stride: int, padding: int, dilation: int) -> FieldSpan:
        """Return the span of units that look through a window at units with this span."""
        return FieldSpan(
            self.jump * stride,
            self.first - padding * self.jump,
            self.last + (dilation * (kernel - 1) - padding) * self.jump,
        )

    def pixels(self, unit: int, size: int) -> tuple[int, int]:
        """Return the first and last pixel that a unit sees inside a photo with this side."""
        first, last = self.first + unit * self.jump, self.last + unit * self.jump
        return int(max(0, first)), int(min(size - 1, last))


# Operations that leave every value at its place; those that PyTorch itself marks as pointwise need
# no mention.
_KEEPS_PLACES = {
    "native_batch_norm", "cudnn_batch_norm", "hardtanh", "hardtanh_", "hardswish", "hardswish_",
    "_prelu_kernel", "cat", "split", "split_with_sizes", "detach", "alias", "_to_copy", "view",
    "_unsafe_view", "transpose", "mean",
}  # fmt: skip # names, not one a line
# Operations that take a tensor's shape, device or type only, none of its values.
_MAKES_NEW = re.compile(r"new_|\w+_like$")
_PADDINGS = {"constant_pad_nd", "reflection_pad2d", "replication_pad2d"}


class ReceptiveFieldTracer(TorchDispatchMode):
    """Notes what the values of every tensor see that is made from ``images`` while it is active.

    It works on PyTorch's own operations, below modules and functions, so shortcuts and functional
    calls count.

    Attributes:
        running: the modules that are running, the innermost last: (name, class, or None if it has
            modules inside).
        windows: (name, kind, span) of every convolution and pooling so far.
        outputs: name of each module's call → the span of its output's units, or the name of the
            operation after which they have no places.
    """

    def __init__(self, images: Tensor, side: Literal["height", "width"]):
        super().__init__()
        self.axis = -2 if side == "height" else -1
        self.running: list[tuple[str, str | None]] = []
        self.windows: list[tuple[str, str, FieldSpan]] = []
        self.outputs: dict[str, FieldSpan | str | None] = {}
        self._known: WeakTensorKeyDictionary = WeakTensorKeyDictionary()
        self._known[images] = FieldSpan(1, 0, 0)

    def start(self, name: str, module: nn.Module) -> None:
        """Note that a module begins to run."""
        self.running.append((name, None if list(module.children()) else type(module).__name__))

    def finish(self, call: LayerCall) -> None:
        """Note what the output of a module sees."""
        self.running.pop()
        if isinstance(call.output, Tensor):
            self.outputs[call.name] = self._known.get(call.output)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        inputs = [tensor for tensor in _tensors(args) if tensor in self._known]
        if not inputs and self.running and self._window(func.overloadpacket.__name__, args):
            raise self._lost("an operation", func.overloadpacket.__name__)
        if inputs and not _MAKES_NEW.match(func.overloadpacket.__name__):
            after = self._after(func, args, inputs, result)
            for tensor in _tensors([result]):
                self._known[tensor] = after
        return result

    def _lost(self, what: str, operation: str) -> CatdogError:
        return CatdogError(
            f"receptive_field cannot follow {what}, and {operation} in the layer "
            f"{self.running[-1][0]!r} comes after it; give it the part of the model before, or use "
            "receptive_field_by_gradient."
        )

    def _after(self, func, args, inputs: list[Tensor], result) -> FieldSpan | str:
        """Return what the values of ``result`` see."""
        operation = func.overloadpacket.__name__
        output = next(_tensors([result]))
        window = self._window(operation, args)
        spans = [self._known[tensor] for tensor in inputs]
        lost = next((span for span in spans if isinstance(span, str)), None)
        if lost and window:
            raise self._lost(repr(lost), operation)
        if lost:
            return lost
        if window:
            after = spans[0].through(*window)
            name, kind = self.running[-1]
            self.windows.append((name, kind or operation, after))
            return after if output.ndim == inputs[0].ndim else operation
        if operation in _PADDINGS:  # the list of pads begins with the last side
            before = args[1][2 * (-1 - self.axis) :][:1] or [0]  # this side may have none
            return spans[0].through(1, 1, before[0], 1)
        if operation == "slice":
            return self._slice(spans[0], *args)
        if torch.Tag.pointwise in func.tags or self._stays(operation, args, inputs[0], output):
            return self._union(inputs, spans, output.shape[self.axis])
        return operation

    def _window(self, operation: str, args) -> tuple[int, int, int, int] | None:
        """Return kernel, stride, padding, dilation; None if there is no window with a formula."""

        def setting(place: int, default):
            return args[place][self.axis] if len(args) > place and args[place] else default

        if operation == "convolution" and not args[6] and args[0].ndim == 4:
            kernel = args[1].shape[self.axis]
            stride, padding, dilation = (each[self.axis] for each in args[3:6])
            return kernel, stride, padding, dilation
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
        self, span: FieldSpan, tensor: Tensor, side: int, start=None, stop=None, step=1
    ) -> FieldSpan:
        """Return the span of every step-th unit from ``start`` on, if our side is sliced."""
        if side % tensor.ndim != self.axis % tensor.ndim:
            return span
        first = range(tensor.shape[self.axis])[start:stop:step].start
        return span.through(1, step, -first, 1)

    def _stays(self, operation: str, args, before: Tensor, after: Tensor) -> bool:
        """Tell whether the last two dimensions are the same rows and columns before and after."""
        if operation not in _KEEPS_PLACES or before.shape[-2:] != after.shape[-2:]:
            return False
        if operation == "transpose":
            return all(side % before.ndim < before.ndim - 2 for side in args[1:3])
        return True

    def _union(self, inputs: list[Tensor], spans: list[FieldSpan], size: int) -> FieldSpan:
        """Return what is seen where paths meet."""
        pairs = zip(spans, inputs, strict=True)
        full = [span for span, tensor in pairs if tensor.shape[self.axis] == size]
        if size > 1 and len({span.jump for span in full}) > 1:
            raise CatdogError(
                f"Paths with jumps of {full[0].jump} and {full[1].jump} pixels meet in "
                f"{self.running[-1][0]!r}: their units do not lie at the same places, so there is "
                "no single receptive field; check the strides."
            )
        if len(full) < len(spans):  # one value for the whole map, such as a gate
            return FieldSpan((full or spans)[0].jump, -math.inf, math.inf)
        return FieldSpan(
            full[0].jump, min(span.first for span in full), max(span.last for span in full)
        )


def trace_fields(
    model: nn.Module, images: Tensor, side: Literal["height", "width"]
) -> ReceptiveFieldTracer:
    """Run the model once, as for prediction, and return the tracer with what it has noted."""
    tracer = ReceptiveFieldTracer(images, side)
    modules = [name for name, _ in model.named_modules()]
    hooks = forward_hooks(model, tracer.finish, tracer.start, modules)
    with evaluating(model), hooks, torch.no_grad(), tracer:
        model(images)
    return tracer


def _tensors(values):
    """Yield the tensors among the values and, one level down, in lists of them."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from (item for item in value if isinstance(item, Tensor))
