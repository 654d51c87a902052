"""Take the hottest pixels away, or put them in first: does the answer follow?

Lesson 07, section 5.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.explain.scores import batch_by_batch, class_scores


def deletion_curve(
    model: nn.Module,
    images: Tensor,
    heatmaps: Tensor,
    target: int | Tensor | None = None,
    *,
    steps: int = 16,
    fill: float = 0.5,
) -> Tensor:
    """Return the class's probability while the image is made grey, its hottest pixels first.

    The better a heatmap has found what the class depends on, the sooner the probability falls.

    Source: V. Petsiuk, A. Das and K. Saenko 2018, "RISE: randomized input sampling for explanation
    of black-box models", arXiv 1806.07421.

    Args:
        model: on whatever device it is; it runs in evaluation mode, and is left as it was.
        images: N×3×H×W, uint8 or float in [0, 1].
        heatmaps: N×H×W; pixels with the same heat go from the upper left to the lower right.
        target: the class, for all or for each (N); None takes the one that the model answers for
            the whole image.
        steps: each takes away H·W/steps pixels.
        fill: the grey that takes their place, in [0, 1].

    Returns:
        N×(steps + 1), float32: from the whole image to the empty one; where the images are.

    Raises:
        CatdogError: the images, the heatmaps or the target are none of these, or steps is not
            between 1 and H·W.
    """
    _check(images, heatmaps, steps)
    return _curve(model, images, _ranks(heatmaps), target, steps, fill)


def insertion_curve(
    model: nn.Module,
    images: Tensor,
    heatmaps: Tensor,
    target: int | Tensor | None = None,
    *,
    steps: int = 16,
    fill: float = 0.5,
) -> Tensor:
    """Return the class's probability while a grey image is filled in, its hottest pixels first.

    The better the heatmap, the sooner it rises. Arguments, source and errors as for
    :func:`deletion_curve`.

    Returns:
        N×(steps + 1), float32: from the empty image to the whole one; where the images are.
    """
    _check(images, heatmaps, steps)
    # To put the hottest in first is to take the coldest away first, seen backwards.
    ranks = heatmaps[0].numel() - 1 - _ranks(heatmaps)
    return _curve(model, images, ranks, target, steps, fill).flip(1)


def area_under(curve: Tensor) -> Tensor:
    """Return the mean height of each curve (N×(steps + 1)) by the trapezoidal rule: N values.

    A good heatmap has a small area for deletion and a large one for insertion.
    """
    return torch.trapezoid(curve, dx=1 / (curve.shape[1] - 1), dim=1)


def _ranks(heatmaps: Tensor) -> Tensor:
    """Return each pixel's place in the order of its image: 0 for the hottest; N×H×W, int64."""
    order = heatmaps.flatten(1).argsort(dim=1, descending=True, stable=True)
    rank = torch.empty_like(order)
    rank.scatter_(1, order, torch.arange(order.shape[1], device=order.device).expand_as(order))
    return rank.view_as(heatmaps)


def _curve(
    model: nn.Module,
    images: Tensor,
    rank: Tensor,
    target: int | Tensor | None,
    steps: int,
    fill: float,
) -> Tensor:
    total = rank[0].numel()
    done = 0

    @torch.no_grad()
    def explain(x: Tensor, classes: Tensor) -> Tensor:
        nonlocal done
        ranks = rank[done : done + len(x), None].to(x.device)
        done += len(x)
        points = []
        for step in range(steps + 1):
            gone = ranks < round(step * total / steps)
            log_probabilities = model(x.masked_fill(gone, fill)).float().log_softmax(1)
            points.append(class_scores(log_probabilities, classes).exp())
        return torch.stack(points, dim=1)

    return batch_by_batch(explain, model, images, target)


def _check(images: Tensor, heatmaps: Tensor, steps: int) -> None:
    if heatmaps.shape != (len(images), *images.shape[2:]):
        raise CatdogError(
            f"heatmaps has the shape {tuple(heatmaps.shape)}, but images {tuple(images.shape)}; "
            "give one value for each pixel, N×H×W."
        )
    if not 1 <= steps <= heatmaps[0].numel():
        raise CatdogError(
            f"steps is {steps}; use 1 to {heatmaps[0].numel()}, the number of pixels."
        )
