"""Label pictures yourself: the human baseline."""

from __future__ import annotations

import traitlets

from catdog_lib.classes import CLASSES
from catdog_lib.data.image_set import ImageSet
from catdog_lib.errors import CatdogError
from catdog_lib.explore.base import Explorable, data_uri
from catdog_lib.training.metrics import wilson_interval


class LabelGame(Explorable):
    """Shows pictures one by one and asks: cat or dog? At the end it counts.

    Buttons, or the keys C and D, answer; the score has its 95 % interval. ``answers`` holds yours
    as they come in: 0 cat, 1 dog, −1 not answered yet. On a page without a kernel the game works
    all the same.
    """

    code = "label_game.js"
    pictures = traitlets.List(traitlets.Unicode()).tag(sync=True)
    labels = traitlets.List(traitlets.Int()).tag(sync=True)
    answers = traitlets.List(traitlets.Int()).tag(sync=True)
    names = traitlets.List(traitlets.Unicode(), default_value=list(CLASSES)).tag(sync=True)

    def __init__(self, images: ImageSet):
        """
        Args:
            images: the pictures to ask about, in this order; 20 are a minute's work.

        Raises:
            CatdogError: there are none, or more than 100, which would make a page heavy.
        """
        if not 1 <= len(images) <= 100:
            raise CatdogError(
                f"images holds {len(images):,} pictures; the game takes 1 to 100, so pass "
                "images.sample(20)."
            )
        pictures, labels = images[:]
        super().__init__(
            pictures=[data_uri(picture) for picture in pictures],
            labels=labels.tolist(),
            answers=[-1] * len(images),
        )

    def summary(self) -> str:
        """Your score so far, in a sentence."""
        given = [(a, t) for a, t in zip(self.answers, self.labels, strict=True) if a >= 0]
        if not given:
            return "Not played yet."
        right = sum(answer == truth for answer, truth in given)
        low, high = wilson_interval(right, len(given))
        return f"{right} of {len(given)} right: {right / len(given):.0%} (95 % interval {low:.0%} to {high:.0%})"
