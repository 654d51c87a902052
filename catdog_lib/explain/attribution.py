"""Which pixels does the answer depend on? By gradient, by averaged gradient, and by covering them.

Lesson 07, section 4.
"""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.explain.scores import batch_by_batch, class_scores


def saliency(model: nn.Module, images: Tensor, target: int | Tensor | None = None) -> Tensor:
    """Return how much each pixel moves the class's score: the size of the gradient.

    ``M(i, j) = max over colours k of |∂s_c / ∂x(k, i, j)|``: x is the image with values in [0, 1],
    s_c the logit of the class c, i the row and j the column.

    Source: K. Simonyan, A. Vedaldi and A. Zisserman 2013, "Deep inside convolutional networks",
    arXiv 1312.6034.

    Args:
        model: on whatever device it is; it runs in evaluation mode, and is left as it was, with its
            ``.grad``.
        images: N×3×H×W, uint8 or float in [0, 1].
        target: the class c to explain, for all or for each (N); None takes the class that the model
            answers.

    Returns:
        N×H×W, float32, at least 0; where the images are.

    Raises:
        CatdogError: the images or the target are none of these.
    """

    def explain(x: Tensor, classes: Tensor) -> Tensor:
        return _gradient(model, x, classes).abs().amax(1)

    return batch_by_batch(explain, model, images, target)


def smooth_grad(
    model: nn.Module,
    images: Tensor,
    target: int | Tensor | None = None,
    *,
    samples: int = 25,
    noise: float = 0.15,
    seed: int = 0,
) -> Tensor:
    """Return the saliency with the gradient averaged over noisy copies of the image.

    ``M = max over colours k of |1/n Σ ∂s_c/∂x (x + ε)|``: n is the number of samples; ε is drawn
    for each of them, normal with standard deviation σ. A gradient changes fast from one pixel's
    value to the next; what stays in the mean is what holds in the image's neighbourhood.

    Source: D. Smilkov et al. 2017, "SmoothGrad: removing noise by adding noise", arXiv 1706.03825.

    Args:
        model, images, target: as for :func:`saliency`.
        samples: n.
        noise: σ, in units of the pixels' range [0, 1]; the paper finds 0.1 to 0.2 best.
        seed: of the noise, which is the same for every image and on every device.

    Returns:
        N×H×W, float32, at least 0; where the images are.

    Raises:
        CatdogError: as :func:`saliency`, or samples is below 1.
    """
    if samples < 1:
        raise CatdogError(f"samples is {samples}; a mean needs at least 1.")

    def explain(x: Tensor, classes: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(seed)  # for any batch size the same
        total = torch.zeros_like(x)
        for _ in range(samples):
            epsilon = noise * torch.randn(x.shape[1:], generator=generator).to(x.device)
            total += _gradient(model, x + epsilon, classes)
        return (total / samples).abs().amax(1)

    return batch_by_batch(explain, model, images, target)


def occlusion(
    model: nn.Module,
    images: Tensor,
    target: int | Tensor | None = None,
    *,
    patch: int | None = None,
    stride: int | None = None,
    fill: float = 0.5,
) -> Tensor:
    """Return what the class's score loses when a patch is covered.

    The loss is ``s_c(x) − s_c(x with the patch grey)``. A pixel gets the mean over all patches that
    cover it. Below 0: covering it speaks for the class. It needs no gradient, only many runs of the
    model: about ((H − patch) / stride + 1)² for each image.

    Source: M. Zeiler and R. Fergus 2013, "Visualizing and understanding convolutional networks",
    arXiv 1311.2901.

    Args:
        model, images, target: as for :func:`saliency`.
        patch: its side, in pixels; None takes an eighth of the image's height.
        stride: from one patch to the next, in pixels; None takes half the patch. The last ones may
            hang over the edge.
        fill: the grey of the patch, in [0, 1].

    Returns:
        N×H×W, float32, of either sign; where the images are.

    Raises:
        CatdogError: as :func:`saliency`, or the patch does not fit, or the stride leaves pixels
            between patches.
    """
    height, width = images.shape[-2:]
    patch = max(1, height // 8) if patch is None else patch
    stride = max(1, patch // 2) if stride is None else stride
    if not 1 <= patch <= min(height, width):
        raise CatdogError(
            f"patch is {patch} pixels, but the images have {height}×{width}; use a smaller one, "
            "at least 1."
        )
    if not 1 <= stride <= patch:
        raise CatdogError(
            f"stride is {stride}; from 1 to patch={patch}, so that a patch covers each pixel."
        )
    # The last start is the first from which a patch reaches the edge.
    rows, columns = (range(0, side - patch + stride, stride) for side in (height, width))

    @torch.no_grad()
    def explain(x: Tensor, classes: Tensor) -> Tensor:
        whole = class_scores(model(x), classes)
        lost = torch.zeros_like(x[:, 0])
        patches = torch.zeros_like(x[0, 0])
        for top, left in product(rows, columns):
            window = (slice(top, top + patch), slice(left, left + patch))
            covered = x.clone()
            covered[:, :, *window] = fill
            lost[:, *window] += (whole - class_scores(model(covered), classes))[:, None, None]
            patches[*window] += 1
        return lost / patches

    return batch_by_batch(explain, model, images, target)


def _gradient(model: nn.Module, x: Tensor, classes: Tensor) -> Tensor:
    """Return ∂s_c/∂x, N×3×H×W.

    In evaluation mode an image's score depends on no other image, so the gradient of the sum holds
    the gradients of all scores.
    """
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(class_scores(model(x), classes).sum(), x)
    return gradient
