"""What is known of a pretrained network without its weights: its size, its cost, its accuracy.

Lesson 06, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from catdog_lib.inspect.shape_table import shape_table
from catdog_lib.models import OFFLINE, backbone
from catdog_lib.models.backbones.pretrained import torchvision_models

OFFLINE_TOP1 = 75.1  # of EfficientNet-Lite0, as its makers state it (tensorflow/tpu on GitHub)


@dataclass(frozen=True)
class NetworkFacts:
    """A network without its last layer.

    Attributes:
        features: how many an image has.
        size: height and width of the images it was trained on, in pixels.
        parameters, multiply_adds: the latter for one image of that size.
        top1: the published accuracy on ImageNet's validation photos, in %, by the name of the
            weights: "V1", and for some networks "V2". The numbers of one name are comparable.
    """

    features: int
    size: int
    parameters: int
    multiply_adds: int
    top1: dict[str, float]


def network_facts(name: str) -> NetworkFacts:
    """Return the facts of a network by its name; nothing is downloaded or computed.

    Raises:
        CatdogError: there is no such network.
    """
    with torch.device("meta"):  # only shapes are computed
        network = backbone(name, pretrained=False)
        image = torch.zeros(1, 3, network.input_size, network.input_size)
        uses = shape_table(network, image)
    if name == OFFLINE:
        top1 = {"V1": OFFLINE_TOP1}
    else:
        weights = torchvision_models().get_model_weights(name)
        top1 = {
            one.name.removeprefix("IMAGENET1K_"): one.meta["_metrics"]["ImageNet-1K"]["acc@1"]
            for one in weights
            if one.name.startswith("IMAGENET1K_V")
        }
    return NetworkFacts(
        network.feature_size,
        network.input_size,
        sum(use.parameters for use in uses),
        sum(use.multiply_adds for use in uses),
        top1,
    )
