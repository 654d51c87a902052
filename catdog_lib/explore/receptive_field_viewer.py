"""Click a unit of a network, and see what it sees.

Lesson 02, section 7.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
import traitlets
from torch import Tensor, nn

from catdog_lib.device import device_of
from catdog_lib.errors import CatdogError
from catdog_lib.explore.base import Explorable, IntegerTrait
from catdog_lib.explore.convert import data_uri, shape_text
from catdog_lib.from_scratch.output_sizes import conv_output_size
from catdog_lib.inspect.hooks import LayerCall, evaluating, forward_hooks, layer_name
from catdog_lib.sketches import draw_image

MOST_LAYERS = 24
LIMITS = {"kernel": (1, 11), "stride": (1, 8), "padding": (0, 8), "dilation": (1, 6)}
_KINDS = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
_DEFAULTS = {"stride": 1, "padding": 0, "dilation": 1}
_THUMBNAIL = 64  # pixels on a side of a map's image, at most


class ReceptiveFieldViewer(Explorable):
    """A stack of convolutions and poolings, and what a unit sees in every map below and the photo.

    Click a unit in any map, or move it with the arrow keys; Page Up and Page Down change the layer.
    Layers can be added, changed and removed. For each the size of the receptive field, the jump
    from unit to unit and the centre of the first unit's field are listed, in pixels (as in
    :mod:`catdog_lib.inspect.receptive_field`).

    What you set there can be read here, and the other way round: ``layers`` (dicts with kind,
    kernel, stride, padding, dilation and name), ``size`` (the photo's side), ``layer`` (1 is the
    first; −1 the top one), ``row`` and ``column`` of the unit (−1: the middle).
    """

    code = "receptive_field_viewer"
    layers = traitlets.Any().tag(sync=True)
    size = IntegerTrait(64, 8, 256)
    layer = IntegerTrait(-1, -1, MOST_LAYERS)
    row = IntegerTrait(-1, -1, 255)
    column = IntegerTrait(-1, -1, 255)
    photo = traitlets.Unicode().tag(sync=True)
    maps = traitlets.Dict(help="what a network made of the image").tag(sync=True)

    def __init__(
        self,
        layers: Sequence[dict | nn.Module] | None = None,
        *,
        model: nn.Module | None = None,
        image: Tensor | None = None,
    ):
        """Show a stack of layers, or the layers of a model.

        Args:
            layers: ``nn.Conv2d``, ``nn.MaxPool2d`` and ``nn.AvgPool2d``, or dicts such as
                ``{"kernel": 3, "stride": 2}`` (kind "conv" or "pool"; stride 1, padding 0, dilation
                1 unless said). Default: three convolutions 3×3 with a pooling after the second.
            model: a network instead, whose layers follow one another. The maps then show what it
                makes of the image.
            image: 3×size×size, uint8, size from 8 to 256. Default: a sketch of a cat, 64×64.

        Raises:
            CatdogError: both or nothing usable is given, a layer is not square or too large, or the
                model's layers do not follow one another (as in a residual network).
        """
        if layers is not None and model is not None:
            raise CatdogError("Pass layers or model, not both.")
        if image is None:
            image = torch.from_numpy(np.array(draw_image(8, 0, 64))).permute(2, 0, 1)
        is_square = image.ndim == 3 and len(image) == 3 and image.shape[1] == image.shape[2]
        if image.dtype != torch.uint8 or not is_square:
            raise CatdogError(
                f"image is {image.dtype} of the shape {shape_text(image)}; it has to be uint8, "
                "3×size×size."
            )
        maps = {}
        if model is not None:
            layers, images = trace_maps(model, image)
            maps = {"layers": layers, "size": image.shape[-1], "images": images}
        elif layers is None:
            conv = {"kernel": 3, "padding": 1}
            layers = [conv, conv, {"kind": "pool", "kernel": 2, "stride": 2}, conv]
        super().__init__(layers=layers, size=image.shape[-1], photo=data_uri(image), maps=maps)

    @traitlets.validate("layers")
    def _check_layers(self, proposal) -> list[dict]:
        layers = proposal["value"]
        if not isinstance(layers, Sequence) or len(layers) > MOST_LAYERS:
            raise CatdogError(f"layers has to be a list of at most {MOST_LAYERS} layers.")
        return [layer_settings(layer, f"layers[{i}]") for i, layer in enumerate(layers)]

    def settings(self) -> dict:
        """Return what is shown as arguments of :func:`catdog_lib.plots.receptive_field_stack`."""
        return {name: getattr(self, name) for name in ("layers", "size", "layer", "row", "column")}


def layer_settings(layer: dict | nn.Module, where: str) -> dict:
    """Return a layer as the viewer holds it: kind, name, kernel, stride, padding and dilation.

    Args:
        layer: ``nn.Conv2d``, ``nn.MaxPool2d``, ``nn.AvgPool2d``, or a dict of settings.
        where: the layer's name in an error message.

    Raises:
        CatdogError: it is not a convolution or a pooling, not square, or out of limits.
    """
    if isinstance(layer, dict):
        given = {"kind": "conv", "name": ""} | _DEFAULTS | layer
    elif isinstance(layer, _KINDS):
        kind = "conv" if isinstance(layer, nn.Conv2d) else "pool"
        given = {"kind": kind, "name": "", "kernel": layer.kernel_size}
        given |= {name: getattr(layer, name, 1) for name in _DEFAULTS}
    else:
        raise CatdogError(
            f"{where} is {type(layer).__name__}; use Conv2d, MaxPool2d, AvgPool2d or a dict such "
            'as {"kernel": 3, "stride": 2}.'
        )
    for name, (low, high) in LIMITS.items():
        value = given.get(name)
        if isinstance(value, tuple | list) and len(set(value)) == 1:
            value = value[0]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise CatdogError(
                f"{where} has {name}={value!r}; the viewer takes one integer from {low} to {high}."
            )
        given[name] = value
    unknown = set(given) - {"kind", "name", *LIMITS}
    if unknown or given["kind"] not in ("conv", "pool"):
        raise CatdogError(
            f'{where} is not understood: kind is "conv" or "pool", and the other keys are name, '
            f"{', '.join(LIMITS)}."
        )
    return {name: given[name] for name in ("kind", "name", *LIMITS)}


def trace_maps(model: nn.Module, image: Tensor) -> tuple[list[dict], list[str]]:
    """Return a network's convolutions and poolings in the order of their use, and their maps.

    Each map is shown as the mean over its channels, dark for its lowest value and light for its
    highest: the text of a PNG file. The model is left as it was.

    Args:
        model: takes N×3×H×W.
        image: 3×size×size, uint8.

    Raises:
        CatdogError: a layer's map is not what the one before it leads to, so the layers do not
            follow one another.
    """
    layers: list[dict] = []
    maps: list[str] = []
    size = image.shape[-1]

    def record(call: LayerCall) -> None:
        nonlocal size
        name, inputs, output = layer_name(call.name), call.inputs, call.output
        settings = layer_settings(call.layer, name)
        window = {key: settings[key] for key in LIMITS}
        if inputs[0].shape[-1] != size or conv_output_size(size, **window) != output.shape[-1]:
            raise CatdogError(
                f"{name} does not follow the layer before it; the viewer takes networks without "
                "branches and without ceil_mode: pass the layers of one path as layers=[…]."
            )
        size = output.shape[-1]
        layers.append(settings | {"name": name})
        maps.append(_thumbnail(output[0]))

    windows = [name for name, module in model.named_modules() if isinstance(module, _KINDS)]
    with evaluating(model), forward_hooks(model, record, layers=windows), torch.no_grad():
        model(image[None].to(device_of(model)))
    return layers, maps


def _thumbnail(output: Tensor) -> str:
    """Return the mean over the channels of C×H×W as a small PNG file's text, dark to light."""
    mean = output.mean(0, keepdim=True).float().cpu()
    if mean.shape[-1] > _THUMBNAIL:
        mean = F.adaptive_avg_pool2d(mean, _THUMBNAIL)
    low, high = mean.min(), mean.max()
    grey = ((mean - low) / (high - low).clamp(min=1e-9) * 255).round().to(torch.uint8)
    return data_uri(grey.expand(3, -1, -1))
