"""What a network says of many images: its logits and features, as fast as they can be had."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from catdog_lib.data.image_set import ImageSet, batches
from catdog_lib.deploy.demo.network import DemoNetwork
from catdog_lib.inspect.hooks import evaluating
from catdog_lib.models import TransferClassifier
from catdog_lib.transfer.features import features_of

_BATCH_SIZE = 32


@torch.no_grad()
def outputs_of(
    network: DemoNetwork,
    model: nn.Module,
    dataset: ImageSet,
    positions: Tensor | None = None,
    *,
    progress: bool = True,
) -> tuple[Tensor, Tensor]:
    """Return the logits, N×2, and the features, N×D, of a set, or of the images at ``positions``.

    A transfer network that looks at each image once takes its backbone's features from the cache,
    where its training has left those of the whole set.

    Args:
        network: of ``model``.
        model: the network of the run.
        dataset: the images.
        positions: some of them; None takes all.
        progress: show a bar.
    """
    if isinstance(model, TransferClassifier) and network.views == 1:
        features = features_of(model.backbone, dataset, progress=progress)
        features = features if positions is None else features[positions]
        layers = list(model.head) if isinstance(model.head, nn.Sequential) else [model.head]
        with evaluating(model):
            for layer in layers[:-1]:
                features = layer(features)
            return layers[-1](features), features
    dataset = dataset if positions is None else dataset.subset(positions)
    found = []
    bar = tqdm(total=len(dataset), desc="Images", unit="image", disable=not progress, leave=False)
    with bar, evaluating(network):
        for images, _ in batches(dataset, _BATCH_SIZE):
            outputs = network(images.float() / 255)
            found.append((outputs["logits"], outputs["features"]))
            bar.update(len(images))
    logits, features = (torch.cat(parts) for parts in zip(*found, strict=True))
    return logits, features
