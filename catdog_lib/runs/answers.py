"""What a run's network answers: computed as at the end of its training, which is fast and exact."""

from __future__ import annotations

import torch
from torch import Tensor

from catdog_lib.data.image_set import ImageSet
from catdog_lib.device import choose_device, device_of
from catdog_lib.runs.run_folder import Run
from catdog_lib.training.evaluate import predict
from catdog_lib.transfer.cached_training import FeatureHead, featured, repeats_itself


def answers(
    run: Run,
    dataset: ImageSet,
    *,
    cache: bool = True,
    device: str | None = None,
    progress: bool = False,
) -> Tensor:
    """Return the logits of a run's network, N×2 float32, on the CPU, in the order of the set.

    With the test-time augmentation that the run was tested with. If its backbone was frozen, they
    follow from the features, which its training left on disk.

    Args:
        run: its network is left as it was, where it was.
        dataset: the images, of the size that the network takes.
        cache: keep features on disk (:func:`catdog_lib.transfer.features.features_of`); not for
            images that will never be asked for again.
        device: as for :func:`catdog_lib.training.fit.fit`.
        progress: show a bar while features are computed.

    Raises:
        CatdogError: there is no such device, or the cache cannot be written.
    """
    model, recipe, place = run.model, run.recipe, choose_device(device)
    dtype = getattr(torch, recipe.precision, None)  # None for "auto"
    before = device_of(model)
    try:
        if not repeats_itself(model, recipe):
            flip, sizes = recipe.test_flip, recipe.test_sizes
            return predict(model.to(place), dataset, dtype, flip=flip, sizes=sizes)
        options = {"cache": cache, "device": device, "progress": progress, "dtype": dtype}
        features = featured(model.backbone, dataset, **options)
        return predict(FeatureHead(model.head).to(place), features, dtype)
    finally:
        model.to(before)
