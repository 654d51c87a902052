"""Walk over a convolution, one output value after the other.

Lesson 01, section 2.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
import traitlets
from torch import Tensor

from catdog_lib.errors import CatdogError
from catdog_lib.explore.base import Explorable, IntegerTrait
from catdog_lib.explore.convert import shape_text, to_tensor
from catdog_lib.sketches import draw_image

MOST_CELLS = 12  # on a side of the image shown: with more, their numbers could not be read
KERNELS: dict[str, list[list[float]]] = {
    "identity": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "blur": [[1 / 9] * 3] * 3,
    "Sobel, left to right": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "Sobel, top to bottom": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "emboss": [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]],
}


class ConvolutionStepper(Explorable):
    """A small image, a kernel, and their convolution as ``Conv2d`` computes it, without a flip.

    Move over the output with the mouse or the arrow keys, or press Play: the patch under the
    window, the kernel, the products and their sum are shown as numbers and colours. The kernel can
    be edited where it stands.

    What you set in the figure can be read here, and what you set here changes the figure:
    ``kernel`` (C×k×k, nested lists), ``stride``, ``padding``, ``dilation``, ``bias``, ``row`` and
    ``column`` of the output.
    """

    code = "convolution_stepper"
    image = traitlets.List(help="C×H×W").tag(sync=True)
    kernel = traitlets.Any(help="C×k×k").tag(sync=True)
    presets = traitlets.Dict(default_value=KERNELS).tag(sync=True)
    stride = IntegerTrait(1, 1, 4)
    padding = IntegerTrait(0, 0, 4)
    dilation = IntegerTrait(1, 1, 4)
    row = IntegerTrait(0, 0, 99)
    column = IntegerTrait(0, 0, 99)
    bias = traitlets.Float(0.0).tag(sync=True)

    def __init__(
        self,
        image: Tensor | None = None,
        kernel: Tensor | list | str = "Sobel, left to right",
        *,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        bias: float = 0.0,
    ):
        """Show the convolution of an image with a kernel.

        Args:
            image: H×W, 1×H×W or 3×H×W; bytes, or numbers of any other kind. One with more than 12
                rows or columns is made smaller by averaging, and rounded, so that the numbers you
                see are the numbers used. Default: a sketch of a cat, in grey.
            kernel: k×k (the same for every channel) or C×k×k, with k from 1 to 5; or a name in
                ``KERNELS``.

        Raises:
            CatdogError: the image or the kernel has another shape, or the kernel does not fit on
                the padded image.
        """
        super().__init__(
            image=shrink_image(image).tolist(),
            kernel=kernel,
            stride=stride,
            padding=padding,
            dilation=dilation,
            bias=bias,
        )
        self.output()  # raises if the kernel does not fit

    @traitlets.validate("kernel")
    def _check_kernel(self, proposal) -> list:
        value, channels = proposal["value"], len(self.image)
        if isinstance(value, str):
            if value not in KERNELS:
                raise CatdogError(
                    f"There is no kernel {value!r}; use one of {', '.join(KERNELS)}, or pass "
                    "numbers."
                )
            value = KERNELS[value]
        kernel = to_tensor(value, "kernel")
        planes = kernel.expand(channels, -1, -1) if kernel.ndim == 2 else kernel
        if planes.ndim != 3 or len(planes) != channels or max(planes.shape[1:]) > 5:
            raise CatdogError(
                f"kernel has the shape {shape_text(kernel)}; for this image it has to be k×k or "
                f"{channels}×k×k, with k from 1 to 5."
            )
        return planes.tolist()

    def output(self) -> Tensor:
        """Return the whole output, rows × columns, as ``F.conv2d`` computes it.

        Raises:
            CatdogError: the kernel does not fit on the padded image.
        """
        image = torch.tensor(self.image, dtype=torch.float64)
        kernel = torch.tensor(self.kernel, dtype=torch.float64)
        for side, size, k in zip(("high", "wide"), image.shape[1:], kernel.shape[1:], strict=True):
            room, extent = size + 2 * self.padding, self.dilation * (k - 1) + 1
            if extent > room:
                raise CatdogError(
                    f"The kernel is {extent} {side} and the padded image {room}: choose a smaller "
                    "kernel, less dilation or more padding."
                )
        return F.conv2d(
            image[None],
            kernel[None],
            torch.tensor([self.bias], dtype=torch.float64),
            self.stride,
            self.padding,
            self.dilation,
        )[0, 0]

    def settings(self) -> dict:
        """Return what is shown as arguments of :func:`catdog_lib.plots.convolution_step`."""
        rows, columns = self.output().shape
        names = ("stride", "padding", "dilation", "bias")
        return {
            "image": torch.tensor(self.image, dtype=torch.float64),
            "kernel": torch.tensor(self.kernel, dtype=torch.float64),
            "row": min(self.row, rows - 1),  # the window stays on the output
            "column": min(self.column, columns - 1),
        } | {name: getattr(self, name) for name in names}


def shrink_image(image: Tensor | None) -> Tensor:
    """Return an image as C×H×W with at most 12 rows and columns, averaged where it had more.

    Raises:
        CatdogError: it has another shape, or holds no finite numbers.
    """
    if image is None:
        image = torch.from_numpy(np.asarray(draw_image(8, 0, 48).convert("L")).copy())
    planes = to_tensor(image, "image")
    is_bytes = planes.max() > 1
    planes = planes[None] if planes.ndim == 2 else planes
    if planes.ndim != 3 or len(planes) not in (1, 3):
        raise CatdogError(
            f"image has the shape {shape_text(planes)}; it has to be H×W, 1×H×W or 3×H×W."
        )
    height, width = planes.shape[1:]
    if max(height, width) <= MOST_CELLS:
        return planes
    scale = MOST_CELLS / max(height, width)
    shape = [max(1, round(scale * side)) for side in (height, width)]
    return F.adaptive_avg_pool2d(planes, shape).round(decimals=0 if is_bytes else 2)
