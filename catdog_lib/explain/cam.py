"""Grad-CAM: which places of the last maps spoke for the class?"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.explain.scores import batch_by_batch, check_pictures, score
from catdog_lib.inspect.hooks import Recorder
from catdog_lib.inspect.layers import last_maps


def grad_cam(
    model: nn.Module,
    pictures: Tensor,
    target: int | Tensor | None = None,
    *,
    layer: str | None = None,
    size: tuple[int, int] | None = None,
) -> Tensor:
    """Weigh the maps of a layer by their mean gradients, add them up, keep what is above 0.

    ``α_k = 1/(H·W) Σ_ij ∂s_c/∂A_k(i, j)``,  ``L(i, j) = ReLU(Σ_k α_k · A_k(i, j))``

    A_k is the layer's map of channel k with H·W places, s_c the logit of the class c. α_k tells how
    much the class's score would grow if the whole map did; ReLU drops the places that speak against
    the class. The result is as coarse as the layer's maps, and is brought to the size of the
    pictures by bilinear interpolation. As α_k is one number for a whole map, a place of the map may
    glow that the answer does not use.

    Source: R. Selvaraju et al. 2016, "Grad-CAM: visual explanations from deep networks via
    gradient-based localization", arXiv 1610.02391.

    Args:
        model: on whatever device it is; it runs in evaluation mode, and is left as it was, with its
            ``.grad``.
        pictures: N×3×H×W, uint8 or float in [0, 1].
        target: the class c to explain, for all or for each (N); None takes the class that the model
            answers.
        layer: whose maps, by its name, such as "features.16", or "deep.0.0#2" for the second use of
            a layer; None takes the last one before places are lost
            (:func:`catdog_lib.inspect.layers.last_maps`).
        size: height and width of the result, in pixels; None takes those of the pictures.

    Returns:
        N×H×W, float32, at least 0; where the pictures are.

    Raises:
        CatdogError: the pictures or the target are none of these, or the layer does not exist or
            gives no maps.
    """
    check_pictures(pictures)
    layer = last_maps(model, pictures) if layer is None else layer
    size = tuple(pictures.shape[2:]) if size is None else size

    def explain(x: Tensor, classes: Tensor) -> Tensor:
        with Recorder(model, [layer], gradients=True) as seen, torch.enable_grad():
            value = score(model(x), classes).sum()
            maps = seen.outputs.get(layer)
            if maps is None or maps.ndim != 4:
                raise CatdogError(
                    f"{layer!r} gave no maps N×C×H×W, so it has no places; choose a layer before "
                    "flatten, and a use of it that there is."
                )
            seen.backward(value)
        slopes = seen.gradients[layer]
        alpha = slopes.mean((2, 3), keepdim=True)
        heat = (alpha * maps).sum(1, keepdim=True).relu()
        return F.interpolate(heat, size, mode="bilinear", align_corners=False)[:, 0]

    return batch_by_batch(explain, model, pictures, target)
