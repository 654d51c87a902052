"""The five-convolution network: 80% on 2,000 photos, its makers report.

Lesson 03, section 2.
"""

from __future__ import annotations

from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.models.layers import Normalize


class FiveConvCNN(nn.Module):
    """Five convolutions with BatchNorm and ReLU, four max-poolings, four layers with tanh between.

    Its makers (docs/credits.md) give the layers, the activations and the 256×256 input, but not the
    numbers of channels and units: those here are the course's choice.

    Args:
        size: height and width of the images, at least 64.
        width: channels of the first convolution; the next have twice and four times as many.

    Shape: N×3×size×size, uint8 or float in [0, 1]  →  logits, N×2.

    Raises:
        CatdogError: size is below 64 or width below 1.
    """

    def __init__(self, size: int = 256, width: int = 16):
        super().__init__()
        if size < 64:
            raise CatdogError(
                f"FiveConvCNN cannot take images of {size} pixels: its four poolings would leave "
                "fewer than 4×4 values, too few to tell where a thing was; use size=64 or more."
            )
        if width < 1:
            raise CatdogError(f"FiveConvCNN has no channels with width={width}; use 1 or more.")
        self.settings = {"size": size, "width": width}
        self.normalize = Normalize()
        self.features = nn.Sequential(
            *_convolution(3, width),
            nn.MaxPool2d(2),
            *_convolution(width, 2 * width),
            nn.MaxPool2d(2),
            *_convolution(2 * width, 4 * width),
            nn.MaxPool2d(2),
            *_convolution(4 * width, 4 * width),
            *_convolution(4 * width, 4 * width),
            nn.MaxPool2d(2),
        )
        self.flatten = nn.Flatten()
        self.classifier = nn.Sequential(
            nn.Linear(4 * width * (size // 16) ** 2, 128),
            nn.Tanh(),
            nn.Linear(128, 64),
            nn.Tanh(),
            nn.Linear(64, 32),
            nn.Tanh(),
            nn.Linear(32, 2),
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(self.flatten(self.features(self.normalize(images))))


def _convolution(channels_in: int, channels_out: int) -> list[nn.Module]:
    """Return a 3×3 convolution that keeps the size, BatchNorm and ReLU."""
    return [
        nn.Conv2d(channels_in, channels_out, kernel_size=3, padding=1),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    ]
