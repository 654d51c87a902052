"""The six-block network: 92.1% on 2,023 photos, its makers report.

Lesson 03, section 2.
"""

from __future__ import annotations

from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.models.layers import Normalize


def block(channels_in: int, channels_out: int) -> nn.Sequential:
    """Return convolution 3×3 → ReLU → BatchNorm → max-pooling 2, which halves the sides."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.BatchNorm2d(channels_out),
        nn.MaxPool2d(2),
    )


class SixBlockCNN(nn.Module):
    """Six blocks, then one fully connected layer.

    With the default arguments this is the network that its makers published
    (docs/credits.md): 64 channels, then 512; and its last four blocks are one block
    applied four times. It has 2,668,418 parameters and needs 13.62 G multiply-adds
    for an image.

    Args:
        size: height and width of the images, at least 64.
        width: channels of the first block; the others have eight times as many.
        tied: blocks 3 to 6 share their weights (and their BatchNorm statistics), as its
            makers' code has it. Untied they have their own: 9,750,914 parameters.

    Shape: N×3×size×size, uint8 or float in [0, 1]  →  logits, N×2.

    Raises:
        CatdogError: size is below 64 or width below 1.
    """

    def __init__(self, size: int = 224, width: int = 64, tied: bool = True):
        super().__init__()
        if size < 64:
            raise CatdogError(
                f"SixBlockCNN cannot take images of {size} pixels: each of its six "
                "poolings halves them, and 64 is the smallest size that leaves a pixel; "
                "use size=64 or more."
            )
        if width < 1:
            raise CatdogError(f"width is {width}: a network needs at least 1 channel.")
        self.settings = {"size": size, "width": width, "tied": tied}
        wide = 8 * width
        self.normalize = Normalize()
        self.block1 = block(3, width)
        self.block2 = block(width, wide)
        if tied:
            self.deep = nn.ModuleList([block(wide, wide)])
        else:
            self.deep = nn.ModuleList([block(wide, wide) for _ in range(4)])
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(wide * (size // 64) ** 2, 2)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.block2(self.block1(self.normalize(images)))
        for i in range(4):
            maps = self.deep[i % len(self.deep)](maps)
        return self.classifier(self.flatten(maps))
