"""Compute output shapes, and see where the windows lie.

Lesson 02, section 2.
"""

from __future__ import annotations

import traitlets

from catdog_lib.errors import CatdogError
from catdog_lib.explore.base import Explorable, IntegerTrait
from catdog_lib.from_scratch.output_sizes import (
    conv_output_size,
    pool_output_size,
    transposed_output_size,
)

OPERATIONS = ("conv", "pool", "transposed")


class ShapeCalculator(Explorable):
    """The output size of a convolution, max-pooling or transposed convolution, drawn and derived.

    Type or drag the numbers: the padded image, the windows on it, the formula with its numbers
    filled in, the rows and columns that no window reads, and the PyTorch line to copy. Arrow keys
    or the mouse move the window.

    Every number can be read and set here: ``operation`` ("conv", "pool" or "transposed"),
    ``height``, ``width``, ``kernel``, ``stride``, ``padding`` (on each side), ``dilation``,
    ``ceil_mode`` (of a pooling), ``output_padding`` (of a transposed convolution), ``row`` and
    ``column`` of the window shown.
    """

    code = "shape_calculator"
    operation = traitlets.Unicode("conv").tag(sync=True)
    height = IntegerTrait(7, 1, 256)
    width = IntegerTrait(7, 1, 256)
    kernel = IntegerTrait(3, 1, 11)
    stride = IntegerTrait(1, 1, 8)
    padding = IntegerTrait(0, 0, 8)
    dilation = IntegerTrait(1, 1, 6)
    ceil_mode = traitlets.Bool(False).tag(sync=True)
    output_padding = IntegerTrait(0, 0, 5)
    row = IntegerTrait(0, 0, 999)
    column = IntegerTrait(0, 0, 999)

    def __init__(
        self,
        size: int | tuple[int, int] = 7,
        kernel: int = 3,
        *,
        operation: str = "conv",
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        ceil_mode: bool = False,
        output_padding: int = 0,
    ):
        """Show a layer's windows on an input.

        Args:
            size: of the input, one number or (height, width), 1 to 256.
            operation: "conv", "pool" or "transposed".
            ceil_mode: a pooling's ``ceil_mode``.
            output_padding: a transposed convolution's ``output_padding``.

        Raises:
            CatdogError: a number is out of its limits, or the operation has another name.
        """
        height, width = size if isinstance(size, tuple | list) else (size, size)
        super().__init__(
            height=height,
            width=width,
            kernel=kernel,
            operation=operation,
            stride=stride,
            padding=padding,
            dilation=dilation,
            ceil_mode=ceil_mode,
            output_padding=output_padding,
        )

    @traitlets.validate("operation")
    def _check_operation(self, proposal) -> str:
        if proposal["value"] not in OPERATIONS:
            raise CatdogError(
                f"operation is {proposal['value']!r}; use one of "
                f"{', '.join(map(repr, OPERATIONS))}."
            )
        return proposal["value"]

    def output_size(self) -> tuple[int, int]:
        """Return the output's height and width, from :mod:`catdog_lib.from_scratch.output_sizes`.

        Raises:
            CatdogError: PyTorch would refuse these numbers.
        """
        return self._side(self.height), self._side(self.width)

    def _side(self, size: int) -> int:
        window = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}
        if self.operation == "conv":
            return conv_output_size(size, self.kernel, **window)
        if self.operation == "pool":
            return pool_output_size(size, self.kernel, ceil_mode=self.ceil_mode, **window)
        return transposed_output_size(
            size, self.kernel, output_padding=self.output_padding, **window
        )

    def settings(self) -> dict:
        """Return what is shown as arguments of :func:`catdog_lib.plots.shape_windows`."""
        names = (
            "operation",
            "kernel",
            "stride",
            "padding",
            "dilation",
            "ceil_mode",
            "output_padding",
        )
        size = {"size": (self.height, self.width), "row": self.row, "column": self.column}
        return size | {name: getattr(self, name) for name in names}
