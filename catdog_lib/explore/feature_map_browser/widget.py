"""Look into your own network: a layer, a channel, a unit, and the arithmetic of its value.

Lesson 07, section 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import traitlets
from torch import Tensor, nn

from catdog_lib.classes import CLASSES
from catdog_lib.errors import CatdogError
from catdog_lib.explore.base import Explorable, FloatTrait, IntegerTrait
from catdog_lib.explore.convert import decode, image_from_uri
from catdog_lib.explore.feature_map_browser.prepare import MOST_CLASSES, page_data
from catdog_lib.explore.feature_map_browser.replay import (
    Arithmetic,
    arithmetic,
    feature_map,
    seen_span,
)
from catdog_lib.explore.feature_map_browser.select import MOST_LAYERS


class FeatureMapBrowser(Explorable):
    """The feature maps of a network on an image, and where each of their values comes from.

    Choose a layer, a channel and a unit of its map. You see what part of the photo that unit saw,
    the window on the maps that the filter read, patch × filter = products for each of them, their
    sum with the bias, and what BatchNorm and the activation make of it. Over the photo lies the
    Grad-CAM heat of a class at a layer, as strong as you like.

    The numbers are exact: they are the float32 values that the network computed with. Not all of
    them fit on a page, so at most seven convolutions are shown, and of each up to 16 channels:
    those whose maps vary most on this image.

    What you choose there can be read here, and the other way round: ``layer`` (0 is the first
    shown), ``channel`` (its number in the network; −1: the first shown), ``row`` and ``column`` of
    the map (−1: where it is largest), ``step`` (0: the convolution's own output; −1: after all
    steps), ``source`` (the input channel whose products are shown; −1: that with the largest sum),
    ``target`` (the class of the heat; −1: the network's prediction), ``heat_layer`` (−1: the
    network's last maps, as :func:`catdog_lib.explain.grad_cam` has them) and ``opacity`` of the
    heat.
    """

    code = "feature_map_browser"
    photo = traitlets.Unicode().tag(sync=True)
    size = traitlets.List(help="height and width of the photo").tag(sync=True)
    layers = traitlets.List(help="exact numbers of each layer, as text").tag(sync=True)
    last_heat = traitlets.Dict(help="Grad-CAM of the network's last maps").tag(sync=True)
    classes = traitlets.List().tag(sync=True)
    probabilities = traitlets.List().tag(sync=True)
    layer = IntegerTrait(0, 0, MOST_LAYERS - 1)
    channel = IntegerTrait(-1, -1, 100_000)
    row = IntegerTrait(-1, -1, 10_000)
    column = IntegerTrait(-1, -1, 10_000)
    step = IntegerTrait(-1, -1, 9)
    source = IntegerTrait(-1, -1, 100_000)
    target = IntegerTrait(-1, -1, MOST_CLASSES - 1)
    heat_layer = IntegerTrait(-1, -1, MOST_LAYERS - 1)
    opacity = FloatTrait(0.4, 0, 1)

    def __init__(
        self,
        model: nn.Module,
        image: Tensor,
        *,
        layers: Sequence[str] | Mapping[str, Sequence[int]] | None = None,
        classes: Sequence[str] = CLASSES,
    ):
        """Show a network on an image.

        Args:
            model: takes N×3×H×W and returns logits. It stays as it is.
            image: 3×H×W, uint8, of a size that the model takes.
            layers: names of convolutions, as ``model.named_modules()`` has them, or names with the
                channels to show, such as ``{"features.0": [3, 7]}``. A layer that is used several
                times is shown as often, unless a use is named, such as "deep.0.0#2". Default: those
                with kernels larger than 1×1, at most seven, evenly spread; of a large image, as
                many of them as fit.
            classes: the names of the logits.

        Raises:
            CatdogError: the image is not such a tensor; the model has no convolution that can be
                shown, or other classes; there is no such layer or channel; or what is asked for is
                too much for a page.
        """
        super().__init__(**page_data(model, image, layers, classes))

    @traitlets.validate("layer", "channel", "target", "heat_layer")
    def _check_choice(self, proposal) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        if name == "channel":
            there = self.layers[self.layer]["channels"]
        else:
            there = range(len(self.classes if name == "target" else self.layers))
        if value != -1 and value not in there:
            raise CatdogError(f"{name} is {value}; use one of {', '.join(map(str, there))}.")
        return value

    def layer_names(self) -> list[str]:
        """Return the convolutions that are shown, in the order in which they run."""
        return [layer["title"] for layer in self.layers]

    def shown_map(self) -> Tensor:
        """Return the map that is shown, H×W float32, computed again from what the page holds."""
        layer, at = self._filter()
        return feature_map(layer, at, self._steps(layer))

    def place(self) -> tuple[int, int]:
        """Return the row and the column of the unit that is chosen."""
        layer, _ = self._filter()
        if min(self.row, self.column) < 0:
            return divmod(self.shown_map().argmax().item(), layer["size"][1])
        rows, columns = layer["size"]
        return min(self.row, rows - 1), min(self.column, columns - 1)

    def arithmetic(self) -> Arithmetic:
        """Return how the unit's value came about, computed again from what the page holds."""
        return arithmetic(*self._filter(), *self.place())

    def seen(self) -> tuple[int, int, int, int] | None:
        """Return the first and last row and column of the photo that the unit saw; None if unknown.

        The order is first row, last row, first column, last column.
        """
        fields = self._filter()[0]["fields"]
        if fields is None:
            return None
        spans = [seen_span(*side) for side in zip(fields, self.place(), self.size, strict=True)]
        return *spans[0], *spans[1]

    def heat(self) -> Tensor:
        """Return Grad-CAM's heat, H×W as the layer: shares of its largest value, in 1/255 steps."""
        predicted = max(range(len(self.classes)), key=self.probabilities.__getitem__)
        of_layer = self.heat_layer >= 0
        heat = self.layers[self.heat_layer]["heat"] if of_layer else self.last_heat
        shares = heat["shares"][predicted if self.target < 0 else self.target]
        return decode(shares, "|u1").view(heat["size"]) / 255

    def settings(self) -> dict:
        """Return what is shown as arguments of :func:`catdog_lib.plots.feature_map_browser`."""
        layer, at = self._filter()
        steps = self._steps(layer)
        found = self.arithmetic()
        maps = [feature_map(layer, i, steps) for i in range(len(layer["channels"]))]
        largest = max(range(len(found.sums)), key=lambda i: abs(found.sums[i]))
        is_source = self.source in found.sources
        return {
            "photo": image_from_uri(self.photo),
            "maps": torch.stack(maps),
            "chosen": at,
            "place": self.place(),
            "patch": found.patch,
            "weights": found.weights,
            "bias": found.bias,
            "after": found.after,
            "source": found.sources.index(self.source) if is_source else largest,
            "seen": self.seen(),
            "heat": self.heat(),
            "opacity": self.opacity,
            "title": f"{layer['title']}, channel {layer['channels'][at]}",
        }

    def _filter(self) -> tuple[dict, int]:
        """Return the layer and the chosen channel's position among those of it that are shown."""
        layer = self.layers[self.layer]
        channels = layer["channels"]
        return layer, channels.index(self.channel) if self.channel in channels else 0

    def _steps(self, layer: dict) -> int:
        """Return how many of the layer's steps are applied."""
        most = len(layer["steps"])
        return most if self.step < 0 else min(self.step, most)
