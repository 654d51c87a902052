"""How far a "frozen" backbone drifts while a head is trained on it, and what that costs.

Lesson 06, section 4.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from catdog_lib.data.image_set import ImageSet
from catdog_lib.device import device_of
from catdog_lib.models import TransferClassifier
from catdog_lib.transfer.features import features_of
from catdog_lib.transfer.linear_probe import linear_probe


class DriftPoint(NamedTuple):
    """What was found at one step.

    Attributes:
        step: of training.
        moved: distance of the features from those at the first step, relative to their length.
        old_head: for each watched image, whether the classifier's own head is right about it.
        new_probe: the same for a probe that was trained again on the features of this step.
    """

    step: int
    moved: float
    old_head: Tensor
    new_probe: Tensor


class FeatureDrift:
    """Watches the features of the same images while a classifier is trained.

    Features are always computed in evaluation mode, with the running statistics of that step.
    """

    def __init__(self, classifier: TransferClassifier, train: ImageSet, watched: ImageSet):
        """Watch a classifier.

        Args:
            classifier: the one that is trained.
            train: images for the new probe of each step.
            watched: images that both heads are asked about.
        """
        self.classifier, self.train, self.watched = classifier, train, watched
        self.points: list[DriftPoint] = []
        self._first: Tensor | None = None

    def measure(self, step: int) -> None:
        """Add a point for this step to ``points``."""
        backbone, labels = self.classifier.backbone, self.watched.labels
        train, now = (
            features_of(backbone, images, cache=False, progress=False)
            for images in (self.train, self.watched)
        )
        first = self._first = now if self._first is None else self._first
        probe = linear_probe(train, self.train.labels)
        with torch.no_grad():
            inputs = now.to(device_of(self.classifier.head))
            old = self.classifier.head(inputs).argmax(1).cpu() == labels
            new = probe(now).argmax(1) == labels
        moved = ((now - first).norm() / first.norm()).item()
        self.points.append(DriftPoint(step, moved, old, new))
