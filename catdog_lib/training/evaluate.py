"""How good is a network? Its logits on a set of images, and what follows from them.

Lesson 03, section 6.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib.data.image_set import ImageSet, batches
from catdog_lib.device import (
    autocast,
    device_of,
    fast_dtype,
    keep_freed_memory,
    own_cores,
    prediction_batch,
)
from catdog_lib.errors import CatdogError
from catdog_lib.training import loop
from catdog_lib.training.distributed import dist_context
from catdog_lib.training.metrics import Evaluation


def predict_tta(
    model: nn.Module, images: Tensor, *, flip: bool = False, sizes: Sequence[int] = ()
) -> Tensor:
    """Return the logits for a batch, N×2 float32, with test-time augmentation.

    They are the mean over all views of an image.

    Args:
        model: takes images of any size, if ``sizes`` are given.
        images: N×3×H×W, uint8 or float in [0, 1].
        flip: look at each image's mirror image, too.
        sizes: look at the images resized to these heights and widths, in pixels; () takes them as
            they are.
    """
    views = [images]
    if sizes:
        values = images.float() / 255 if images.dtype == torch.uint8 else images.float()
        views = [F.interpolate(values, (s, s), mode="bilinear", antialias=True) for s in sizes]
    if flip:
        views += [view.flip(3) for view in views]
    return torch.stack([model(view).float() for view in views]).mean(0)


def predict(
    model: nn.Module,
    dataset: ImageSet,
    dtype: torch.dtype | None = None,
    *,
    flip: bool = False,
    sizes: Sequence[int] = (),
) -> Tensor:
    """Return the network's logits, N×2 float32, on the CPU, in the order of the set.

    The network is in evaluation mode meanwhile (BatchNorm uses its running statistics); afterwards
    each of its modules is in the mode it was in. Of several processes each takes a shard of the
    images, and all get the logits of all.

    Args:
        model: on whatever device it is.
        dataset: the images.
        dtype: number format of the convolutions; None takes the fastest that costs no accuracy.
        flip, sizes: test-time augmentation (:func:`predict_tta`).
    """
    keep_freed_memory()
    device = device_of(model)
    dist = dist_context()
    dtype = dtype or dist.broadcast_object(lambda: fast_dtype(device))
    shard = dataset
    if dist.size > 1:
        shard = dataset.subset(torch.arange(len(dataset))[dist.shard(len(dataset))])

    def forward(images: Tensor) -> Tensor:
        with autocast(device, dtype):
            return predict_tta(model, images, flip=flip, sizes=sizes)

    size = prediction_batch(device, max((dataset.size, *sizes)))
    with own_cores(device, dtype):
        logits, _ = loop.predict(model, batches(shard, size, device=device), forward)
    return dist.gather(logits, len(dataset))


def evaluate(
    model: nn.Module,
    dataset: ImageSet,
    dtype: torch.dtype | None = None,
    *,
    flip: bool = False,
    sizes: Sequence[int] = (),
) -> Evaluation:
    """Return the cross-entropy and accuracy of ``model``; arguments as in :func:`predict`.

    Raises:
        CatdogError: the set is empty.
    """
    if not len(dataset):
        raise CatdogError("There is no image to evaluate on; which ones were taken out?")

    def predict_all(model: nn.Module, dataset: ImageSet) -> tuple[Tensor, Tensor]:
        return predict(model, dataset, dtype, flip=flip, sizes=sizes), dataset.labels

    evaluation = loop.evaluate(model, dataset, predict_all)
    return dist_context().broadcast_object(lambda: evaluation)
