"""Temperature scaling: one number that makes all answers more or less certain, and changes none.

Lesson 09, section 3.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from catdog_lib.errors import CatdogError
from catdog_lib.training.metrics import check_labels

# Of a normal prior for 1/T with mean 1. With no wrong answer the loss would fall for ever as T
# falls; some hundred images outweigh the prior.
PRIOR_DEVIATION = 3.0
_STEPS = 100


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """Return the temperature T for which softmax(logits / T) has the smallest cross-entropy.

    T above 1 makes answers less certain, below 1 more certain. The order of an image's logits stays
    as it is, and with it every answer and the accuracy.

    In β = 1/T the mean cross-entropy L is convex. With p = softmax(β z), E and Var the mean and the
    variance over the classes with the probabilities p, and y the true class,
    ``L′ = mean(E[z] − z_y)`` and ``L″ = mean(Var[z])``; Newton's steps β ← β − L′ / L″ find the
    minimum, each halved until it lowers the loss. A weak prior keeps T above 0 where all images are
    classified correctly.

    Args:
        logits: N×K, of images that the network was not trained on: the validation images.
        labels: N, int64.

    Raises:
        CatdogError: the shapes are none of these, a label is none of the K classes, or the
            network's logits point to wrong classes so often that no positive temperature fits.

    Source: C. Guo et al. 2017, "On calibration of modern neural networks", arXiv 1706.04599.
    """
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or not len(labels):
        raise CatdogError(
            f"logits has the shape {tuple(logits.shape)} and labels {tuple(labels.shape)}; give "
            "N×K logits and N labels."
        )
    check_labels(labels, *logits.shape)
    z, labels = logits.cpu().double(), labels.cpu()
    count = len(z)

    def loss(beta: Tensor) -> Tensor:
        prior = 0.5 * ((beta - 1) / PRIOR_DEVIATION) ** 2 / count
        return F.cross_entropy(beta * z, labels) + prior

    beta = torch.tensor(1.0, dtype=torch.float64)
    for _ in range(_STEPS):
        p = (beta * z).softmax(1)
        mean = (p * z).sum(1)
        slope = (mean - z[torch.arange(count), labels]).mean()
        slope = slope + (beta - 1) / PRIOR_DEVIATION**2 / count
        curvature = (p * (z - mean[:, None]) ** 2).sum(1).mean() + 1 / PRIOR_DEVIATION**2 / count
        step = slope / curvature
        if step.abs() < 1e-10 * beta.abs().clamp(min=1):
            break
        while loss(beta - step) > loss(beta) and step.abs() > 1e-12:
            step = step / 2
        beta = beta - step
    if beta <= 0:
        raise CatdogError(
            "No temperature fits: these logits are no better than chance on these images; train "
            "the network first, or check that labels and logits are in the same order."
        )
    return 1 / beta.item()
