"""The twelve families of torchvision and the offline default, and where to cut their networks.

Longer than 200 lines because each family's cut is next to the others, to be compared.

Lesson 06, section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from torch import nn

from catdog_lib.errors import CatdogError
from catdog_lib.models.backbones.pretrained import torchvision_models

OFFLINE = "efficientnet_lite0"


@dataclass(frozen=True)
class Family:
    """Networks of one design.

    Attributes:
        name: as the paper writes it.
        year: of its paper; EfficientNet-Lite came a year after the paper on EfficientNet.
        member: the one that represents the family; :attr:`members` names all of them.
        paper: its number on arxiv.org.
        prefix: how the names of its members begin.
        cut: a torchvision network of this family → its stages in order, and its last layer; the
            stages take normalized images and end in the features, N×D.
    """

    name: str
    year: int
    member: str
    paper: str
    prefix: str
    cut: Callable[[nn.Module], tuple[dict[str, nn.Module], nn.Module]]

    @property
    def members(self) -> list[str]:
        """The names that :func:`catdog_lib.models.backbone` takes."""
        if self.member == OFFLINE:
            return [OFFLINE]
        torchvision = torchvision_models()
        known = torchvision.list_models(module=torchvision)
        return [name for name in known if name.startswith(self.prefix)]


def family_of(name: str) -> Family:
    """Return the family of the network with this name.

    Raises:
        CatdogError: it belongs to none of them.
    """
    for family in FAMILIES.values():
        if name in family.members:
            return family
    raise CatdogError(
        f"There is no backbone {name!r}; use one of "
        f"{', '.join(f.member for f in FAMILIES.values())}, or another member of these families."
    )


def _sequence(network: nn.Module, **names: str) -> dict[str, nn.Module]:
    """Return stages made from the attributes of a network: ``stem="conv1 maxpool"``."""
    return {
        stage: nn.Sequential(*(getattr(network, name) for name in attributes.split()))
        for stage, attributes in names.items()
    }


def _cut_after(
    layers: Iterable[nn.Module], ends: Callable[[nn.Module], bool]
) -> dict[str, nn.Module]:
    """Cut a chain of layers into stages after each layer that ``ends`` one."""
    stages: list[list[nn.Module]] = [[]]
    for layer in layers:
        stages[-1].append(layer)
        if ends(layer):
            stages.append([])
    return {f"stage{i}": nn.Sequential(*stage) for i, stage in enumerate(filter(None, stages), 1)}


def _cut_at(layers: nn.Sequential, *starts: int) -> dict[str, nn.Module]:
    """Cut a chain of layers into stages that begin at these positions."""
    pairs = zip(starts, (*starts[1:], len(layers)), strict=True)
    return {f"stage{i}": layers[start:end] for i, (start, end) in enumerate(pairs, 1)}


def _mean(*then: nn.Module) -> nn.Sequential:
    """Return a layer for the mean over the map, channel by channel, and what follows it."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), *then)


def _pools(layer: nn.Module) -> bool:
    return isinstance(layer, nn.MaxPool2d)


def _cut_vgg(network: nn.Module) -> tuple[dict[str, nn.Module], nn.Module]:
    """Cut AlexNet or VGG before the last of three fully connected layers: 4096 features."""
    *hidden, last = network.classifier
    hidden = nn.Sequential(network.avgpool, nn.Flatten(), *hidden)
    return {**_cut_after(network.features, _pools), "hidden": hidden}, last


def _cut_resnet(network: nn.Module) -> tuple[dict[str, nn.Module], nn.Module]:
    stages = _sequence(
        network,
        stem="conv1 bn1 relu maxpool",
        layer1="layer1",
        layer2="layer2",
        layer3="layer3",
        layer4="layer4",
    )
    return {**stages, "pool": _mean()}, network.fc


def _cut_squeezenet(network: nn.Module) -> tuple[dict[str, nn.Module], nn.Module]:
    """Cut SqueezeNet before its last convolution; it has no fully connected layer.

    The features are the means of that convolution's input. A ReLU follows it, so the mean cannot be
    taken first: the classes come from a layer on the map.
    """
    return {**_cut_after(network.features, _pools), "pool": _mean()}, network.classifier


