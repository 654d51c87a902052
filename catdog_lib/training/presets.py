"""Named recipes: a network, the size of its images, and how to train it, chosen and measured.

They were chosen on validation photos; docs/measurements.md says what they reach on the test photos,
and how fast.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from catdog_lib.errors import CatdogError
from catdog_lib.training.recipe import Recipe


@dataclass(frozen=True)
class NamedRecipe:
    """All that ``catdog train --recipe`` needs besides the images.

    Attributes:
        purpose: in one line.
        model: a name in :data:`catdog_lib.models.MODELS`.
        size: height and width of the images, in pixels.
        recipe: how to train.
        validation: fraction of the training photos to validate on. It is small, as nothing is left
            to be chosen.
        goes_on: whether it is for a network that has learned already, so that a start is needed.
    """

    purpose: str
    model: str
    size: int
    recipe: Recipe
    validation: float = 0.02
    goes_on: bool = False


FAST = Recipe(
    batch_size=128,
    optimizer="muon",
    lr=0.1,
    weight_decay=0.1,
    schedule="one_cycle",
    label_smoothing=0.05,
    augment=("flip_and_crop",),
    min_crop=0.7,
    whiten=True,
    test_flip=True,
    keep="last",
)

# "after_drawings" was chosen by the loss on 1,600 validation photos, one seed each. With 100,000
# drawings, 24 epochs and a rate of 0.03: photos of 128 px, and 96 px in the end, 0.143; 96 px, and
# 80 px, 0.156. With the latter, 40 epochs had 0.161, colour jitter besides 0.160, twice the rate
# 0.165, no drawings 0.171. With the former and 9 epochs, a rate of 0.04 had 0.172, 0.03 had 0.176.
# With 50,000 drawings and a rate of 0.04, 18 epochs had 0.153 and 10 had 0.175.
# The "head" is for cached features, which no epoch changes (lesson 06); of its sizes 256 px was the
# best on validation photos (99.0 against 98.4% with 224 px).
# Of the longer ones all sizes can be halved four times without a remainder (validation: 94.2
# against 93.6%, one seed).
RECIPES = {
    "sprint": NamedRecipe(
        "80% in half a minute (a minute without bfloat16)",
        "residual",
        64,
        replace(FAST, epochs=3, train_sizes=(40, 48, 56)),
    ),
    "minutes": NamedRecipe(
        "92.1% in two and a half minutes, where the processor has bfloat16",
        "residual",
        96,
        replace(FAST, epochs=14, train_sizes=(48, 64, 80), test_sizes=(80, 96)),
    ),
    "champion": NamedRecipe(
        "the best network from photos alone, in five minutes (twelve without bfloat16)",
        "residual",
        96,
        replace(FAST, epochs=28, train_sizes=(48, 64, 80), min_crop=0.6, test_sizes=(80, 96)),
    ),
    "drawings": NamedRecipe(
        "one pass over drawn animals, for a network to start from",
        "residual",
        64,
        replace(FAST, epochs=1, train_sizes=(40, 48, 56)),
    ),
    "after_drawings": NamedRecipe(
        "the best network: goes on where one that has learned from drawings left off",
        "residual",
        128,
        replace(
            FAST,
            epochs=20,
            lr=0.04,
            train_sizes=(64, 80, 96),
            min_crop=0.6,
            whiten=False,
            test_sizes=(96, 112),
        ),
        goes_on=True,
    ),
    "head": NamedRecipe(
        "a new head for a network trained on ImageNet, which stays as it is",
        "transfer",
        256,
        Recipe(epochs=10, batch_size=100, lr=3e-3),
        validation=0.15,
    ),
}


def named(name: str) -> NamedRecipe:
    """Return the recipe of this name.

    Raises:
        CatdogError: there is none.
    """
    if name not in RECIPES:
        raise CatdogError(f"There is no recipe {name!r}; use one of {', '.join(RECIPES)}.")
    return RECIPES[name]
