"""Choose the training images yourself: a head learns from at most ten, and judges all the others.

Lesson 06, section 7.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence

import numpy as np
import torch
import traitlets
from PIL import Image
from torch import Tensor, nn

from catdog_lib.classes import CLASSES
from catdog_lib.data.image_set import ImageSet
from catdog_lib.errors import CatdogError
from catdog_lib.explore.base import Explorable
from catdog_lib.explore.convert import shape_text, to_tensor
from catdog_lib.training.metrics import wilson_interval
from catdog_lib.transfer.linear_probe import WEIGHT_DECAY, linear_probe

LIMIT = 10  # images to learn from
MOST_IMAGES = 300  # their thumbnails and features travel to the page as text
DIRECTIONS = 32  # of the features, those of the largest spread
SIDE = 48  # of a thumbnail, in pixels
_STEPS = 10_000  # the largest coordinate, as an integer


class TenImages(Explorable):
    """A machine to teach: choose up to ten training images, and see what their head can do.

    At each choice the page solves the head anew, by Newton's method: the minimum that
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
    chosen = traitlets.List().tag(sync=True)

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
        numbers = _checked(images, features)
        if not (math.isfinite(weight_decay) and weight_decay > 0):
            raise CatdogError(f"weight_decay is {weight_decay}; it has to be a number above 0.")
        coordinates, kept = _reduced(numbers)
        super().__init__(
            thumbnails=[_thumbnail(image) for image in images[:][0]],
            labels=images.labels.tolist(),
            coordinates=coordinates.tolist(),
            # The probe brings the mean variance of its inputs to 1. Here are K of D directions,
            # which have more spread each; with this decay the head is the one of all D directions
            # in which the other D − K are 0.
            decay=weight_decay * coordinates.shape[1] / numbers.shape[1],
            spread_kept=kept,
            chosen=chosen,
        )

    @traitlets.validate("chosen")
    def _check_chosen(self, proposal) -> list[int]:
        chosen = proposal["value"]
        return check_chosen(chosen, len(self.labels))

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
        share, low, high = map(_percent, (hits / count, *wilson_interval(hits, count)))
        return (
            f"{self._counts()}. The head gets {hits} of the {count} other images right: {share} "
            f"(95 % interval {low} to {high})."
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


def check_chosen(chosen: object, count: int) -> list[int]:
    """Return the positions of chosen images as a list.

    Args:
        chosen: at most ten positions, all different.
        count: of the images there are.

    Raises:
        CatdogError: they are not such positions.
    """
    try:
        positions = torch.as_tensor(chosen).tolist()
    except (TypeError, ValueError, RuntimeError):
        positions = None
    fits = isinstance(positions, list) and all(
        isinstance(one, int) and not isinstance(one, bool) and 0 <= one < count for one in positions
    )
    if not (positions == [] or fits) or len(positions) > len(set(positions)):
        raise CatdogError(
            f"chosen is {chosen!r}; pass different positions of images, integers from 0 to "
            f"{count - 1}."
        )
    if len(positions) > LIMIT:
        raise CatdogError(f"chosen holds {len(positions)} images; the head learns from {LIMIT}.")
    return positions


def _checked(images: ImageSet, features: Tensor) -> Tensor:
    """Return the features as float64; raise a CatdogError if they or the images do not fit."""
    count = len(images)
    if not LIMIT + 2 <= count <= MOST_IMAGES:
        raise CatdogError(
            f"images holds {count:,} images; the page takes {LIMIT + 2} to {MOST_IMAGES}, so pass "
            "dataset.sample(200) and the features of these."
        )
    if min(images.counts().values()) == 0:
        raise CatdogError("images are all of one class; the head needs cats and dogs.")
    numbers = to_tensor(features, "features")
    if numbers.ndim != 2 or len(numbers) != count:
        raise CatdogError(
            f"features has the shape {shape_text(numbers)}; pass a row of features for each of the "
            f"{count} images, in their order."
        )
    return numbers


def _reduced(features: Tensor) -> tuple[Tensor, float]:
    """Return N×K integer coordinates along the K directions of largest spread, and its share."""
    centred = features - features.mean(0)
    _, sizes, directions = torch.linalg.svd(centred, full_matrices=False)
    if sizes[0] < 1e-12:
        raise CatdogError("features are the same for all images; nothing can be learned from them.")
    coordinates = centred @ directions[:DIRECTIONS].T
    extremes = coordinates.gather(0, coordinates.abs().argmax(0)[None])
    coordinates = coordinates * extremes.sign()  # a direction's sign is free: fix it
    kept = sizes[:DIRECTIONS].square().sum() / sizes.square().sum()
    whole = (coordinates * (_STEPS / coordinates.abs().max())).round().long()
    return whole, kept.item()


def _thumbnail(image: Tensor) -> str:
    """Return a small version of an image (3×H×W, uint8) as a JPEG file that a page can show."""
    small = Image.fromarray(np.asarray(image.permute(1, 2, 0))).resize((SIDE, SIDE))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=75, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _percent(share: float) -> str:
    """Return a share as the page writes it: a half is rounded up, as in JavaScript."""
    return f"{math.floor(1000 * share + 0.5) / 10:.1f} %"