def _cut_densenet(network: nn.Module) -> tuple[dict[str, nn.Module], nn.Module]:
    stages = _sequence(
        network.features,
        stem="conv0 norm0 relu0 pool0",
        block1="denseblock1 transition1",
        block2="denseblock2 transition2",
        block3="denseblock3 transition3",
        block4="denseblock4 norm5",
    )
    return {**stages, "pool": nn.Sequential(nn.ReLU(), *_mean())}, network.classifier


def _cut_inception(network: nn.Module) -> tuple[dict[str, nn.Module], nn.Module]:
    """Cut Inception; the auxiliary head, which helps only to train from scratch, is left out."""
    stages = _sequence(
        network,
        stem="Conv2d_1a_3x3 Conv2d_2a_3x3 Conv2d_2b_3x3 maxpool1",
        stage2="Conv2d_3b_1x1 Conv2d_4a_3x3 maxpool2",
        mixed5="Mixed_5b Mixed_5c Mixed_5d",
        mixed6="Mixed_6a Mixed_6b Mixed_6c Mixed_6d Mixed_6e",
        mixed7="Mixed_7a Mixed_7b Mixed_7c",
    )
    return {**stages, "pool": _mean(network.dropout)}, network.fc


def _cut_googlenet(network: nn.Module) -> tuple[dict[str, nn.Module], nn.Module]:
    """Cut GoogLeNet; its two auxiliary heads are left out, like Inception's."""
    stages = _sequence(
        network,
        stem="conv1 maxpool1",
        stage2="conv2 conv3 maxpool2",
        inception3="inception3a inception3b maxpool3",
        inception4="inception4a inception4b inception4c inception4d inception4e maxpool4",
        inception5="inception5a inception5b",
    )
    return {**stages, "pool": _mean(network.dropout)}, network.fc


def _cut_shufflenet(network: nn.Module) -> tuple[dict[str, nn.Module], nn.Module]:
    stages = _sequence(
        network, stem="conv1 maxpool", stage2="stage2", stage3="stage3", stage4="stage4"
    )
    return {**stages, "top": nn.Sequential(network.conv5, *_mean())}, network.fc


def _cut_chain(
    starts: tuple[int, ...], layers: str, network: nn.Module
) -> tuple[dict[str, nn.Module], nn.Module]:
    """Cut MobileNet v2 or MNASNet: a chain of layers, a mean, dropout and a linear layer."""
    dropout, last = network.classifier
    return {**_cut_at(getattr(network, layers), *starts), "pool": _mean(dropout)}, last


def _cut_lite(network: nn.Module) -> tuple[dict[str, nn.Module], nn.Module]:
    return dict(network.stages.named_children()), network.classifier


_cut_mobilenet = partial(_cut_chain, (0, 2, 4, 7, 11, 14, 18), "features")
_cut_mnasnet = partial(_cut_chain, (0, 8, 9, 10, 11, 12, 14), "layers")

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family("EfficientNet-Lite", 2020, OFFLINE, "1905.11946", OFFLINE, _cut_lite),
        Family("AlexNet", 2014, "alexnet", "1404.5997", "alexnet", _cut_vgg),
        Family("VGG", 2014, "vgg16", "1409.1556", "vgg", _cut_vgg),
        Family("GoogLeNet", 2014, "googlenet", "1409.4842", "googlenet", _cut_googlenet),
        Family("ResNet", 2015, "resnet50", "1512.03385", "resnet", _cut_resnet),
        Family("Inception v3", 2015, "inception_v3", "1512.00567", "inception_v3", _cut_inception),
        Family("SqueezeNet", 2016, "squeezenet1_1", "1602.07360", "squeezenet", _cut_squeezenet),
        Family("Wide ResNet", 2016, "wide_resnet50_2", "1605.07146", "wide_resnet", _cut_resnet),
        Family("DenseNet", 2016, "densenet121", "1608.06993", "densenet", _cut_densenet),
        Family("ResNeXt", 2016, "resnext50_32x4d", "1611.05431", "resnext", _cut_resnet),
        Family("MobileNet v2", 2018, "mobilenet_v2", "1801.04381", "mobilenet_v2", _cut_mobilenet),
        Family(
            "ShuffleNet v2",
            2018,
            "shufflenet_v2_x1_0",
            "1807.11164",
            "shufflenet_v2",
            _cut_shufflenet,
        ),
        Family("MNASNet", 2018, "mnasnet1_0", "1807.11626", "mnasnet", _cut_mnasnet),
    )
}
