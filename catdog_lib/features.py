"""The features of many pictures: extracted once, as fast as the machine can, and kept on disk."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from tqdm.auto import tqdm

from catdog_lib.data.cache import cached, key_of
from catdog_lib.data.image_set import ImageSet, batches
from catdog_lib.device import choose_device, dtype_name, fast_dtype
from catdog_lib.memory import keep_freed_memory
from catdog_lib.models import Backbone

_BATCH = {"cpu": 8}  # a CPU's cache holds the maps of few pictures
_BATCH_ELSEWHERE = 128


def features_of(
    backbone: Backbone,
    images: ImageSet,
    *,
    cache: bool = True,
    device: str | None = None,
    progress: bool = True,
) -> Tensor:
    """What a frozen backbone makes of every picture: N×D float32, on the CPU, in the order of the set.

    A frozen backbone gives a picture the same features in every epoch. To compute them once is to be done with it.

    Args:
        backbone: as :func:`catdog_lib.models.backbone` makes it; it is left as it was.
        images: the set; its pictures have whatever size the backbone is to see.
        cache: keep the features on disk, and take them from there if they were made from the same weights, on a
            machine that computes alike, and from the same pixels.
        device: cuda, mps or cpu; None takes the fastest here.
        progress: show a bar.

    Raises:
        CatdogError: there is no such device, or the cache cannot be written.
    """
    place = choose_device(device)
    dtype = fast_dtype(place)
    shape = (len(images), backbone.feature_size)
    if not cache:
        found = np.empty(shape, np.float32)
        for first, features in extract(backbone, images, place, dtype, progress):
            found[first : first + len(features)] = features
        return torch.from_numpy(found)

    def fill(part: Path) -> list:
        rows = np.lib.format.open_memmap(part, mode="r+")
        for first, features in extract(backbone, images, place, dtype, progress):
            rows[first : first + len(features)] = features
        rows.flush()
        return []

    weights = _hash(value.cpu() for value in backbone.state_dict().values())
    pictures = _hash(images[i : i + 64][0] for i in range(0, len(images), 64))
    key = key_of(
        "features", backbone.name, dtype_name(dtype), place.type, list(images.store.shape[1:]),
        weights, pictures,
    )  # fmt: skip
    return torch.from_numpy(np.array(cached(key, shape, fill, np.float32)[0]))


def extract(
    backbone: Backbone, images: ImageSet, device: torch.device, dtype: torch.dtype, progress: bool
) -> Iterator[tuple[int, Tensor]]:
    """Compute features batch by batch: the position of the batch's first picture, and N×D float32 on the CPU."""
    keep_freed_memory()
    network = for_extraction(backbone, images.size, device, dtype)
    size = _BATCH.get(device.type, _BATCH_ELSEWHERE)
    done = 0
    bar = tqdm(
        total=len(images), desc="Features", unit="picture", disable=not progress, leave=False
    )
    with bar:
        for pictures, _ in batches(images, size, device=device):
            with torch.inference_mode():
                features = network(pictures).float().cpu()
            yield done, features
            done += len(features)
            bar.update(len(features))


def for_extraction(
    backbone: Backbone, size: int, device: torch.device, dtype: torch.dtype
) -> nn.Module:
    """A copy that only predicts, and does so faster: BatchNorm folded into the convolutions, all of it in ``dtype``.

    Autocast would turn every weight and every map into ``dtype`` before each convolution, and back for BatchNorm.
    """
    copy = deepcopy(backbone).eval().requires_grad_(False).to(device)
    fold_batchnorm(copy.body, torch.rand(2, 3, size, size, device=device))
    copy.body.to(dtype, memory_format=torch.channels_last)
    return nn.Sequential(copy.normalize, _Cast(dtype), copy.body)


class _Cast(nn.Module):
    def __init__(self, dtype: torch.dtype):
        super().__init__()
        self.dtype = dtype

    def forward(self, maps: Tensor) -> Tensor:
        return maps.to(self.dtype)


def fold_batchnorm(network: nn.Module, pictures: Tensor) -> None:
    """Fold every BatchNorm that directly follows a convolution into it, in place.

    In evaluation mode BatchNorm multiplies each channel by a number and adds another; a convolution with its weights
    multiplied and its bias moved does the same at no cost.

    Args:
        network: in evaluation mode.
        pictures: run through it once, to see what follows what.
    """
    made_by: dict[int, nn.Conv2d] = {}
    kept: list[Tensor] = []  # while a map lives, no other has its id
    pairs: dict[nn.BatchNorm2d, nn.Conv2d] = {}

    def note(layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        kept.append(output)
        if isinstance(layer, nn.Conv2d):
            made_by[id(output)] = layer
        elif id(inputs[0]) in made_by:
            pairs[layer] = made_by[id(inputs[0])]

    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.BatchNorm2d)]
    handles = [layer.register_forward_hook(note) for layer in layers]
    with torch.no_grad():
        network(pictures)
    for handle in handles:
        handle.remove()
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if child in pairs:
                convolution = fuse_conv_bn_eval(pairs[child], child)
                pairs[child].weight, pairs[child].bias = convolution.weight, convolution.bias
                setattr(parent, name, nn.Identity())


def _hash(tensors: Iterator[Tensor]) -> str:
    """Of the values of all tensors; parts are hashed side by side, which lets go of Python's lock."""
    with ThreadPoolExecutor() as pool:
        parts = pool.map(lambda tensor: sha256(tensor.contiguous().numpy()).digest(), tensors)
        return sha256(b"".join(parts)).hexdigest()
