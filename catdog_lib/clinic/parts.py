"""What the patients' scripts are made of: two small networks, their input, and a log.

Lesson 08, section 1; Lesson 08, section 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor, nn


def small_cnn(size: int, classes: int = 2, batchnorm: bool = True) -> nn.Sequential:
    """Return a network of three convolutions, each followed by BatchNorm, ReLU and max-pooling.

    Args:
        size: height and width of its images, a multiple of 8.
        classes: the number of logits.
        batchnorm: without it, nothing protects the ReLUs from a large learning rate.
    """
    layers: list[nn.Module] = []
    for inputs, outputs in ((3, 8), (8, 16), (16, 32)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1)]
        layers += [nn.BatchNorm2d(outputs)] if batchnorm else []
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
    features = 32 * (size // 8) ** 2
    layers += [nn.Flatten()] + ([nn.BatchNorm1d(features)] if batchnorm else [])
    return nn.Sequential(*layers, nn.Linear(features, classes))


def normalized(images: Tensor) -> Tensor:
    """Return uint8 images as the networks want them: floats, most of them between −2 and 2."""
    return (images / 255 - 0.5) / 0.25


@dataclass
class Log:
    """What a script notes while it trains.

    Attributes:
        losses: the mean training loss of each epoch.
        accuracies: the training accuracy of each epoch.
    """

    losses: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    _images: int = 0

    def note(self, epoch: int, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Note a step; every image of an epoch counts the same."""
        if epoch == len(self.losses):
            self.losses.append(0.0)
            self.accuracies.append(0.0)
            self._images = 0
        self._images += len(labels)
        weight = len(labels) / self._images
        hits = (logits.argmax(1) == labels).double().mean().item()
        self.losses[epoch] += weight * (loss.item() - self.losses[epoch])
        self.accuracies[epoch] += weight * (hits - self.accuracies[epoch])


@dataclass(frozen=True)
class Run:
    """What a script leaves behind.

    Attributes:
        network: the one that it trained.
        log: of its training.
        predict: the script's own function: uint8 images, N×3×H×W → classes, N.
        kept: what else an experiment may need, by name.
    """

    network: nn.Module
    log: Log
    predict: Callable[[Tensor], Tensor]
    kept: dict[str, object] = field(default_factory=dict)

    def accuracy(self, images: Tensor, labels: Tensor) -> float:
        """Return the share that ``predict`` gets right: all cats first, then all dogs."""
        right = sum(
            (self.predict(images[labels == label]) == label).sum().item() for label in (0, 1)
        )
        return right / len(labels)
