"""The output size of one layer by formula; that of a whole network is in ``inspect.shape_table``.

Lesson 02, section 1; Lesson 02, section 3; Lesson 02, section 4.
"""

from __future__ import annotations

from operator import index

from catdog_lib.errors import CatdogError


def conv_output_size(
    size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """Return a convolution's output size along one side: ``⌊(h + 2p − d(k − 1) − 1) / s⌋ + 1``.

    h is the side (size) in pixels, p the padding at each of its two ends, k the kernel, d the
    dilation (the distance between two neighbouring weights of the kernel; 1 is an ordinary kernel),
    s the stride.
    The kernel covers d(k − 1) + 1 of h + 2p pixels; the first position is free, and each further
    one needs s more. Pixels that are left over are never looked at: that is the floor ⌊ ⌋. Source:
    torch.nn.Conv2d; Dumoulin and Visin, arXiv:1603.07285, relationship 15.

    Raises:
        CatdogError: a setting is not an integer or too small, or the kernel does not fit.
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
    """Return a pooling's output size along one side, as PyTorch counts it.

    ``⌊(h + 2p − d(k − 1) − 1) / s⌋ + 1``, or with ``ceil_mode`` ``⌈ ⌉`` in place of ``⌊ ⌋``. The
    letters are those of :func:`conv_output_size`; stride None stands for the kernel's size. Two
    rules are PyTorch's own. The padding may be at most half the kernel, ⌊k/2⌋, so that no window
    sees nothing but padding. And rounding up may add a last window that begins in the padding at
    the far end, past every pixel: such a window is dropped again, so the size is then that of the
    floor. Source: torch.nn.MaxPool2d.

    Raises:
        CatdogError: a setting is not an integer or too small, the padding is too large, or no
            window fits.
    """
    stride = kernel if stride is None else stride
    size, kernel, stride = _at_least(1, size=size, kernel=kernel, stride=stride)
    (padding,), (dilation,) = _at_least(0, padding=padding), _at_least(1, dilation=dilation)
    if padding > kernel // 2:
        raise CatdogError(
            f"padding={padding} is more than half of kernel={kernel}, which pooling does not "
            f"allow; use padding={kernel // 2} or less."
        )
    covered = dilation * (kernel - 1) + 1
    room = size + 2 * padding - covered
    if not ceil_mode:
        count = room // stride + 1
    else:
        count = -(-room // stride) + 1  # −⌊−a/b⌋ is ⌈a/b⌉
        if (count - 1) * stride >= size + padding:  # the last window begins past the last pixel
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
    """Return a transposed convolution's output size: ``(h − 1)s − 2p + d(k − 1) + 1 + o``.

    The letters are those of :func:`conv_output_size`, and o is the output padding. A convolution
    with the same settings brings this size back to h. Its floor brings s sizes to the same h; o,
    from 0 to s − 1, chooses among them. (PyTorch lets o go up to d − 1 too.) Source:
    torch.nn.ConvTranspose2d.

    Raises:
        CatdogError: a setting is not an integer or too small, o is too large, or nothing is
            left.
    """
    size, kernel, stride = _at_least(1, size=size, kernel=kernel, stride=stride)
    padding, output_padding = _at_least(0, padding=padding, output_padding=output_padding)
    (dilation,) = _at_least(1, dilation=dilation)
    if output_padding >= max(stride, dilation):
        raise CatdogError(
            f"output_padding={output_padding} must be smaller than stride={stride} or "
            f"dilation={dilation}; use {max(stride, dilation) - 1} or less."
        )
    result = (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1 + output_padding
    if result < 1:
        raise CatdogError(
            f"padding={padding} cuts away all of the output, {result + 2 * padding} pixels; use "
            "less padding."
        )
    return result


def same_padding(kernel: int, dilation: int = 1) -> int:
    """Return the padding at each end with which stride 1 keeps the size: ``p = d(k − 1) / 2``.

    k is the kernel and d the dilation. It is what ``h + 2p − d(k − 1) = h`` asks for.

    Raises:
        CatdogError: d(k − 1) is odd, as for every even kernel that is not dilated: the two ends
            would have to differ.
    """
    kernel, dilation = _at_least(1, kernel=kernel, dilation=dilation)
    total = dilation * (kernel - 1)
    if total % 2:
        raise CatdogError(
            f"kernel={kernel} with dilation={dilation} needs {total} pixels of padding in all, "
            "which is odd and cannot be the same at both ends; use an odd kernel."
        )
    return total // 2


def _at_least(least: int, **settings: int) -> list[int]:
    """Return the settings as integers, or raise a CatdogError that names the wrong one."""
    for name, value in settings.items():
        try:
            settings[name] = index(value)
        except TypeError:
            raise CatdogError(
                f"{name}={value!r} is not an integer; give one integer, for one side of the image."
            ) from None
        if settings[name] < least:
            raise CatdogError(f"{name}={value} is too small; use {least} or more.")
    return list(settings.values())


def _does_not_fit(kernel: int, dilation: int, covered: int, size: int, padding: int) -> str:
    """Return the sentence about a kernel that is larger than its padded input."""
    dilated = f" with dilation={dilation} covers {covered} pixels" if dilation > 1 else ""
    return (
        f"kernel={kernel}{dilated}: too large for the input's {size} + 2·{padding} = "
        f"{size + 2 * padding} pixels; use a smaller kernel, a larger input or more padding."
    )
