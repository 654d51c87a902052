"""What the units of one layer see of a picture, whatever the layer is: a convolution, a ReLU, a
block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.inspect.field_tracer import FieldSpan, ReceptiveFieldTracer
from catdog_lib.inspect.hooks import evaluating, use_name, without_use
from catdog_lib.inspect.receptive_field import Box


@dataclass(frozen=True)
class Fields:
    """What each unit of a layer sees: along each side, unit i the pixels from first + i·jump to
    last + i·jump.

    The formulas are those of :func:`catdog_lib.inspect.receptive_field.receptive_field`.
    """

    down: FieldSpan
    along: FieldSpan

    @classmethod
    def of(cls, model: nn.Module, pictures: Tensor, layer: str) -> Fields:
        """Follow the first of the pictures (N×3×H×W) to the layer, or to a later use of it, such as
        "deep.0.0#2".

        Raises:
            CatdogError: there is no such layer, or its units have no places.
        """
        return cls(*(_reach(model, pictures[:1], layer, side) for side in ("height", "width")))

    def box(self, row: int, column: int, picture: Tensor) -> Box:
        """The pixels that a unit sees, as far as they lie in the picture (3×H×W)."""
        height, width = picture.shape[-2:]
        return Box(*_cut(self.down, row, height), *_cut(self.along, column, width))


def _cut(reach: FieldSpan, unit: int, side: int) -> tuple[int, int]:
    first, last = reach.first + unit * reach.jump, reach.last + unit * reach.jump
    return int(max(0, first)), int(min(side - 1, last))


def _reach(
    model: nn.Module, pictures: Tensor, layer: str, side: Literal["height", "width"]
) -> FieldSpan:
    name = without_use(layer)
    if name not in dict(model.named_modules()):
        raise CatdogError(
            f"The model has no layer {name!r}; model.named_modules() lists the names."
        )
    pictures = pictures.to(next(model.parameters()).device)
    follow = ReceptiveFieldTracer(pictures, side)
    follow.running.append((layer, None))  # for its error messages
    found: dict[str, FieldSpan | str | None] = {}

    def note(module: nn.Module, _, output: Tensor) -> None:
        found[use_name(name, len(found) + 1)] = follow.known.get(output)

    handle = model.get_submodule(name).register_forward_hook(note)
    try:
        with evaluating(model), torch.no_grad(), follow:
            model(pictures)
    finally:
        handle.remove()
    reach = found.get(layer)
    if not isinstance(reach, FieldSpan):
        raise CatdogError(
            f"The units of {layer!r} have no places in the picture; choose a layer before flatten."
        )
    return reach
