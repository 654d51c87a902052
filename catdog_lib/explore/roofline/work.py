"""What each layer of a network has to do: operations, and numbers that it reads and writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import torch
from torch import nn

from catdog_lib.errors import CatdogError
from catdog_lib.inspect.shape_table import LayerUse, shape_table

# Operations for each number that comes out of a layer without multiply-adds; others have one.
_BY_OUTPUT = {"BatchNorm2d": 2, "Normalize": 2}  # times a number, plus a number
_FREE = ("Flatten", "Dropout", "Identity")  # in evaluation they compute nothing and move nothing


@dataclass(frozen=True)
class LayerWork:
    """The work of one layer.

    Attributes:
        name: its kind, and which of that kind it is, such as "Conv2d 3".
        family: "convolution", "linear" or "other".
        operations: for one image; a multiply-add is two.
        numbers: that it reads and writes for one image, besides its weights.
        weights: that it reads once for the whole batch.
    """

    name: str
    family: str
    operations: int
    numbers: int
    weights: int


def network_work(build: Callable[[int], nn.Module], size: int) -> list[LayerWork]:
    """Return the work of each layer of a network, in order, when it predicts.

    The network is built without memory for its numbers, and nothing is computed, only shapes.
    What it does between its layers, such as adding a shortcut, is not counted.

    Args:
        build: makes the network for images of a size.
        size: height and width of the images, in pixels.

    Raises:
        CatdogError: ``build`` makes no network.
    """
    with torch.device("meta"):
        model = build(size)
        if not isinstance(model, nn.Module):
            raise CatdogError(
                f"The network of size {size} is a {type(model).__name__}; pass a function of the "
                "size that returns a network, such as models.FiveConvCNN."
            )
        uses = shape_table(model, torch.zeros(1, 3, size, size))
    layers = dict(model.named_modules())
    seen: Counter[str] = Counter()
    work = []
    for use in uses:
        if use.kind in _FREE:
            continue
        layer = layers[use.name]
        kind, family = _kind(layer)
        seen[kind] += 1
        numbers = prod(use.shape_in) + prod(use.shape_out)
        weights = sum(parameter.numel() for parameter in layer.parameters())
        name = f"{kind} {seen[kind]}"
        work.append(LayerWork(name, family, _operations(use), numbers, weights))
    return work


def _kind(layer: nn.Module) -> tuple[str, str]:
    """Return what a layer is called here, and its family."""
    if isinstance(layer, nn.Conv2d):
        # Each kernel of a depthwise convolution reads one channel: little work for its bytes.
        return "Depthwise" if layer.groups == layer.in_channels > 1 else "Conv2d", "convolution"
    kind = type(layer).__name__
    return kind, "linear" if isinstance(layer, nn.Linear) else "other"


def _operations(use: LayerUse) -> int:
    """Return the operations of a layer for one image."""
    if use.multiply_adds:
        return 2 * use.multiply_adds
    read, written = prod(use.shape_in), prod(use.shape_out)
    if read > written:  # a pooling: n numbers become one by n − 1 comparisons or additions
        return read - written
    return _BY_OUTPUT.get(use.kind, 1) * written
