"""What is explained: the score of one class, for any number of images, on the model's device."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from catdog_lib.device import device_of, prediction_batch
from catdog_lib.errors import CatdogError
from catdog_lib.inspect.hooks import evaluating
from catdog_lib.training.metrics import check_labels


def batch_by_batch(
    explain: Callable[[Tensor, Tensor], Tensor],
    model: nn.Module,
    images: Tensor,
    target: int | Tensor | None,
) -> Tensor:
    """Call ``explain(images, classes)`` with a few images at a time and join the results.

    They are a quarter of those that the device predicts at once, since gradients need the maps of
    all layers. Meanwhile the model is in evaluation mode. ``explain`` gets float images in [0, 1]
    and int64 classes on the model's device; its results come back as float32 to where the images
    are.

    Args:
        images: N×3×H×W, uint8 or float in [0, 1].
        target: the class to explain: one for all, or N of them; None takes the class that the model
            answers.

    Raises:
        CatdogError: the images or the target are none of these.
    """
    check_images(images)
    if isinstance(target, int):
        target = torch.full((len(images),), target)
    if target is not None and target.shape != (len(images),):
        raise CatdogError(
            f"target has the shape {tuple(target.shape)}, but there are {len(images)} images; "
            "give one class for each, one number for all, or None for the class that the model "
            "answers."
        )
    device = device_of(model)
    count = max(1, prediction_batch(device, max(images.shape[2:])) // 4)
    results = []
    with evaluating(model):
        for rows in torch.arange(len(images)).split(count):
            batch = images[rows].to(device)
            batch = batch.float() / 255 if batch.dtype == torch.uint8 else batch.float()
            classes = predicted_classes(model, batch) if target is None else target[rows].to(device)
            results.append(explain(batch, classes).detach().float())
    return torch.cat(results).to(images.device)


@torch.no_grad()
def predicted_classes(model: nn.Module, images: Tensor) -> Tensor:
    """Return the class with the largest logit for each of the N images."""
    return model(images).argmax(1)


def class_scores(logits: Tensor, classes: Tensor) -> Tensor:
    """Return s_c, each image's logit of its class, N.

    It is taken before the softmax, which would flatten confident answers.

    Raises:
        CatdogError: there is no such class.
    """
    check_labels(classes, len(logits), logits.shape[1], name="target")
    return logits.float().gather(1, classes[:, None])[:, 0]


def check_images(images: Tensor) -> None:
    """Raise an error for anything that is not a batch of images.

    Raises:
        CatdogError: not 4-D, or float values outside [0, 1].
    """
    if images.ndim != 4 or not len(images):
        raise CatdogError(
            f"images has the shape {tuple(images.shape)}, but N×3×H×W is needed; for one image "
            "use image.unsqueeze(0)."
        )
    if images.dtype != torch.uint8 and not (images.min() >= 0 and images.max() <= 1):
        raise CatdogError(
            f"images has values from {images.min():g} to {images.max():g}; give uint8, or "
            "float in [0, 1]. The model normalizes them itself."
        )
