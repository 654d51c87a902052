"""Grad-CAM: which places of the last feature maps spoke for the class?

Lesson 07, section 4.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib.explain.scores import batch_by_batch, check_images, class_scores
from catdog_lib.inspect.layers import last_feature_maps
from catdog_lib.inspect.recorder import Recorder


def grad_cam(
    model: nn.Module,
    images: Tensor,
    target: int | Tensor | None = None,
    *,
    layer: str | None = None,
    size: tuple[int, int] | None = None,
) -> Tensor:
    """Weigh a layer's feature maps by their mean gradients, add them up, keep what is above 0.

    ``α_k = 1/(H·W) Σ_ij ∂s_c/∂A_k(i, j)``,  ``L(i, j) = ReLU(Σ_k α_k · A_k(i, j))``

    A_k is the layer's feature map of channel k with H·W places, s_c the logit of the class c. α_k
    tells how much the class's score would grow if the whole map did; ReLU drops the places that
    speak against the class. The result is as coarse as the layer's maps, and is brought to the size
    of the images by bilinear interpolation. As α_k is one number for a whole map, a place of the
    map may glow that the answer does not use.

    Source: R. Selvaraju et al. 2016, "Grad-CAM: visual explanations from deep networks via
    gradient-based localization", arXiv 1610.02391.

    Args:
        model: on whatever device it is; it runs in evaluation mode, and is left as it was, with its
            ``.grad``.
        images: N×3×H×W, uint8 or float in [0, 1].
        target: the class c to explain, for all or for each (N); None takes the class that the model
            answers.
        layer: whose feature maps, by its name, such as "features.16", or "deep.0.0#2" for the
            second call of a layer; None takes the last one before places are lost
            (:func:`catdog_lib.inspect.layers.last_feature_maps`).
        size: height and width of the result, in pixels; None takes those of the images.

    Returns:
        N×H×W, float32, at least 0; where the images are.

    Raises:
        CatdogError: the images or the target are none of these, or the layer does not exist or
            gives no feature maps.
    """
    check_images(images)
    if layer is None:
        one = images[:1]
        layer = last_feature_maps(model, one if one.dtype == torch.uint8 else one.float())
    size = tuple(images.shape[2:]) if size is None else size

    def explain(x: Tensor, classes: Tensor) -> Tensor:
        with Recorder(model, [layer], gradients=True) as recorder, torch.enable_grad():
            value = class_scores(model(x), classes).sum()
            maps = recorder.maps(layer)
            recorder.backward(value)
        alpha = recorder.gradients[layer].mean((2, 3), keepdim=True)
        heatmaps = (alpha * maps).sum(1, keepdim=True).relu()
        return F.interpolate(heatmaps, size, mode="bilinear", align_corners=False)[:, 0]

    return batch_by_batch(explain, model, images, target)
