"""How much of the photo a unit sees: by formula, along every path of a network, and by gradient.

Formulas: Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks",
Distill 2019, doi:10.23915/distill.00021. Here, too, pixels are counted from 0, and place 0 is the
centre of the first pixel.
"""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from catdog_lib.errors import CatdogError
from catdog_lib.inspect.field_tracer import FieldSpan, ReceptiveFieldTracer


@dataclass(frozen=True)
class ReceptiveField:
    """What the units of one layer see along one side of the photo.

    Attributes:
        name: where the layer sits in the model; a pooling called as a function has the name of its
            caller.
        kind: the layer's class, such as "Conv2d", or the function, such as "max_pool2d".
        size: pixels from the first to the last that a unit sees, as if the photo went on beyond its
            edges; ``math.inf`` once a mean over the whole map has been mixed in.
        jump: pixels from the centre of one unit's field to that of the next: the product of the
            strides so far.
        start: centre of the first unit's field; halves occur, with even kernels.
    """

    name: str
    kind: str
    size: float
    jump: int
    start: float

    def pixels(self, unit: int) -> tuple[float, float]:
        """First and last pixel that the unit with this number sees; they may lie outside the
        photo.
        """
        centre = self.start + self.jump * unit
        first, last = centre - (self.size - 1) / 2, centre + (self.size - 1) / 2
        return (int(first), int(last)) if math.isfinite(self.size) else (-math.inf, math.inf)


class Box(NamedTuple):
    """A part of the photo: its first and last row and column, all of them included."""

    top: int
    bottom: int
    left: int
    right: int


def receptive_field(
    model: nn.Module, pictures: Tensor, side: Literal["height", "width"] = "height"
) -> list[ReceptiveField]:
    """Follow ``pictures`` (N×C×H×W) through the model and list its convolutions and poolings as
    they are used.

    A layer with kernel k, stride s, padding p and dilation d takes units whose fields have the size
    ``size``, the distance ``jump`` and the first centre ``start`` (pixels: 1, 1, 0), and makes
    units with

    ``size ← size + d(k − 1)·jump``,  ``start ← start + (d(k − 1)/2 − p)·jump``,  ``jump ← jump·s``

    Where paths meet, as after a shortcut, a unit sees what any of them sees: from the first of the
    first pixels to the last of the last. The list ends where units no longer have places: at
    ``flatten``, or at an adaptive pooling into windows of unequal size. No value of the pictures
    matters, only their size.

    Args:
        side: "height" counts rows, "width" columns; they differ only for kernels or strides that
            are not square.

    Raises:
        CatdogError: the pictures are not 4-D, or a convolution or pooling follows something that
            has no formula here (such as a transposed convolution;
            :func:`receptive_field_by_gradient` then still answers), or paths with different jumps
            meet.
    """
    if pictures.ndim != 4:
        raise CatdogError(
            f"pictures has the shape {tuple(pictures.shape)}, but receptive_field needs N×C×H×W; "
            "for one picture use picture.unsqueeze(0)."
        )
    if side not in ("height", "width"):
        raise CatdogError(f'There is no side={side!r}; use "height" or "width".')
    follow = ReceptiveFieldTracer(pictures, side)
    names = {module: name for name, module in model.named_modules()}

    def enter(module: nn.Module, inputs: tuple) -> None:
        kind = None if list(module.children()) else type(module).__name__
        follow.running.append((names[module], kind))

    def leave(module: nn.Module, inputs: tuple, output: object) -> None:
        follow.running.pop()

    handles = [module.register_forward_pre_hook(enter) for module in names]
    handles += [module.register_forward_hook(leave) for module in names]
    training = {module: module.training for module in names}
    try:
        model.eval()
        with torch.no_grad(), follow:
            model(pictures)
    finally:
        for handle in handles:
            handle.remove()
        for module, was_training in training.items():
            module.training = was_training
    return [_row(name, kind, reach) for name, kind, reach in follow.found]


def _row(name: str, kind: str, reach: FieldSpan) -> ReceptiveField:
    size, centre = reach.last - reach.first + 1, (reach.first + reach.last) / 2
    return ReceptiveField(name, kind, size, reach.jump, centre)


