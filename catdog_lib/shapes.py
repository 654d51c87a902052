"""The size of what comes out: of one layer, by formula; of every layer of a network, by running it."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from operator import index

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError


def conv_output_size(
    size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """How many places a kernel finds along one side of a picture: ``⌊(h + 2p − d(k − 1) − 1) / s⌋ + 1``.

    h is the side (size) in pixels, p the padding at each of its two ends, k the kernel, d the dilation (the distance
    between two of the kernel's taps; 1 is an ordinary kernel), s the stride. The kernel covers d(k − 1) + 1 pixels of
    h + 2p; the first place is free, and each further one needs s more. Pixels that are left over are not looked at:
    that is the floor ⌊ ⌋. Source: torch.nn.Conv2d; Dumoulin and Visin, arXiv:1603.07285, relationship 15.

    Raises:
        CatdogError: a setting is not a whole number or too small, or the kernel does not fit.
    """
    size, kernel, stride = _at_least(1, size=size, kernel=kernel, stride=stride)
    (padding,), (dilation,) = _at_least(0, padding=padding), _at_least(1, dilation=dilation)
    covered = dilation * (kernel - 1) + 1
    if covered > size + 2 * padding:
        raise CatdogError(_does_not_fit(kernel, dilation, covered, size, padding))
    return (size + 2 * padding - covered) // stride + 1


def pool_output_size(
    size: int,
    kernel: int,
    stride: int | None = None,
    padding: int = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
) -> int:
    """The same for pooling, as PyTorch counts it: ``⌊(h + 2p − d(k − 1) − 1) / s⌋ + 1``, or with ``ceil_mode`` ``⌈ ⌉``.

    The letters are those of :func:`conv_output_size`; stride None stands for the kernel's size. Two rules are
    PyTorch's own. The padding may be at most half the kernel, ⌊k/2⌋, so that no window sees nothing but padding.
    And rounding up may add a last window that begins in the padding at the far end, behind every pixel: such a
    window is dropped again, so the size is then that of the floor. Source: torch.nn.MaxPool2d.

    Raises:
        CatdogError: a setting is not a whole number or too small, the padding is too large, or no window fits.
    """
    stride = kernel if stride is None else stride
    size, kernel, stride = _at_least(1, size=size, kernel=kernel, stride=stride)
    (padding,), (dilation,) = _at_least(0, padding=padding), _at_least(1, dilation=dilation)
    if padding > kernel // 2:
        raise CatdogError(
            f"padding={padding} is more than half of kernel={kernel}, which pooling does not allow; "
            f"use padding={kernel // 2} or less."
        )
    covered = dilation * (kernel - 1) + 1
    room = size + 2 * padding - covered
    if not ceil_mode:
        count = room // stride + 1
    else:
        count = -(-room // stride) + 1  # −⌊−a/b⌋ is ⌈a/b⌉
        if (count - 1) * stride >= size + padding:  # the last window begins behind the last pixel
            count -= 1
    if count < 1:
        raise CatdogError(_does_not_fit(kernel, dilation, covered, size, padding))
    return count


def transposed_output_size(
    size: int,
    kernel: int,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    dilation: int = 1,
) -> int:
    """The side that a transposed convolution makes: ``(h − 1)s − 2p + d(k − 1) + 1 + o``.

    The letters are those of :func:`conv_output_size`, and o is the output padding. A convolution with the same
    settings brings this size back to h. Its floor brings s sizes to the same h; o, from 0 to s − 1, chooses among
    them. (PyTorch lets o go up to d − 1 too.) Source: torch.nn.ConvTranspose2d.

    Raises:
        CatdogError: a setting is not a whole number or too small, o is too large, or nothing is left.
    """
    size, kernel, stride = _at_least(1, size=size, kernel=kernel, stride=stride)
    padding, output_padding = _at_least(0, padding=padding, output_padding=output_padding)
    (dilation,) = _at_least(1, dilation=dilation)
    if output_padding >= max(stride, dilation):
        raise CatdogError(
            f"output_padding={output_padding} must be smaller than stride={stride} or dilation={dilation}; "
            f"use {max(stride, dilation) - 1} or less."
        )
    result = (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1 + output_padding
    if result < 1:
        raise CatdogError(
            f"padding={padding} cuts away all of the output, {result + 2 * padding} pixels; use less padding."
        )
    return result


def same_padding(kernel: int, dilation: int = 1) -> int:
    """The padding at each end with which stride 1 keeps the size: ``p = d(k − 1) / 2``.

    k is the kernel and d the dilation. It is what ``h + 2p − d(k − 1) = h`` asks for.

    Raises:
        CatdogError: d(k − 1) is odd, as for every even kernel that is not dilated: the two ends would have to differ.
    """
    kernel, dilation = _at_least(1, kernel=kernel, dilation=dilation)
    total = dilation * (kernel - 1)
    if total % 2:
        raise CatdogError(
            f"kernel={kernel} with dilation={dilation} needs {total} pixels of padding in all, which is odd and "
            "cannot be the same at both ends; use an odd kernel."
        )
    return total // 2


def _at_least(least: int, **settings: int) -> list[int]:
    """The settings as integers, or a sentence that names the one that is wrong."""
    for name, value in settings.items():
        try:
            settings[name] = index(value)
        except TypeError:
            raise CatdogError(
                f"{name}={value!r} is not a whole number; give one whole number, for one side of the picture."
            ) from None
        if settings[name] < least:
            raise CatdogError(f"{name}={value} is too small; use {least} or more.")
    return list(settings.values())


def _does_not_fit(kernel: int, dilation: int, covered: int, size: int, padding: int) -> str:
    dilated = f" with dilation={dilation} covers {covered} pixels" if dilation > 1 else ""
    return (
        f"kernel={kernel}{dilated}: too large for the input's {size} + 2·{padding} = {size + 2 * padding} pixels; "
        "use a smaller kernel, a larger input or more padding."
    )


@dataclass(frozen=True)
class LayerUse:
    """One layer at work. A layer that is applied several times appears as often.

    Attributes:
        name: where the layer sits in the model, such as "block1.0".
        kind: its class, such as "Conv2d".
        shape_in, shape_out: of one picture, without the batch: (C, H, W) or (features,).
        parameters: numbers that the layer learns; 0 when they are used again, since they were counted before.
        multiply_adds: multiplications, each with its addition, for one picture; biases are not counted.
    """

    name: str
    kind: str
    shape_in: tuple[int, ...]
    shape_out: tuple[int, ...]
    parameters: int
    multiply_adds: int


def shape_table(model: nn.Module, pictures: Tensor) -> list[LayerUse]:
    """Run ``pictures`` (N×3×H×W) through ``model`` and list its layers in the order in which they were used.

    A layer is a module without modules inside, or one that has parameters of its own. What a network does between
    its layers, such as adding a shortcut, has no row; it costs no parameters and no multiply-adds. A branch that
    is not taken, such as GoogLeNet's side classifiers outside training, has none either.

    The model is run as for prediction (``eval``) and left as it was.

    Raises:
        CatdogError: a layer takes or gives no tensor, so that it has no shape.
    """
    uses: list[LayerUse] = []
    names = {module: name for name, module in model.named_modules()}
    counted: set[nn.Parameter] = set()

    def note(layer: nn.Module, inputs: tuple, named_inputs: dict, output: object) -> None:
        new = {parameter for parameter in layer.parameters(recurse=False)} - counted
        counted.update(new)
        shape_in = _shape(names[layer], (*inputs, *named_inputs.values()))
        shape_out = _shape(names[layer], output)
        uses.append(
            LayerUse(
                names[layer],
                type(layer).__name__,
                shape_in,
                shape_out,
                sum(parameter.numel() for parameter in new),
                _multiply_adds(layer, shape_in, shape_out),
            )
        )

    layers = [m for m in model.modules() if not list(m.children()) or m._parameters]
    handles = [layer.register_forward_hook(note, with_kwargs=True) for layer in layers]
    training = {module: module.training for module in model.modules()}
    try:
        model.eval()
        with torch.no_grad():
            model(pictures)
    finally:
        for module, was_training in training.items():
            module.training = was_training  # one by one: a frozen BatchNorm stays in eval mode
        for handle in handles:
            handle.remove()
    return uses


def _shape(name: str, value: object) -> tuple[int, ...]:
    """Of the first tensor in what a layer takes or gives, without the batch."""
    while isinstance(value, (tuple, list)) and value:
        value = value[0]
    if not isinstance(value, Tensor):
        raise CatdogError(
            f"The layer {name!r} takes or gives a {type(value).__name__} where shape_table needs a tensor; "
            "give the tables of its parts."
        )
    return tuple(value.shape[1:])


def _multiply_adds(layer: nn.Module, shape_in: tuple[int, ...], shape_out: tuple[int, ...]) -> int:
    """Of the layers that multiply by their weights; all others count as free."""
    if isinstance(layer, nn.Conv2d):  # an output value is a sum over kernel and input channels
        return prod(shape_out) * (layer.in_channels // layer.groups) * prod(layer.kernel_size)
    if isinstance(layer, nn.ConvTranspose2d):  # an input value is stamped, kernel by kernel
        return prod(shape_in) * (layer.out_channels // layer.groups) * prod(layer.kernel_size)
    if isinstance(layer, nn.Linear):  # an output value is a sum over the inputs
        return prod(shape_out) * layer.in_features
    return 0
