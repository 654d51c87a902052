"""What layers and units do on many images: how active they are, and which patches activate a unit.

Lesson 07, section 2; Lesson 07, section 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from catdog_lib.data.image_set import ImageSet, batches
from catdog_lib.device import device_of, float64_device
from catdog_lib.errors import CatdogError
from catdog_lib.inspect.hooks import evaluating, layer_name
from catdog_lib.inspect.receptive_field import Box, UnitFields
from catdog_lib.inspect.recorder import Recorder

_BATCH_SIZE = 16  # all layers' outputs are held at once


@dataclass(frozen=True)
class LayerActivity:
    """The output of a layer on many images, over all images, channels and places.

    Attributes:
        name: where the layer sits in the model, with "#2" and so on for a later call.
        kind: its class, such as "ReLU".
        mean: of all values.
        std: their standard deviation.
        zeros: share of the values that are exactly 0.
        channels: how many it has.
        dead: how many of them are 0 at every place of every image.
    """

    name: str
    kind: str
    mean: float
    std: float
    zeros: float
    channels: int
    dead: int


@dataclass(frozen=True)
class TopActivation:
    """The largest activation of a channel on one image, and what the unit sees there.

    Attributes:
        position: of the image in its set.
        row, column: of the unit, in the layer's feature map.
        value: of the unit.
        box: the pixels that the unit sees, as far as they lie in the image.
        patch: these pixels, 3×h×w.
    """

    position: int
    row: int
    column: int
    value: float
    box: Box
    patch: Tensor


@torch.no_grad()
def activation_statistics(model: nn.Module, dataset: ImageSet) -> list[LayerActivity]:
    """Return statistics of each layer's output on a set of images, in the order of the layers.

    Layers are the modules without modules inside. The model runs in evaluation mode, and is left as
    it was.
    """
    device = device_of(model)
    sums: dict[str, _Sums] = {}
    with evaluating(model), Recorder(model) as recorder:
        for images, _ in batches(dataset, _BATCH_SIZE, device=device):
            model(images)
            for name, output in recorder.outputs.items():
                sums.setdefault(name, _Sums()).add(output)
    kinds = {name: type(module).__name__ for name, module in model.named_modules()}
    return [found.result(name, kinds[layer_name(name)]) for name, found in sums.items()]


class _Sums:
    """Sums over batches, in float64, for a mean and a standard deviation of all values."""

    def __init__(self) -> None:
        self.count = 0
        self.total = self.squares = self.zeros = 0.0
        self.largest: Tensor | float = 0.0  # |value| of each channel

    def add(self, output: Tensor) -> None:
        self.count += output.numel()
        values = output.to(float64_device(output.device)).float()
        self.total += values.sum(dtype=torch.float64).item()
        self.squares += values.square().sum(dtype=torch.float64).item()
        self.zeros += (output == 0).sum().item()
        places = [side for side in range(output.ndim) if side != 1]
        largest = output.abs().amax(places)
        self.largest = largest.clamp(min=self.largest)

    def result(self, name: str, kind: str) -> LayerActivity:
        mean = self.total / self.count
        variance = max(self.squares / self.count - mean**2, 0.0)  # in this order NaN stays
        dead = int((self.largest == 0).sum())
        share = self.zeros / self.count
        return LayerActivity(name, kind, mean, math.sqrt(variance), share, len(self.largest), dead)


@torch.no_grad()
def top_activations(
    model: nn.Module, dataset: ImageSet, layer: str, channel: int, count: int = 9
) -> list[TopActivation]:
    """Find the images on which a channel of a layer reaches its largest values, and where.

    Each image appears once, with the place where the channel is most active. Units that see nothing
    but padding do not count: they have the same value on every image. M. Zeiler and R. Fergus show
    units in this way in "Visualizing and understanding convolutional networks" (2013), arXiv
    1311.2901.

    Args:
        model: runs in evaluation mode, and is left as it was.
        layer: its name, such as "features.6", or "deep.0.1#2" for the second call of a layer.
        channel: counted from 0.
        count: how many images; fewer if the set has fewer.

    Returns:
        The largest activation first.

    Raises:
        CatdogError: there is no such layer or channel, or the layer gives no feature maps.
    """
    device = device_of(model)
    best, fields = [], None
    with evaluating(model), Recorder(model, [layer]) as recorder:
        for images, _ in batches(dataset, _BATCH_SIZE, device=device):
            model(images)
            maps = recorder.maps(layer)
            if not 0 <= channel < maps.shape[1]:
                raise CatdogError(
                    f"channel is {channel}, but the layer {layer!r} has {maps.shape[1]}; count "
                    "from 0."
                )
            fields = fields or UnitFields.of(model, images, layer)
            blind = fields.see_only_padding(maps, images).to(device)
            maps = maps[:, channel].masked_fill(blind, -math.inf)
            best.append(torch.stack([t.cpu().double() for t in maps.flatten(1).max(1)], dim=1))
    values, places = torch.cat(best).unbind(1)
    found = []
    for position in values.argsort(descending=True, stable=True)[:count].tolist():
        row, column = divmod(int(places[position]), maps.shape[2])
        image = dataset[position][0]
        box = fields.box(row, column, image)
        patch = image[:, box.top : box.bottom + 1, box.left : box.right + 1]
        found.append(TopActivation(position, row, column, values[position].item(), box, patch))
    return found
