"""The features of many pictures: extracted once, as fast as the machine can, and kept on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from catdog_lib.data.cache import cache_key, cached
from catdog_lib.data.image_set import ImageSet, batches
from catdog_lib.device import choose_device, dtype_name, fast_dtype, keep_freed_memory
from catdog_lib.models import Backbone
from catdog_lib.transfer.inference import optimize_for_inference

# Of a CPU's batch: its caches hold the maps of few pictures, and what they do not hold waits for
# memory.
_CACHE_PIXELS = 8 * 224 * 224


def features_of(
    backbone: Backbone,
    images: ImageSet,
    *,
    cache: bool = True,
    device: str | None = None,
    progress: bool = True,
) -> Tensor:
    """What a frozen backbone makes of every picture: N×D float32, on the CPU, in the order of the
    set.

    A frozen backbone gives a picture the same features in every epoch. To compute them once is to
    be done with it.

    Args:
        backbone: as :func:`catdog_lib.models.backbone` makes it; it is left as it was.
        images: the set; its pictures have whatever size the backbone is to see.
        cache: keep the features on disk, and take them from there if they were made from the same
            weights, on a machine that computes alike, and from the same pixels.
        device: cuda, mps or cpu; None takes the fastest here.
        progress: show a bar.

    Raises:
        CatdogError: there is no such device, or the cache cannot be written.
    """
    place = choose_device(device)
    dtype = fast_dtype(place)
    shape = (len(images), backbone.feature_size)

    def fill(rows: np.ndarray) -> None:
        network = optimize_for_inference(backbone, images.size, place, dtype)
        first = 0
        with tqdm(total=len(images), desc="Features", unit="picture", disable=not progress) as bar:
            for features in extract(network, images):
                rows[first : first + len(features)] = features
                first += len(features)
                bar.update(len(features))

    def fill_file(path: Path) -> list:
        fill(rows := np.lib.format.open_memmap(path, mode="r+"))
        rows.flush()
        return []

    if not cache:
        fill(found := np.empty(shape, np.float32))
    else:
        layers = [*backbone.normalize.state_dict().values(), *backbone.body.state_dict().values()]
        weights = _hash(len(layers), lambda i: layers[i].cpu())
        pictures = _hash(-(-len(images) // 64), lambda i: images[64 * i : 64 * i + 64][0])
        computed = [backbone.name, weights, dtype_name(dtype), place.type]
        key = cache_key("features", *computed, pictures, list(images.store.shape[1:]))
        found = np.array(cached(key, shape, fill_file, np.float32)[0])
    return torch.from_numpy(found)


@torch.inference_mode()
def extract(network: nn.Module, images: ImageSet) -> Iterator[Tensor]:
    """Features of batch after batch, each n×D float32, on the CPU.

    Args:
        network: from :func:`catdog_lib.transfer.inference.optimize_for_inference`, on any device.
        images: the set.
    """
    keep_freed_memory()
    device = next(network.parameters()).device
    size = 128 if device.type != "cpu" else max(1, _CACHE_PIXELS // images.size**2)
    for pictures, _ in batches(images, size, device=device):
        yield network(pictures).float().cpu()


def _hash(count: int, tensor: Callable[[int], Tensor]) -> str:
    """Of the values of ``count`` tensors, which are hashed side by side: that lets go of Python's
    lock.
    """
    with ThreadPoolExecutor() as pool:
        hashes = pool.map(lambda i: sha256(tensor(i).contiguous().numpy()).digest(), range(count))
        return sha256(b"".join(hashes)).hexdigest()
