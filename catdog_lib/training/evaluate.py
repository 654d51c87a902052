"""How good is a network? Its logits on a set of pictures, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib.data.image_set import ImageSet, batches
from catdog_lib.device import autocast, fast_dtype, keep_freed_memory
from catdog_lib.training.distributed import team
from catdog_lib.training.metrics import Evaluation

_BATCH = 128


def predict_tta(
    model: nn.Module, pictures: Tensor, *, flip: bool = False, sizes: Sequence[int] = ()
) -> Tensor:
    """The logits for a batch of pictures, N×2 float32: the mean over all the ways in which each is
    looked at.

    Args:
        model: takes pictures of any size, if ``sizes`` are given.
        pictures: uint8, N×3×H×W.
        flip: look at each picture's mirror image, too.
        sizes: look at the pictures made this high and wide, in pixels; () takes them as they are.
    """
    views = [pictures]
    if sizes:
        values = pictures.float() / 255
        views = [F.interpolate(values, (s, s), mode="bilinear", antialias=True) for s in sizes]
    if flip:
        views += [view.flip(3) for view in views]
    return torch.stack([model(view).float() for view in views]).mean(0)


@torch.no_grad()
def predict(
    model: nn.Module,
    images: ImageSet,
    dtype: torch.dtype | None = None,
    *,
    flip: bool = False,
    sizes: Sequence[int] = (),
) -> Tensor:
    """The network's logits for every picture, N×2 float32, on the CPU, in the order of the set.

    The network is put into evaluation mode meanwhile (BatchNorm uses its running statistics) and
    back afterwards. In a team of processes each takes a share of the pictures, and all get the
    logits of all.

    Args:
        model: on whatever device it is.
        images: the set.
        dtype: number format of the convolutions; None takes the fastest that costs no accuracy.
        flip, sizes: how each picture is looked at (:func:`predict_tta`).
    """
    keep_freed_memory()
    device = next(model.parameters()).device
    together = team()
    dtype = dtype or together.broadcast_object(lambda: fast_dtype(device))
    was_training = model.training
    model.eval()
    logits = []
    mine = images
    if together.size > 1:
        mine = images.subset(torch.arange(len(images))[together.share(len(images))])
    for pictures, _ in batches(mine, _BATCH, device=device):
        with autocast(device, dtype):
            logits.append(predict_tta(model, pictures, flip=flip, sizes=sizes).cpu())
    model.train(was_training)
    return together.gather(torch.cat(logits), len(images))


def evaluate(
    model: nn.Module,
    images: ImageSet,
    dtype: torch.dtype | None = None,
    *,
    flip: bool = False,
    sizes: Sequence[int] = (),
) -> Evaluation:
    """Cross-entropy loss and accuracy of ``model`` on ``images``; arguments as in
    :func:`predict`.
    """
    logits = predict(model, images, dtype, flip=flip, sizes=sizes)
    loss = F.cross_entropy(logits, images.labels).item()
    accuracy = (logits.argmax(1) == images.labels).double().mean().item()
    return team().broadcast_object(lambda: Evaluation(loss, accuracy, len(images)))
