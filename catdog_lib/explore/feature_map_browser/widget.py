"""Look into your own network: a layer, a channel, a pixel, and the arithmetic that made the
number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import traitlets
from torch import Tensor, nn

from catdog_lib.classes import CLASSES
from catdog_lib.errors import CatdogError
from catdog_lib.explain import grad_cam
from catdog_lib.explore.base import Explorable, Number, Whole, data_uri, picture_of
from catdog_lib.explore.feature_map_browser.pack import numbers_of, pack_heat, pack_layer
from catdog_lib.explore.feature_map_browser.record import record
from catdog_lib.explore.feature_map_browser.replay import Arithmetic, arithmetic, map_of, span
from catdog_lib.explore.feature_map_browser.select import MOST_LAYERS, chosen, fitting
from catdog_lib.inspect.layers import last_feature_maps
from catdog_lib.inspect.receptive_field import UnitFields

MOST_CLASSES = 10
MOST_TEXT = 600_000  # characters: all numbers travel to the page as text


class FeatureMapBrowser(Explorable):
    """The feature maps of a network on a picture, and where each of their numbers comes from.

    Choose a layer, a channel and a pixel of its map. You see what part of the photo that unit saw,
    the window on the maps that the filter read, patch × filter = products for each of them, their
    sum with the bias, and what BatchNorm and the activation make of it. Over the photo lies the
    Grad-CAM heat of a class at a layer, as strong as you like.

    The numbers are exact: they are the float32 values that the network computed with. Not all of
    them fit on a page, so at most six convolutions are shown, and of each up to 16 channels: those
    whose maps vary most on this picture.

    What you choose there can be read here, and the other way round: ``layer`` (0 is the first
    shown), ``channel`` (its number in the network; −1: the first shown), ``row`` and ``column`` of
    the map (−1: where it is largest), ``step`` (0: the convolution's own output; −1: after all
    steps), ``source`` (the input channel whose products are shown; −1: that with the largest sum),
    ``target`` (the class of the heat; −1: the network's answer), ``heat_layer`` (−1: the network's
    last maps, as :func:`catdog_lib.explain.grad_cam` has them) and ``opacity`` of the heat.
    """

    code = "feature_map_browser.js"
    photo = traitlets.Unicode().tag(sync=True)
    size = traitlets.List(help="height and width of the photo").tag(sync=True)
    layers = traitlets.List(help="exact numbers of each layer, as text").tag(sync=True)
    last_heat = traitlets.Dict(help="Grad-CAM of the network's last maps").tag(sync=True)
    classes = traitlets.List().tag(sync=True)
    probabilities = traitlets.List().tag(sync=True)
    layer = Whole(0, 0, MOST_LAYERS - 1)
    channel = Whole(-1, -1, 100_000)
    row = Whole(-1, -1, 10_000)
    column = Whole(-1, -1, 10_000)
    step = Whole(-1, -1, 9)
    source = Whole(-1, -1, 100_000)
    target = Whole(-1, -1, MOST_CLASSES - 1)
    heat_layer = Whole(-1, -1, MOST_LAYERS - 1)
    opacity = Number(0.4, 0, 1)

    def __init__(
        self,
        model: nn.Module,
        picture: Tensor,
        *,
        layers: Sequence[str] | Mapping[str, Sequence[int]] | None = None,
        classes: Sequence[str] = CLASSES,
    ):
        """
        Args:
            model: takes N×3×H×W and answers with logits. It stays as it is.
            picture: 3×H×W, uint8, of a size that the model takes.
            layers: names of convolutions, as ``model.named_modules()`` has them, or names with the
                channels to show, such as ``{"features.0": [3, 7]}``. A layer that is used several
                times is shown as often, unless a use is named, such as "deep.0.0#2". Default: those
                with kernels larger than 1×1, at most six, evenly spread; of a large picture, as
                many of them as fit.
            classes: the names of the logits.

        Raises:
            CatdogError: the picture is not such a tensor; the model has no convolution that can be
                shown, or other classes; there is no such layer or channel; or what is asked for is
                too much for a page.
        """
        pictures = checked(picture)[None] / 255
        calls, logits = record(model, pictures)
        if len(logits) != len(classes) or len(classes) > MOST_CLASSES:
            raise CatdogError(
                f"The model answers with {len(logits)} logits and classes has {len(classes)} "
                f"names; pass one name for each, at most {MOST_CLASSES}."
            )
        batch, targets = pictures.expand(len(classes), -1, -1, -1), torch.arange(len(classes))

        def heats(layer: str, maps: Tensor) -> Tensor:
            return grad_cam(model, batch, targets, layer=layer, size=tuple(maps.shape[1:]))

        packed = [
            pack_layer(
                call, channels, _fields(model, pictures, call.name), heats(call.end, call.maps)
            )
            for call, channels in chosen(calls, layers)
        ]
        name = last_feature_maps(model, pictures)
        last = [call.maps for call in calls if call.maps[0].numel() > 1][-1]
        photo = data_uri(picture)
        super().__init__(
            photo=photo,
            size=list(picture.shape[1:]),
            layers=fitting(packed, MOST_TEXT - len(photo), may_drop=layers is None),
            last_heat=pack_heat(f"the last maps, {name}", heats(name, last)),
            classes=list(classes),
            probabilities=logits.detach().double().softmax(0).tolist(),
        )

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
        """The convolutions that are shown, in the order in which they run."""
        return [layer["title"] for layer in self.layers]

    def shown_map(self) -> Tensor:
        """The map that is shown, H×W float32, computed again from what the page holds."""
        layer, at = self._filter()
        return map_of(layer, at, self._steps(layer))

    def place(self) -> tuple[int, int]:
        """Row and column of the unit that is chosen."""
        layer, _ = self._filter()
        if min(self.row, self.column) < 0:
            return divmod(self.shown_map().argmax().item(), layer["size"][1])
        rows, columns = layer["size"]
        return min(self.row, rows - 1), min(self.column, columns - 1)

    def arithmetic(self) -> Arithmetic:
        """How its number came about, computed again from what the page holds."""
        return arithmetic(*self._filter(), *self.place())

    def seen(self) -> tuple[int, int, int, int] | None:
        """First and last row, first and last column of the photo that it saw; None where that
        cannot be said.
        """
        fields = self._filter()[0]["fields"]
        if fields is None:
            return None
        spans = [span(*one) for one in zip(fields, self.place(), self.size, strict=True)]
        return *spans[0], *spans[1]

    def heat(self) -> Tensor:
        """Grad-CAM's heat: shares of its largest value, in steps of 1/255; H×W, those of the
        layer.
        """
        likeliest = max(range(len(self.classes)), key=self.probabilities.__getitem__)
        of_layer = self.heat_layer >= 0
        heat = self.layers[self.heat_layer]["heat"] if of_layer else self.last_heat
        shares = heat["shares"][likeliest if self.target < 0 else self.target]
        return numbers_of(shares, "|u1").view(heat["size"]) / 255

    def settings(self) -> dict:
        """What is shown now, as the arguments of the static twin,
        :func:`catdog_lib.plots.feature_map_browser`.
        """
        layer, at = self._filter()
        steps = self._steps(layer)
        done = self.arithmetic()
        by_size = max(range(len(done.sums)), key=lambda i: abs(done.sums[i]))
        return {
            "photo": picture_of(self.photo),
            "maps": torch.stack([map_of(layer, i, steps) for i in range(len(layer["channels"]))]),
            "chosen": at,
            "place": self.place(),
            "patch": done.patch,
            "weights": done.weights,
            "bias": done.bias,
            "after": done.after,
            "source": done.sources.index(self.source) if self.source in done.sources else by_size,
            "seen": self.seen(),
            "heat": self.heat(),
            "opacity": self.opacity,
            "title": f"{layer['title']}, channel {layer['channels'][at]}",
        }

    def _filter(self) -> tuple[dict, int]:
        """The layer and, among its channels that are shown, the position of the chosen one."""
        layer = self.layers[self.layer]
        channels = layer["channels"]
        return layer, channels.index(self.channel) if self.channel in channels else 0

    def _steps(self, layer: dict) -> int:
        most = len(layer["steps"])
        return most if self.step < 0 else min(self.step, most)


def _fields(model: nn.Module, pictures: Tensor, layer: str) -> UnitFields | None:
    try:
        return UnitFields.of(model, pictures, layer)
    except CatdogError:  # the network moves its places about
        return None


def checked(picture: object) -> Tensor:
    """The picture, if it is one.

    Raises:
        CatdogError: it is not.
    """
    if (
        isinstance(picture, Tensor)
        and picture.dtype == torch.uint8
        and picture.ndim == 3
        and len(picture) == 3
    ):
        return picture
    given = type(picture).__name__
    if isinstance(picture, Tensor):
        given = f"{picture.dtype} of the shape {'×'.join(map(str, picture.shape))}"
    raise CatdogError(
        f"picture is {given}; it has to be a tensor 3×height×width, uint8, such as images[0][0]."
    )
