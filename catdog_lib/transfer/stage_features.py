"""What each stage of a backbone makes of an image: features for a probe of every depth.

Lesson 06, section 1.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from catdog_lib.data.image_set import ImageSet, batches
from catdog_lib.device import device_of, prediction_batch, release_freed_memory
from catdog_lib.inspect.hooks import evaluating
from catdog_lib.models import Backbone


@torch.no_grad()
def stage_features(backbone: Backbone, dataset: ImageSet) -> dict[str, Tensor]:
    """Return the features after each stage: the mean of every channel of its map.

    Args:
        backbone: as :func:`catdog_lib.models.backbone` makes it; it is left as it was.
        dataset: the images.

    Returns:
        The name of each stage, in order → N×C float32, on the CPU; C is the number of channels of
        its map. Those of the last stage are the backbone's own features.
    """
    device = device_of(backbone)
    found: dict[str, list[Tensor]] = {name: [] for name, _ in backbone.stages}
    with evaluating(backbone):
        for images, _ in batches(dataset, prediction_batch(device, dataset.size), device=device):
            maps = backbone.normalize(images)
            for name, stage in backbone.stages:
                maps = stage(maps)
                means = F.adaptive_avg_pool2d(maps, 1).flatten(1) if maps.ndim == 4 else maps
                found[name].append(means.float().cpu())
    release_freed_memory()
    return {name: torch.cat(parts) for name, parts in found.items()}
