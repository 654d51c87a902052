"""Predictions that are not a function of the image alone: of the batch, or of chance as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from catdog_lib.diagnose.finding import CERTAIN, Finding

_ROUNDING = 0.05  # of the logits' size: bfloat16 and the order of sums change that much at most
_RANDOM = (nn.modules.dropout._DropoutNd, nn.modules.batchnorm._BatchNorm)


def unstable_predictions(
    predict: nn.Module | Callable[[Tensor], Tensor], test_images: Tensor
) -> list[Finding]:
    """Find out whether a prediction depends on the other images of its batch, or on chance.

    In training mode BatchNorm normalizes with the mean of the batch, and dropout sets units to 0 at
    random. A forgotten ``model.eval()`` shows in this way, and so do random transforms.

    Args:
        predict: takes images, returns logits or probabilities, N×K. A network is called in the mode
            that it is in, and is left as it was.
        test_images: eight or more.
    """
    with torch.no_grad(), _unchanged(predict):
        first, again = (predict(test_images).cpu().double() for _ in range(2))
        # Two batches as unlike each other as can be: if the company matters, it matters here.
        order = first[:, 0].argsort()
        halves = torch.cat([predict(test_images[half]) for half in order.chunk(2)])
    size = first.std().item() + 1e-12
    random = (again - first).abs().max().item() / size
    alone = (halves.cpu().double() - first[order]).abs().max().item() / size
    numbers = {"between_passes": random, "between_batches": alone, "images": len(test_images)}
    if random <= _ROUNDING and alone <= _ROUNDING:
        return []
    if random > _ROUNDING:
        saw = f"Two predictions of the same {len(test_images)} images differ by up to {random:.2f}"
    else:
        saw = (
            f"The same {len(test_images)} images are predicted differently in two smaller batches: "
            f"the outputs differ by up to {alone:.2f}"
        )
    saw += " standard deviations of the outputs."
    if active := _in_training_mode(predict):
        saw += f" In training mode: {', '.join(active[:3])}{' …' if len(active) > 3 else ''}."
    advice = (
        "Call model.eval() before predicting"
        + (", and use no random transforms" if random > _ROUNDING else "")
        + "; call model.train() again before you go on training."
    )
    return [Finding("unstable_predictions", saw, CERTAIN, advice, numbers)]


def augmented_test_images(first_pass: Tensor, second_pass: Tensor) -> list[Finding]:
    """Find out whether the images of an evaluation change from one pass to the next.

    Args:
        first_pass, second_pass: what two passes over the same test images showed to the network,
            or what it answered: N×…, such as ``torch.cat([images for images, _ in loader])``. A
            different order is no finding.
    """
    if first_pass.shape == second_pass.shape:
        passes = [each.cpu().double().flatten(1) for each in (first_pass, second_pass)]
        size = passes[0].std().item() + 1e-12
        orders = (passes, [_sorted_rows(rows) for rows in passes])
        difference = min((a - b).abs().max().item() / size for a, b in orders)
        if difference <= _ROUNDING:
            return []
        saw = (
            f"Two passes over the {len(first_pass)} test images differ by up to {difference:.2f} "
            "standard deviations of all values."
        )
    else:
        difference = float("inf")
        saw = (
            f"Two passes over the test images gave {tuple(first_pass.shape)} and "
            f"{tuple(second_pass.shape)} values."
        )
    advice = (
        "Augment training images only: give the test set a transform without random parts, and "
        "predict in evaluation mode."
    )
    return [Finding("augmented_test_images", saw, CERTAIN, advice, {"difference": difference})]


def _sorted_rows(rows: Tensor) -> Tensor:
    """Return the rows of a matrix in an order that depends on their values alone."""
    return rows[rows.mean(1).argsort(stable=True)]


def _in_training_mode(predict: object) -> list[str]:
    """Return the names of the layers in training mode that act differently in it."""
    modules = predict.named_modules() if isinstance(predict, nn.Module) else ()
    return [name for name, module in modules if isinstance(module, _RANDOM) and module.training]


@contextmanager
def _unchanged(predict: object) -> Iterator[None]:
    """Restore the buffers of a network, such as running statistics, after a ``with`` block."""
    buffers = list(predict.buffers()) if isinstance(predict, nn.Module) else []
    before = [buffer.clone() for buffer in buffers]
    try:
        yield
    finally:
        for buffer, start in zip(buffers, before, strict=True):
            buffer.copy_(start)
