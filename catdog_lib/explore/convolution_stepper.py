"""Walk over a convolution, one number after the other."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
import traitlets
from torch import Tensor

from catdog_lib.errors import CatdogError
from catdog_lib.explore.base import Explorable, Whole, tensor_of
from catdog_lib.sketches import draw_image

SIDE = 12  # of the pictures shown: more cells, and their numbers can no longer be read
KERNELS: dict[str, list[list[float]]] = {
    "identity": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "blur": [[1 / 9] * 3] * 3,
    "Sobel, left to right": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "Sobel, top to bottom": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "emboss": [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]],
}


class ConvolutionStepper(Explorable):
    """A small picture, a kernel, and the output of their convolution (as ``Conv2d`` has it: nothing
    is flipped).

    Move over the output with the mouse or the arrow keys, or press Play: the patch under the
    window, the kernel, the products and their sum are shown as numbers and colours. The kernel can
    be edited where it stands.

    What you set in the picture can be read here, and what you set here moves the picture:
    ``kernel`` (C×k×k, nested lists), ``stride``, ``padding``, ``dilation``, ``bias``, ``row`` and
    ``column`` of the output.
    """

    code = "convolution_stepper.js"
    picture = traitlets.List(help="C×H×W").tag(sync=True)
    kernel = traitlets.Any(help="C×k×k").tag(sync=True)
    presets = traitlets.Dict(default_value=KERNELS).tag(sync=True)
    stride = Whole(1, 1, 4)
    padding = Whole(0, 0, 4)
    dilation = Whole(1, 1, 4)
    row = Whole(0, 0, 99)
    column = Whole(0, 0, 99)
    bias = traitlets.Float(0.0).tag(sync=True)

    def __init__(
        self,
        picture: Tensor | None = None,
        kernel: Tensor | list | str = "Sobel, left to right",
        *,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        bias: float = 0.0,
    ):
        """
        Args:
            picture: H×W, 1×H×W or 3×H×W; bytes, or numbers of any other kind. One with more than 12
                rows or columns is made smaller by averaging, and rounded, so that the numbers you
                see are the numbers used. Default: a drawn cat, in grey.
            kernel: k×k (the same for every channel) or C×k×k, with k from 1 to 5; or a name in
                ``KERNELS``.

        Raises:
            CatdogError: the picture or the kernel has another shape, or the kernel does not fit on
                the padded picture.
        """
        super().__init__(
            picture=small(picture).tolist(),
            kernel=kernel,
            stride=stride,
            padding=padding,
            dilation=dilation,
            bias=bias,
        )
        self.output()  # says if the kernel does not fit

    @traitlets.validate("kernel")
    def _check_kernel(self, proposal) -> list:
        value, channels = proposal["value"], len(self.picture)
        if isinstance(value, str):
            if value not in KERNELS:
                raise CatdogError(
                    f"There is no kernel {value!r}; use one of {', '.join(KERNELS)}, or pass "
                    "numbers."
                )
            value = KERNELS[value]
        kernel = tensor_of(value, "kernel")
        planes = kernel.expand(channels, -1, -1) if kernel.ndim == 2 else kernel
        if planes.ndim != 3 or len(planes) != channels or max(planes.shape[1:]) > 5:
            raise CatdogError(
                f"kernel has the shape {'×'.join(map(str, kernel.shape))}; for this picture it has "
                f"to be k×k or {channels}×k×k, with k from 1 to 5."
            )
        return planes.tolist()

    def output(self) -> Tensor:
        """The whole output, rows × columns, as ``F.conv2d`` computes it.

        Raises:
            CatdogError: the kernel does not fit on the padded picture.
        """
        picture = torch.tensor(self.picture, dtype=torch.float64)
        kernel = torch.tensor(self.kernel, dtype=torch.float64)
        for side, size, k in zip(
            ("high", "wide"), picture.shape[1:], kernel.shape[1:], strict=True
        ):
            room, reach = size + 2 * self.padding, self.dilation * (k - 1) + 1
            if reach > room:
                raise CatdogError(
                    f"The kernel is {reach} {side} and the padded picture {room}: choose a smaller "
                    "kernel, less dilation or more padding."
                )
        return F.conv2d(
            picture[None],
            kernel[None],
            torch.tensor([self.bias], dtype=torch.float64),
            self.stride,
            self.padding,
            self.dilation,
        )[0, 0]

    def settings(self) -> dict:
        """What is shown now, as the arguments of the static twin,
        :func:`catdog_lib.plots.convolution_step`.
        """
        rows, columns = self.output().shape
        names = ("stride", "padding", "dilation", "bias")
        return {
            "picture": torch.tensor(self.picture, dtype=torch.float64),
            "kernel": torch.tensor(self.kernel, dtype=torch.float64),
            "row": min(self.row, rows - 1),  # the window stays on the output
            "column": min(self.column, columns - 1),
        } | {name: getattr(self, name) for name in names}


def small(picture: Tensor | None) -> Tensor:
    """A picture as C×H×W with at most 12 rows and columns, averaged where it had more."""
    if picture is None:
        picture = torch.from_numpy(np.asarray(draw_image(8, 0, 48).convert("L")).copy())
    planes = tensor_of(picture, "picture")
    bytes_like = planes.max() > 1
    planes = planes[None] if planes.ndim == 2 else planes
    if planes.ndim != 3 or len(planes) not in (1, 3):
        raise CatdogError(
            f"picture has the shape {'×'.join(map(str, planes.shape))}; it has to be H×W, 1×H×W or "
            "3×H×W."
        )
    height, width = planes.shape[1:]
    if max(height, width) <= SIDE:
        return planes
    shrink = SIDE / max(height, width)
    shape = [max(1, round(shrink * side)) for side in (height, width)]
    return F.adaptive_avg_pool2d(planes, shape).round(decimals=0 if bytes_like else 2)