def effective_receptive_field(
    model: nn.Module,
    pictures: Tensor,
    layer: str,
    unit: tuple[int, int] | None = None,
    use: int = 0,
) -> Tensor:
    """How strongly each pixel moves one unit, if all weights were alike: the gradient of the unit.

    It is taken from a copy of the model in which nothing can hide a path: every weight is positive
    and a filter's weights are equal, biases are 0, BatchNorm changes nothing, and max-pooling gives
    the mean. The values then count the paths from a pixel to the unit. They fall off from the
    centre: much of a field is seen by very few paths (Luo et al., "Understanding the effective
    receptive field", arXiv:1701.04128).

    Args:
        pictures: only its shape N×C×H×W matters.
        layer: the layer's name, as :func:`receptive_field` and ``model.named_modules()`` give it.
        unit: row and column of the unit in the layer's output; None for the middle one.
        use: which time, for a layer that is applied several times: 0 is the first, −1 the last.

    Shape: H×W, float64, no value below 0.

    Raises:
        CatdogError: there is no such layer, use or unit, or the layer's output is no map (N×C×H×W).
    """
    if layer not in dict(model.named_modules()):
        raise CatdogError(
            f"The model has no layer {layer!r}; model.named_modules() lists the names, such as "
            f"{[name for name, _ in model.named_modules()][-1]!r}."
        )
    copy = _all_positive(model)
    outputs: list[Tensor] = []
    copy.get_submodule(layer).register_forward_hook(lambda _, __, output: outputs.append(output))
    ones = torch.ones(1, *pictures.shape[1:], dtype=torch.float64, requires_grad=True)
    with torch.enable_grad(), _MeanForMax():
        copy(ones)
    if not -len(outputs) <= use < len(outputs):
        raise CatdogError(
            f"use={use}, but the layer {layer!r} is used {len(outputs)} times; count from 0."
        )
    output = outputs[use]
    if not isinstance(output, Tensor) or output.ndim != 4:
        raise CatdogError(
            f"The layer {layer!r} gives no maps N×C×H×W, so it has no unit with a place; choose "
            "one before flatten."
        )
    height, width = output.shape[2:]
    row, column = (height // 2, width // 2) if unit is None else unit
    if not (0 <= row < height and 0 <= column < width):
        raise CatdogError(
            f"unit={unit} lies outside the layer's {height}×{width} map; count rows and columns "
            "from 0."
        )
    (gradient,) = torch.autograd.grad(output[0, :, row, column].sum(), ones)
    return gradient[0].sum(0)


def receptive_field_by_gradient(
    model: nn.Module,
    pictures: Tensor,
    layer: str,
    unit: tuple[int, int] | None = None,
    use: int = 0,
) -> Box:
    """The smallest box that holds every pixel with an influence on the unit: its receptive field,
    measured.

    It equals the formula's whenever that lies inside the photo, and otherwise lies within it.

    Args: as :func:`effective_receptive_field`.

    Raises:
        CatdogError: as :func:`effective_receptive_field`, or the unit sees nothing but padding.
    """
    seen = effective_receptive_field(model, pictures, layer, unit, use) > 0
    if not seen.any():
        raise CatdogError(
            f"The unit {unit} of {layer!r} sees nothing but padding; choose one nearer to the "
            "middle."
        )
    rows, columns = seen.any(1).nonzero().flatten(), seen.any(0).nonzero().flatten()
    return Box(int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1]))


def _all_positive(model: nn.Module) -> nn.Module:
    """A copy in double precision, for prediction, through which every path can be seen."""
    copy = deepcopy(model).cpu().double().eval().requires_grad_(False)
    for module in copy.modules():
        if isinstance(module, nn.modules.batchnorm._NormBase):
            module.reset_parameters()
        elif isinstance(module, (nn.modules.conv._ConvNd, nn.Linear)):
            # A mean: values neither grow nor vanish with depth. All channels alike.
            module.weight.fill_(1 / module.weight[0].numel())
            if module.bias is not None:
                module.bias.zero_()
    return copy


class _MeanForMax(TorchFunctionMode):
    """Max-pooling passes its gradient to one pixel alone; a mean shows all that could have won."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is F.max_pool2d:
            func = _mean_pool2d
        elif func is F.adaptive_max_pool2d:
            func = F.adaptive_avg_pool2d
        return func(*args, **(kwargs or {}))


def _mean_pool2d(
    x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    """F.max_pool2d with a mean in place of the maximum; F.avg_pool2d knows no dilation."""
    shape = F.max_pool2d(x.detach(), kernel_size, stride, padding, dilation, ceil_mode).shape
    pair = nn.modules.utils._pair
    (kh, kw), (sh, sw) = pair(kernel_size), pair(stride or kernel_size)
    (ph, pw), (dh, dw) = pair(padding), pair(dilation)
    down, along = sh * (shape[2] - 1) + 1, sw * (shape[3] - 1) + 1
    # Room at the far ends for windows that hang over them.
    padded = F.pad(x, (pw, along + dw * kw, ph, down + dh * kh))
    taps = [
        padded[:, :, i * dh : i * dh + down : sh, j * dw : j * dw + along : sw]
        for i in range(kh)
        for j in range(kw)
    ]
    return sum(taps) / len(taps)
