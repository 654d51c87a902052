"""All that a page needs to know of a network on an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.explain import grad_cam
from catdog_lib.explore.convert import data_uri, shape_text
from catdog_lib.explore.feature_map_browser.pack import pack_heatmaps, pack_layer
from catdog_lib.explore.feature_map_browser.record import record
from catdog_lib.explore.feature_map_browser.select import fit_budget, select_channels
from catdog_lib.inspect.layers import last_feature_maps
from catdog_lib.inspect.receptive_field import UnitFields

MOST_CLASSES = 10
MOST_TEXT = 700_000  # characters: all numbers travel to the page as text


def page_data(
    model: nn.Module,
    image: Tensor,
    layers: Sequence[str] | Mapping[str, Sequence[int]] | None,
    classes: Sequence[str],
) -> dict:
    """Return the traits of a :class:`catdog_lib.explore.FeatureMapBrowser` that stay as they are.

    Args:
        model, image, layers, classes: as in :class:`catdog_lib.explore.FeatureMapBrowser`.

    Raises:
        CatdogError: as in :class:`catdog_lib.explore.FeatureMapBrowser`.
    """
    images = check_image(image)[None] / 255
    calls, logits = record(model, images)
    if len(logits) != len(classes) or len(classes) > MOST_CLASSES:
        raise CatdogError(
            f"The model answers with {len(logits)} logits and classes has {len(classes)} "
            f"names; pass one name for each, at most {MOST_CLASSES}."
        )
    batch, targets = images.expand(len(classes), -1, -1, -1), torch.arange(len(classes))

    def heatmaps(layer: str, maps: Tensor) -> Tensor:
        return grad_cam(model, batch, targets, layer=layer, size=tuple(maps.shape[1:]))

    packed = [
        pack_layer(
            call,
            channels,
            _unit_fields(model, images, call.name),
            heatmaps(call.last_name, call.maps),
        )
        for call, channels in select_channels(calls, layers)
    ]
    name = last_feature_maps(model, images)
    maps = [call.maps for call in calls if call.maps[0].numel() > 1][-1]
    photo = data_uri(image)
    return {
        "photo": photo,
        "size": list(image.shape[1:]),
        "layers": fit_budget(packed, MOST_TEXT - len(photo), may_drop=layers is None),
        "last_heat": pack_heatmaps(f"the last maps, {name}", heatmaps(name, maps)),
        "classes": list(classes),
        "probabilities": logits.detach().double().softmax(0).tolist(),
    }


def _unit_fields(model: nn.Module, images: Tensor, layer: str) -> UnitFields | None:
    """Return what the layer's units see; None for a network that moves its places about."""
    try:
        return UnitFields.of(model, images, layer)
    except CatdogError:
        return None


def check_image(image: object) -> Tensor:
    """Return the image, if it is a tensor 3×H×W of uint8.

    Raises:
        CatdogError: it is not.
    """
    is_tensor = isinstance(image, Tensor)
    if is_tensor and image.dtype == torch.uint8 and image.ndim == 3 and len(image) == 3:
        return image
    given = f"{image.dtype} of the shape {shape_text(image)}" if is_tensor else type(image).__name__
    raise CatdogError(
        f"image is {given}; it has to be a tensor 3×height×width, uint8, such as dataset[0][0]."
    )
