"""The course's own network: small, residual, and made for two minutes on a CPU.

Lesson 06, section 6.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.models.layers import Normalize


class ResidualCNN(nn.Module):
    """A stem, three residual blocks that halve and widen the maps, an average, one linear layer.

    Most of its work is done on small maps with many channels: there a CPU comes closest to its
    limit; large maps with few channels keep it waiting for memory. It halves by pooling: a
    convolution with stride 2 costs as many multiply-adds as one after a pooling, but took one and a
    half times as long here. The average over all positions at the end lets it take images of any
    size, so it can be trained on small ones first.

    Source: K. He, X. Zhang, S. Ren and J. Sun 2015, "Deep residual learning for image recognition",
    arXiv 1512.03385.

    Args:
        size: height and width of the images that it is meant for, at least 16; others work too.
        width: channels of the stem; the three stages have 2, 4 and 8 times as many.

    Shape: N×3×H×W, uint8 or float in [0, 1]  →  logits, N×2.

    Raises:
        CatdogError: size is below 16 or width below 1.
    """

    def __init__(self, size: int = 64, width: int = 32):
        super().__init__()
        if size < 16:
            raise CatdogError(
                f"ResidualCNN cannot take images of {size} pixels: it halves them four times; "
                "use size=16 or more."
            )
        if width < 1:
            raise CatdogError(f"width is {width}: a network needs at least 1 channel.")
        self.settings = {"size": size, "width": width}
        self.normalize = Normalize()
        self.stem = nn.Sequential(
            nn.Conv2d(3, width, kernel_size=4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        )
        self.stages = nn.Sequential(
            ResidualBlock(width, 2 * width),
            ResidualBlock(2 * width, 4 * width),
            ResidualBlock(4 * width, 8 * width),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(8 * width, 2)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.stages(self.stem(self.normalize(images)))
        return self.classifier(self.flatten(self.pool(maps)))


class ResidualBlock(nn.Module):
    """Max-pooling 2, two 3×3 convolutions and a shortcut: ReLU(convolutions(x) + shortcut(x)).

    The last BatchNorm starts with scale 0: at first the block passes on its shortcut alone, and
    learns what to add.

    Shape: N×C_in×H×W  →  N×C_out×⌈H/2⌉×⌈W/2⌉.
    """

    def __init__(self, channels_in: int, channels_out: int):
        super().__init__()
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        self.convolutions = nn.Sequential(
            *convolution(channels_in, channels_out),
            nn.ReLU(inplace=True),
            *convolution(channels_out, channels_out),
        )
        self.shortcut = nn.Sequential(*convolution(channels_in, channels_out, kernel=1))
        nn.init.zeros_(self.convolutions[-1].weight)

    def forward(self, maps: Tensor) -> Tensor:
        maps = self.pool(maps)
        return torch.relu_(self.convolutions(maps) + self.shortcut(maps))


def convolution(channels_in: int, channels_out: int, kernel: int = 3) -> list[nn.Module]:
    """Return a convolution that keeps the size, and BatchNorm, whose shift replaces the bias."""
    return [
        nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(channels_out),
    ]
