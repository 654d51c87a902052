"""How much of the photo a unit sees, by gradient: measured on the network, without any formula."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from catdog_lib.errors import CatdogError
from catdog_lib.inspect.hooks import LayerCall, evaluating, forward_hooks
from catdog_lib.inspect.receptive_field import Box


def effective_receptive_field(
    model: nn.Module,
    images: Tensor,
    layer: str,
    unit: tuple[int, int] | None = None,
    use: int = 0,
) -> Tensor:
    """Return how strongly each pixel would move one unit if all weights were equal.

    It is the gradient of the unit, taken from a copy of the model in which nothing can hide a path:
    every weight is positive and a filter's weights are equal, biases are 0, BatchNorm changes
    nothing, and max-pooling gives the mean. The values then count the paths from a pixel to the
    unit. They fall off from the centre: much of a field is seen by very few paths (Luo et al.,
    "Understanding the effective receptive field", arXiv:1701.04128).

    Args:
        model: any network.
        images: only its shape N×C×H×W matters.
        layer: its name, as :func:`catdog_lib.inspect.receptive_field` and
            ``model.named_modules()`` give it.
        unit: row and column of the unit in the layer's output; None for the middle one.
        use: which time, for a layer that is applied several times: 0 is the first, −1 the last.

    Shape: H×W, float64, no value below 0.

    Raises:
        CatdogError: there is no such layer, use or unit, or the layer's output is not N×C×H×W.
    """
    network = _with_equal_weights(model)
    calls: list[LayerCall] = []
    ones = torch.ones(1, *images.shape[1:], dtype=torch.float64, requires_grad=True)
    hooks = forward_hooks(network, calls.append, layers=[layer])
    with evaluating(network), hooks, torch.enable_grad(), _MeanForMax():
        network(ones)
    if not -len(calls) <= use < len(calls):
        raise CatdogError(
            f"use={use}, but the layer {layer!r} is used {len(calls)} times; count from 0."
        )
    output = calls[use].output
    if not isinstance(output, Tensor) or output.ndim != 4:
        raise CatdogError(
            f"The layer {layer!r} gives no feature maps N×C×H×W, so its units have no places; "
            "choose one before flatten."
        )
    height, width = output.shape[2:]
    row, column = (height // 2, width // 2) if unit is None else unit
    if not (0 <= row < height and 0 <= column < width):
        raise CatdogError(
            f"unit={unit} lies outside the layer's {height}×{width} map; count rows and columns "
            "from 0."
        )
    (gradient,) = torch.autograd.grad(output[0, :, row, column].sum(), ones)
    return gradient[0].sum(0)


def receptive_field_by_gradient(
    model: nn.Module,
    images: Tensor,
    layer: str,
    unit: tuple[int, int] | None = None,
    use: int = 0,
) -> Box:
    """Return the smallest box that holds every pixel with an influence on the unit.

    It is the receptive field, measured. It equals the formula's whenever that lies inside the
    photo, and otherwise lies within it.

    Args: as :func:`effective_receptive_field`.

    Raises:
        CatdogError: as :func:`effective_receptive_field`, or the unit sees nothing but padding.
    """
    seen = effective_receptive_field(model, images, layer, unit, use) > 0
    if not seen.any():
        raise CatdogError(
            f"The unit {unit} of {layer!r} sees nothing but padding; choose one nearer to the "
            "middle."
        )
    rows, columns = seen.any(1).nonzero().flatten(), seen.any(0).nonzero().flatten()
    return Box(int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1]))


def _with_equal_weights(model: nn.Module) -> nn.Module:
    """Return a copy in double precision in which no weight can hide a path."""
    copy = deepcopy(model).cpu().double().requires_grad_(False)
    for module in copy.modules():
        if isinstance(module, nn.modules.batchnorm._NormBase):
            module.reset_parameters()
        elif isinstance(module, (nn.modules.conv._ConvNd, nn.Linear)):
            # A mean: values neither grow nor vanish with depth. All channels alike.
            module.weight.fill_(1 / module.weight[0].numel())
            if module.bias is not None:
                module.bias.zero_()
    return copy


class _MeanForMax(TorchFunctionMode):
    """Replaces max-pooling, which passes its gradient to one pixel alone, by the mean of all.

    And ReLU6 by ReLU: where it cuts large values off, no gradient passes.
    """

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is F.max_pool2d:
            func = _mean_pool2d
        elif func is F.adaptive_max_pool2d:
            func = _mean_of_windows
        elif func in (F.hardtanh, F.relu6):
            return F.relu(args[0])
        return func(*args, **(kwargs or {}))


def _mean_of_windows(x, output_size, return_indices=False):
    """Pool like F.adaptive_max_pool2d, but take the mean."""
    return F.adaptive_avg_pool2d(x, output_size)


def _mean_pool2d(
    x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    """Pool like F.max_pool2d, but take the mean: F.avg_pool2d knows no dilation."""
    shape = F.max_pool2d(x.detach(), kernel_size, stride, padding, dilation, ceil_mode).shape
    pair = nn.modules.utils._pair
    (kh, kw), (sh, sw) = pair(kernel_size), pair(stride or kernel_size)
    (ph, pw), (dh, dw) = pair(padding), pair(dilation)
    down, along = sh * (shape[2] - 1) + 1, sw * (shape[3] - 1) + 1
    # Room at the far ends for windows that hang over them.
    padded = F.pad(x, (pw, along + dw * kw, ph, down + dh * kh))
    taps = [
        padded[:, :, i * dh : i * dh + down : sh, j * dw : j * dw + along : sw]
        for i in range(kh)
        for j in range(kw)
    ]
    return sum(taps) / len(taps)
