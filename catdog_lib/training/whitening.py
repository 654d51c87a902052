"""Start the first convolution from the patterns of images rather than from random numbers.

Neighbouring pixels are nearly equal, so a patch of pixels says the same thing many times over, and
the edges and colours that tell a cat from a dog are small beside its brightness. The principal
components of the patches pull these apart: each filter sees one kind of pattern, scaled so that all
of them vary as much. The network then need not learn it, and reaches the same accuracy in fewer
epochs.

Source: A. Krizhevsky 2009, "Learning multiple layers of features from tiny images", section 2.1
(whitening); K. Jordan 2024, "94% on CIFAR-10 in 3.29 seconds on a single GPU", arXiv 2404.00498,
section 3.2 (as the first layer).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.inspect.hooks import named_calls

FLOOR = 1e-2  # added to the variances: the weakest patterns are mostly noise


@torch.no_grad()
def whiten(model: nn.Module, images: Tensor) -> None:
    """Set the filters of the first convolution to the strongest patterns in ``images``.

    With the covariance matrix of the patches, C = E diag(λ) Eᵀ (E: its eigenvectors, the patterns,
    as columns; λ: how much the patches vary along each), filter i is Eᵢ / √(λᵢ + 0.01). A ReLU
    after it would lose the negative half of what it finds, so the second half of the filters are
    the negatives of the first. A bias becomes 0.

    Args:
        model: changed in place; its first convolution has C_out filters of C_in×k×k.
        images: N×3×H×W, as the model takes them; a few hundred are enough.

    Raises:
        CatdogError: there is no convolution in the model, or the first one is frozen, grouped or
            never called; its filters are not even in number, or are more than twice as many as
            there are patterns; or the images hold fewer than two patches.
    """
    layers = ((n, part) for n, part in model.named_modules() if isinstance(part, nn.Conv2d))
    name, first = next(layers, ("", None))
    if first is None:
        raise CatdogError("whiten needs a network with a convolution; this one has none.")
    if not first.weight.requires_grad:
        raise CatdogError(
            f"whiten would overwrite the frozen filters of the first convolution, {name!r}; set "
            "whiten to False, or unfreeze them with catdog_lib.models.unfreeze."
        )
    if first.groups > 1:
        raise CatdogError(
            f"whiten needs filters that see all channels, and the first convolution, {name!r}, has "
            f"{first.groups} groups; set whiten to False, or its groups to 1."
        )
    count, values = first.out_channels, first.weight[0].numel()
    if count % 2 or count > 2 * values:
        raise CatdogError(
            f"whiten needs an even number of filters, at most {2 * values}, in the first "
            f"convolution; it has {count}."
        )
    calls = named_calls(model, images.to(first.weight.device), [name])
    if not calls:
        raise CatdogError(
            f"whiten needs the inputs of the first convolution, {name!r}, and the network never "
            "calls it; remove it, or set whiten to False."
        )
    patches = _patches(calls[0].inputs[0].float().cpu(), first)
    variances, patterns = torch.linalg.eigh(torch.cov(patches))  # from the weakest to the strongest
    strongest = range(values - 1, values - 1 - count // 2, -1)
    filters = torch.stack([patterns[:, i] / (variances[i] + FLOOR).sqrt() for i in strongest])
    first.weight.copy_(torch.cat([filters, -filters]).view_as(first.weight))
    if first.bias is not None:
        first.bias.zero_()


def _patches(inputs: Tensor, layer: nn.Conv2d) -> Tensor:
    """Cut inputs into the patches that a filter sees: C_in·k·k values × all patches, float64.

    Raises:
        CatdogError: there are fewer than two.
    """
    sides, dilation = layer.kernel_size, layer.dilation
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, sides, strict=True)]
    rows, columns = (
        (n - s) // k + 1 for n, s, k in zip(inputs.shape[2:], spans, sides, strict=True)
    )
    if len(inputs) * max(rows, 0) * max(columns, 0) < 2:
        raise CatdogError(
            f"whiten needs two patches or more of {spans[0]}×{spans[1]} pixels, as large as a "
            "filter of the first convolution; give it larger images, or more."
        )
    patches = F.unfold(inputs, sides, dilation, stride=sides)
    return patches.movedim(1, 0).flatten(1).double()
