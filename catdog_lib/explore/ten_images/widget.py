"""Choose the training images yourself: a head learns from at most ten, and judges all the others.

Lesson 06, section 7.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import traitlets
from torch import Tensor, nn

from catdog_lib.classes import CLASSES
from catdog_lib.data.image_set import ImageSet
from catdog_lib.errors import CatdogError
from catdog_lib.explore.base import Explorable
from catdog_lib.explore.convert import thumbnail_uri
from catdog_lib.explore.ten_images.inputs import check_chosen, checked, reduced
from catdog_lib.training.metrics import wilson_interval
from catdog_lib.transfer.linear_probe import WEIGHT_DECAY, linear_probe

SIDE = 48  # of a thumbnail, in pixels


class _Chosen(traitlets.TraitType):
    """Positions of images of the widget; anything else raises a CatdogError."""

    def __init__(self):
        super().__init__([])
        self.tag(sync=True)

    def validate(self, widget: TenImages, value: object) -> list[int]:
        """Return the positions as a list."""
        return check_chosen(value, len(widget.labels))


class TenImages(Explorable):
    """A machine to teach: choose up to ten training images, and see what their head can do.

    At each choice the page fits the head again, by Newton's method: the minimum that
    :func:`catdog_lib.transfer.linear_probe.linear_probe` finds. It shows the accuracy on all the
    other images, two maps of the features, and the images that are misjudged.

    So that a page stays light, the head does not see all features: PCA turns them into their
    coordinates along the 32 directions of the largest spread, each rounded to a ten-thousandth of
    the largest. PCA sees all images, but none of their labels. ``spread_kept`` is the share of the
    spread that is left.

    ``chosen`` holds the positions of the images that you chose, in your order; set it, and the page
    follows.
    """

    code = "ten_images"
    thumbnails = traitlets.List(traitlets.Unicode()).tag(sync=True)
    labels = traitlets.List(traitlets.Int()).tag(sync=True)
    coordinates = traitlets.List(help="N×K integers: the reduced features").tag(sync=True)
    decay = traitlets.Float(help="the weight decay for K coordinates").tag(sync=True)
    spread_kept = traitlets.Float().tag(sync=True)
    names = traitlets.List(traitlets.Unicode(), default_value=list(CLASSES)).tag(sync=True)
    chosen = _Chosen()

    def __init__(
        self,
        images: ImageSet,
        features: Tensor,
        *,
        chosen: Sequence[int] = (),
        weight_decay: float = WEIGHT_DECAY,
    ):
        """Lay out images with their features.

        Args:
            images: 12 to 300, of both classes; 200 are a page of about 400 kB.
            features: theirs, N×D in the same order, as
                :func:`catdog_lib.transfer.features.features_of` computes them.
            chosen: positions of the images chosen at first, at most ten.
            weight_decay: of the head, as in :func:`~catdog_lib.transfer.linear_probe.linear_probe`.

        Raises:
            CatdogError: there are too few images or too many, or of one class only; the features do
                not fit or are not finite; a position is none; the weight decay is not above 0.
        """
        numbers = checked(images, features)
        if not (math.isfinite(weight_decay) and weight_decay > 0):
            raise CatdogError(f"weight_decay is {weight_decay}; it has to be a number above 0.")
        coordinates, kept = reduced(numbers)
        super().__init__(
            thumbnails=[thumbnail_uri(image, SIDE) for image in images[:][0]],
            labels=images.labels.tolist(),  # before chosen, which is checked against them
            coordinates=coordinates.tolist(),
            # The probe brings the mean variance of its inputs to 1. Here are K of D directions,
            # which have more spread each; with this decay the head is the one of all D directions
            # in which the other D − K are 0.
            decay=weight_decay * coordinates.shape[1] / numbers.shape[1],
            spread_kept=kept,
            chosen=chosen,
        )

    def name(self, position: int) -> str:
        """Return what the page calls an image: "cat 12" is the twelfth cat of the set."""
        label = self.labels[position]
        return f"{self.names[label]} {self.labels[: position + 1].count(label)}"

    def features(self) -> Tensor:
        """Return what the head sees of each image: N×K coordinates, float32."""
        return torch.tensor(self.coordinates, dtype=torch.float32)

    def head(self) -> nn.Linear:
        """Return the head that the chosen images teach: K coordinates  →  2 logits.

        Raises:
            CatdogError: a class is missing among the chosen images.
        """
        missing = self._missing()
        if missing:
            raise CatdogError(missing)
        labels = torch.tensor(self.labels)[self.chosen]
        return linear_probe(self.features()[self.chosen], labels, weight_decay=self.decay)

    def probabilities(self) -> Tensor:
        """Return the probability that each image is a dog, by the head: N, from 0 to 1."""
        with torch.no_grad():
            return self.head()(self.features()).softmax(1)[:, 1]

    def summary(self) -> str:
        """Return how good the head is on the images that you did not choose, in a sentence."""
        missing = self._missing()
        if missing:
            return missing
        right = (self.probabilities() > 0.5).long() == torch.tensor(self.labels)
        right[self.chosen] = False
        hits, count = int(right.sum()), len(right) - len(self.chosen)
        share, low, high = map(percent, (hits / count, *wilson_interval(hits, count)))
        return (
            f"{self._counts()}. The head gets {hits} of the {count} other images right: {share} "
            f"(95% interval {low} to {high})."
        )

    def _counts(self) -> str:
        """Return how many images of each class are chosen: "3 cats and no dogs chosen"."""
        labels = [self.labels[position] for position in self.chosen]
        counts = [labels.count(label) for label in range(len(self.names))]
        words = [
            f"{count or 'no'} {name}{'' if count == 1 else 's'}"
            for count, name in zip(counts, self.names, strict=True)
        ]
        return f"{' and '.join(words)} chosen".capitalize()

    def _missing(self) -> str:
        """Return what is missing to train a head, in a sentence; nothing if nothing is."""
        both = {self.labels[position] for position in self.chosen} == {0, 1}
        return "" if both else f"{self._counts()}: choose at least one image of each class."


def percent(share: float) -> str:
    """Return a share as the page writes it: a half is rounded up, as in JavaScript."""
    return f"{math.floor(1000 * share + 0.5) / 10:.1f}%"
