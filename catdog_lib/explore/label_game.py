"""Label images yourself: the human baseline.

Lesson 00, section 7.
"""

from __future__ import annotations

import traitlets

from catdog_lib.data.image_set import ImageSet
from catdog_lib.errors import CatdogError
from catdog_lib.explore.base import Explorable
from catdog_lib.explore.convert import data_uri
from catdog_lib.language import translate
from catdog_lib.training.metrics import wilson_interval


class LabelGame(Explorable):
    """Shows images one by one and asks: cat or dog? At the end it counts.

    Buttons, or the keys C and D (the first letters, whatever the reader's language), answer; the
    score has its 95% interval. ``answers`` holds yours as they come in: 0 cat, 1 dog, −1 not
    answered yet. On a page without a kernel the game works all the same.
    """

    code = "label_game"
    images = traitlets.List(traitlets.Unicode()).tag(sync=True)
    labels = traitlets.List(traitlets.Int()).tag(sync=True)
    answers = traitlets.List(traitlets.Int()).tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, dataset: ImageSet):
        """Ask about the images of a dataset.

        Args:
            dataset: the images to ask about, in this order; 20 are a minute's work.

        Raises:
            CatdogError: there are none, or more than 100, which would make a page heavy.
        """
        if not 1 <= len(dataset) <= 100:
            raise CatdogError(
                f"dataset holds {len(dataset):,} images; the game takes 1 to 100, so pass "
                "dataset.sample(20)."
            )
        images, labels = dataset[:]
        super().__init__(
            images=[data_uri(image) for image in images],
            labels=labels.tolist(),
            answers=[-1] * len(dataset),
            names=[translate("cat"), translate("dog")],  # their first letters are the keys
        )

    def summary(self) -> str:
        """Return your score so far, in a sentence."""
        answered = [(a, t) for a, t in zip(self.answers, self.labels, strict=True) if a >= 0]
        if not answered:
            return translate("Not played yet.")
        right, count = sum(answer == target for answer, target in answered), len(answered)
        low, high = wilson_interval(right, count)
        share = f"{right / count:.0%}"
        return translate(
            f"{right} of {count} right: {share} (95% interval {low:.0%} to {high:.0%})"
        )
