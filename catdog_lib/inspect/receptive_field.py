"""How much of the photo a unit sees, by formula, along every path of a network.

Formulas: Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks",
Distill 2019, doi:10.23915/distill.00021. Here, too, pixels are counted from 0, and place 0 is the
centre of the first pixel. Without formulas: :mod:`catdog_lib.inspect.effective_field`.

Lesson 02, section 7; Lesson 07, section 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from catdog_lib.device import device_of
from catdog_lib.errors import CatdogError
from catdog_lib.inspect.field_tracer import FieldSpan, trace_fields
from catdog_lib.inspect.hooks import layer_name


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
        """Return the first and last pixel that a unit sees; they may lie outside the photo."""
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
    model: nn.Module, images: Tensor, side: Literal["height", "width"] = "height"
) -> list[ReceptiveField]:
    """List what the units of each convolution and pooling see, in order of use.

    ``images`` (N×C×H×W) are followed through the model; only their size matters, no value. A layer
    with kernel k, stride s, padding p and dilation d takes units whose fields have the size
    ``size``, the distance ``jump`` and the first centre ``start`` (pixels: 1, 1, 0), and makes
    units with

    ``size ← size + d(k − 1)·jump``,  ``start ← start + (d(k − 1)/2 − p)·jump``,  ``jump ← jump·s``

    Where paths meet, as after a shortcut, a unit sees what any of them sees: from the first of the
    first pixels to the last of the last. The list ends where units no longer have places: at
    ``flatten``, or at an adaptive pooling into windows of unequal size.

    Args:
        side: "height" counts rows, "width" columns; they differ only for kernels or strides that
            are not square.

    Raises:
        CatdogError: the images are not 4-D, or a convolution or pooling follows something that
            has no formula here (such as a transposed convolution;
            :func:`catdog_lib.inspect.effective_field.receptive_field_by_gradient` then still
            answers), or paths with different jumps meet.
    """
    if images.ndim != 4:
        raise CatdogError(
            f"images has the shape {tuple(images.shape)}, but receptive_field needs N×C×H×W; "
            "for one image use image.unsqueeze(0)."
        )
    if side not in ("height", "width"):
        raise CatdogError(f'There is no side={side!r}; use "height" or "width".')
    return [_row(*window) for window in trace_fields(model, images, side).windows]


def _row(name: str, kind: str, span: FieldSpan) -> ReceptiveField:
    size, centre = span.last - span.first + 1, (span.first + span.last) / 2
    return ReceptiveField(name, kind, size, span.jump, centre)


@dataclass(frozen=True)
class UnitFields:
    """The receptive fields of a layer's units, whatever it is: a convolution, a ReLU, a block.

    Attributes:
        vertical: the rows that each unit sees.
        horizontal: the columns.
    """

    vertical: FieldSpan
    horizontal: FieldSpan

    @classmethod
    def of(cls, model: nn.Module, images: Tensor, layer: str) -> UnitFields:
        """Follow the first of the images (N×3×H×W) to a layer or to one call of it.

        The formulas are those of :func:`receptive_field`.

        Args:
            layer: its name, or that of a later call, such as "deep.0.0#2".

        Raises:
            CatdogError: there is no such layer, or its units have no places.
        """
        if layer_name(layer) not in dict(model.named_modules()):
            raise CatdogError(
                f"The model has no layer {layer!r}; model.named_modules() lists the names."
            )
        images = images[:1].to(device_of(model))
        sides = ("height", "width")
        spans = [trace_fields(model, images, side).outputs.get(layer) for side in sides]
        if not all(isinstance(span, FieldSpan) for span in spans):
            raise CatdogError(
                f"The units of {layer!r} have no places in the image; choose a layer before "
                "flatten."
            )
        return cls(*spans)

    def box(self, row: int, column: int, image: Tensor) -> Box:
        """Return the pixels that a unit sees, as far as they lie in the image (3×H×W).

        The last one lies before the first where a unit sees nothing but padding.
        """
        height, width = image.shape[-2:]
        return Box(*self.vertical.pixels(row, height), *self.horizontal.pixels(column, width))

    def see_only_padding(self, maps: Tensor, images: Tensor) -> Tensor:
        """Return which units of the layer's maps (…×h×w) see no pixel of the images: h×w, bool."""

        def seeing(span: FieldSpan, side: int) -> Tensor:
            spans = [span.pixels(unit, images.shape[side]) for unit in range(maps.shape[side])]
            return torch.tensor([first <= last for first, last in spans])

        return ~(seeing(self.vertical, -2)[:, None] & seeing(self.horizontal, -1))
