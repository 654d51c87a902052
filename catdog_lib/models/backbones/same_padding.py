"""TensorFlow's "same" padding, which networks need whose weights come from there.

Lesson 06, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's "same" padding: what ⌈size/stride⌉ positions need.

    The odd pixel comes last. With stride 2 on an even side, a 3×3 kernel needs one more pixel:
    TensorFlow adds it at the right and below, PyTorch's ``padding=1`` adds one all around and uses
    that at the left and above. Weights trained with the one give wrong results with the other:
    their whole input is shifted by a pixel.
    """

    def forward(self, maps: Tensor) -> Tensor:
        rows, columns = self._pads(maps.shape[2:])
        maps = F.pad(maps, (*columns, *rows))
        return F.conv2d(maps, self.weight, self.bias, self.stride, groups=self.groups)

    def for_size(self, size: Sequence[int]) -> nn.Conv2d:
        """Return an ordinary convolution that does the same for maps of this height and width.

        The odd pixel is one that a kernel with a zero before its first weights skips on the other
        side, where ``padding`` adds it as well. So no map is copied to be padded.
        """
        (above, below), (left, right) = self._pads(size)
        weight = F.pad(self.weight.detach(), (right - left, 0, below - above, 0))
        layer = nn.Conv2d(
            self.in_channels,
            self.out_channels,
            weight.shape[2:],
            self.stride,
            (below, right),
            groups=self.groups,
        )
        layer.weight, layer.bias = nn.Parameter(weight), self.bias
        return layer

    def _pads(self, size: Sequence[int]) -> list[tuple[int, int]]:
        """Return how many pixels to add before and after the rows, and the columns."""
        pads = []
        for pixels, kernel, stride in zip(size, self.kernel_size, self.stride, strict=True):
            # While a network is traced for ONNX the size is a tensor; a constant will do.
            missing = max((-(-int(pixels) // stride) - 1) * stride + kernel - int(pixels), 0)
            pads.append((missing // 2, missing - missing // 2))
        return pads
