"""Variants of one animal: only what is chosen changes, and what is mixed is neither cat nor dog."""

import numpy as np
import pytest

from catdog_lib.errors import CatdogError
from catdog_lib.sketches.composition import Composition
from catdog_lib.sketches.scenes import INDOORS, OUTDOORS
from catdog_lib.sketches.traits import PATTERNS
from catdog_lib.sketches.variants import (
    COATS,
    FEATURES,
    SCENES,
    TRAITS,
    class_of_traits,
    draw_variant,
)

CAT = {trait: next(iter(choices)) for trait, choices in TRAITS.items()}
DOG = CAT | {trait: list(choices)[-1] for trait, choices in FEATURES.items()}


def pixels(traits: dict, size: int = 48, seed: int = 0) -> np.ndarray:
    return np.asarray(draw_variant(traits, size, seed), float)


def test_images_are_the_same_each_time_and_differ_by_seed():
    image = draw_variant(CAT, 48, 3)
    assert image.mode == "RGB" and image.size == (48, 48)
    assert image.tobytes() == draw_variant(CAT, 48, 3).tobytes()
    assert np.abs(pixels(CAT, seed=3) - pixels(CAT, seed=4)).mean() > 10


@pytest.mark.parametrize(
    ("trait", "choice"),
    [(trait, choice) for trait in TRAITS for choice in TRAITS[trait] if choice != CAT[trait]],
)
def test_one_change_changes_its_own_part(trait, choice):
    """Look where an image of seed 0 differs; JPEG blocks carry up to 16 of 255 further."""
    change = np.abs(pixels(CAT | {trait: choice}) - pixels(CAT)).max(axis=2)
    assert change.max() > 40, "the change can be seen"
    first, last = {"ears": (4, 42), "muzzle": (22, 39), "eyes": (17, 30)}.get(trait, (0, 48))
    assert max(change[:first].max(initial=0), change[last:].max(initial=0)) < 20


def test_new_ears_do_not_change_how_the_muzzle_is_drawn():
    """Check that each part has random numbers of its own: with one stream for all, this fails."""
    for other in ("pointed", "pricked"):
        differ = np.abs(pixels(DOG | {"ears": other}, 96) - pixels(DOG, 96)).max(axis=2)
        assert differ[42:60, 38:58].max() < 20


def test_every_trait_tells_the_class_of_those_who_have_it():
    for trait, choices in FEATURES.items():
        of = "head_of" if trait == "body" else f"{trait}_of"
        assert {choice: sets[of] for choice, sets in choices.items()} == TRAITS[trait]
        assert set(TRAITS[trait].values()) == {0, 1}
    assert set(TRAITS["coat"].values()) == set(TRAITS["scene"].values()) == {None}
    assert {coat.pattern for coat in COATS.values()} <= set(PATTERNS)
    assert set(SCENES) & set(INDOORS) and set(SCENES) & set(OUTDOORS)


def test_only_an_animal_of_one_kind_is_a_cat_or_a_dog():
    assert class_of_traits(CAT) == class_of_traits(CAT | {"coat": "ginger", "scene": "beach"}) == 0
    assert class_of_traits(DOG) == class_of_traits(DOG | {"ears": "pricked"}) == 1
    for trait in FEATURES:
        assert class_of_traits(CAT | {trait: DOG[trait]}) is None
        assert class_of_traits(DOG | {trait: CAT[trait]}) is None


@pytest.mark.parametrize(
    ("traits", "size", "message"),
    [
        ({}, 48, "traits has nothing; give one choice for each of ears"),
        (CAT | {"wings": "two"}, 48, "traits has ears, muzzle"),
        (CAT | {"ears": "blue"}, 48, "ears is 'blue'; choose one of 'pointed'"),
        (CAT, 4, "size is 4"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(traits, size, message):
    with pytest.raises(CatdogError, match=f"^{message}"):
        draw_variant(traits, size)


def test_a_sketch_of_the_data_set_draws_its_head_from_one_stream():
    """Check it, for the images of the course to stay as they are."""
    ears, fur, eyes, muzzle = Composition([7, 0], 1, 0.5).head_rngs
    assert ears is fur is eyes is muzzle
