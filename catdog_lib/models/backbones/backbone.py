"""Networks trained on ImageNet's 1.28 million photos: one interface for all of them.

Lesson 06, section 1; Lesson 06, section 2; Lesson 06, section 3.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.models.backbones import efficientnet_lite
from catdog_lib.models.backbones.families import OFFLINE, family_of
from catdog_lib.models.backbones.pretrained import torchvision_input, torchvision_network
from catdog_lib.models.layers import Normalize

IMAGENET_CATS = range(281, 286)  # tabby, tiger cat, Persian, Siamese, Egyptian
IMAGENET_DOGS = range(151, 269)  # 118 breeds, from Chihuahua to Mexican hairless


class Backbone(nn.Module):
    """A network cut in two: stages that turn images into features, and ImageNet's last layer.

    Attributes:
        name: such as "resnet50".
        input_size: height and width of the images it was trained on, in pixels; others work too.
        feature_size: how many features an image has.
        normalize: with the mean and standard deviation of its training.
        body: the stages, one after the other.
        head: the last layer; None once it is cut off.

    Shape: N×3×H×W, uint8 or float in [0, 1]  →  features, N×feature_size.
    """

    def __init__(
        self,
        name: str,
        input_size: int,
        normalize: Normalize,
        stages: dict[str, nn.Module],
        head: nn.Module,
    ):
        super().__init__()
        self.name, self.input_size, self.normalize = name, input_size, normalize
        self.body = nn.Sequential()
        for stage, layers in stages.items():
            self.body.add_module(stage, layers)
        self.head: nn.Module | None = head
        # SqueezeNet classifies the map before the mean: its last layer is a convolution.
        self._head_takes_map = not isinstance(head, nn.Linear)
        last = next(m for m in head.modules() if isinstance(m, nn.Linear | nn.Conv2d))
        self.feature_size = last.weight.shape[1]

    @property
    def stages(self) -> list[tuple[str, nn.Module]]:
        """Name and layers of each stage, from the pixels to the features."""
        return list(self.body.named_children())

    def forward(self, images: Tensor) -> Tensor:
        return self.body(self.normalize(images))

    def imagenet(self, images: Tensor) -> Tensor:
        """Return the logits of ImageNet's classes, N×1000, for images as in :meth:`forward`.

        Raises:
            CatdogError: the last layer was cut off.
        """
        if self.head is None:
            raise CatdogError(
                f"The last layer of {self.name} was cut off, for a head that knows cats and dogs; "
                f'build backbone("{self.name}") again to ask for ImageNet\'s classes.'
            )
        body = self.body[:-1] if self._head_takes_map else self.body
        return self.head(body(self.normalize(images))).flatten(1)


def backbone(name: str = OFFLINE, pretrained: bool = True, *, progress: bool = True) -> Backbone:
    """Return a network with its ImageNet weights, in evaluation mode.

    efficientnet_lite0 brings its weights in a package. Those of all others are downloaded once, by
    torchvision, and checked against the hash in their name.

    Args:
        name: any member of the families in :data:`catdog_lib.models.FAMILIES`, such as "resnet18"
            or "vgg16_bn".
        pretrained: False keeps the initial random weights.
        progress: show a bar while weights are downloaded.

    Raises:
        CatdogError: there is no such network, or its weights are unavailable.
    """
    family = family_of(name)
    if name == OFFLINE:
        network = efficientnet_lite.EfficientNetLite0()
        if pretrained:
            network.load_state_dict(efficientnet_lite.imagenet_state_dict())
        size, mean, std = 224, (efficientnet_lite.MEAN,) * 3, (efficientnet_lite.STD,) * 3
    else:
        network = torchvision_network(name, pretrained, progress)
        size, mean, std = torchvision_input(name)
    return Backbone(name, size, Normalize(mean, std), *family.cut(network)).eval()


def cat_or_dog(imagenet_logits: Tensor) -> Tensor:
    """Reduce ImageNet's classes to cat or dog: five kinds of cat, 118 breeds of dog.

    P(cat) is the sum over the cats, P(dog) over the dogs; both are divided by their sum, so that
    nothing else counts.

    Shape: N×1000  →  N×2, the logarithms of the two probabilities: ``argmax`` and ``softmax`` work
    as on logits.
    """
    sums = [
        imagenet_logits[:, classes.start : classes.stop].logsumexp(1)
        for classes in (IMAGENET_CATS, IMAGENET_DOGS)
    ]
    return torch.stack(sums, 1).log_softmax(1)
