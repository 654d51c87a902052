"""The features of many images: extracted once, as fast as the machine can, and kept on disk.

Lesson 06, section 1.
"""

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
from catdog_lib.device import (
    choose_device,
    device_of,
    dtype_name,
    fast_dtype,
    keep_freed_memory,
    own_cores,
    prediction_batch,
    release_freed_memory,
)
from catdog_lib.models import Backbone
from catdog_lib.transfer.inference import optimize_for_inference


def features_of(
    backbone: Backbone,
    dataset: ImageSet,
    *,
    cache: bool = True,
    device: str | None = None,
    dtype: torch.dtype | None = None,
    progress: bool = True,
) -> Tensor:
    """Return the features of every image: N×D float32, on the CPU, in the order of the set.

    A frozen backbone gives an image the same features in every epoch, so computing them once is
    enough.

    Args:
        backbone: as :func:`catdog_lib.models.backbone` makes it; it is left as it was.
        dataset: its images have whatever size the backbone is to see.
        cache: keep the features on disk, and take them from there if they were made from the same
            weights, on a machine that computes in the same way, and from the same pixels.
        device: cuda, mps or cpu; None takes the fastest here.
        dtype: number format of the convolutions; None takes the fastest that costs no accuracy.
        progress: show a bar.

    Raises:
        CatdogError: there is no such device, or the cache cannot be written.
    """
    device = choose_device(device)
    dtype = dtype or fast_dtype(device)
    shape = (len(dataset), backbone.feature_size)

    def fill(rows: np.ndarray) -> None:
        network = optimize_for_inference(backbone, dataset.size, device, dtype)
        first = 0
        bar = tqdm(total=len(dataset), desc="Features", unit="image", disable=not progress)
        with bar, own_cores(device, dtype):
            for features in extract(network, dataset):
                rows[first : first + len(features)] = features
                first += len(features)
                bar.update(len(features))
        release_freed_memory()

    def fill_file(path: Path) -> list:
        fill(rows := np.lib.format.open_memmap(path, mode="r+"))
        rows.flush()
        return []

    if not cache:
        fill(found := np.empty(shape, np.float32))
    else:
        layers = [*backbone.normalize.state_dict().values(), *backbone.body.state_dict().values()]
        weights = _hash(len(layers), lambda i: layers[i].cpu())
        pixels = _hash(-(-len(dataset) // 64), lambda i: dataset[64 * i : 64 * i + 64][0])
        computed = [backbone.name, weights, dtype_name(dtype), device.type]
        key = cache_key("features", *computed, pixels, list(dataset.store.shape[1:]))
        found = np.array(cached(key, shape, fill_file, np.float32)[0])
    return torch.from_numpy(found)


@torch.inference_mode()
def extract(network: nn.Module, dataset: ImageSet) -> Iterator[Tensor]:
    """Yield the features of one batch after the other, each n×D float32, on the CPU.

    Args:
        network: from :func:`catdog_lib.transfer.inference.optimize_for_inference`, on any device.
        dataset: the images.
    """
    keep_freed_memory()
    device = device_of(network)
    size = prediction_batch(device, dataset.size)
    if device.type == "cpu":
        size *= 4  # each stage takes as many of them as a cache holds
    for images, _ in batches(dataset, size, device=device):
        yield network(images).float().cpu()


def _hash(count: int, tensor: Callable[[int], Tensor]) -> str:
    """Return the hash of the values of ``count`` tensors.

    They are hashed in parallel threads: hashing releases Python's lock.
    """
    with ThreadPoolExecutor() as pool:
        hashes = pool.map(lambda i: sha256(tensor(i).contiguous().numpy()).digest(), range(count))
        return sha256(b"".join(hashes)).hexdigest()
