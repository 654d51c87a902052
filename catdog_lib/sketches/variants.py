"""One animal, trait by trait: its ears, muzzle, eyes, body, coat and scene, each as you choose it.

Whatever is not chosen stays as it is, up to the last tuft: pose, light, noise, and how each of the
other parts is drawn. So two variants are an experiment in which only one thing differs.

Lesson 07, section 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from PIL import Image

from catdog_lib.errors import CatdogError
from catdog_lib.sketches.accessories import Accessories
from catdog_lib.sketches.animals import HeadRngs
from catdog_lib.sketches.colours import DARK, LIGHT, Colour, mix
from catdog_lib.sketches.composition import Composition
from catdog_lib.sketches.dataset import check_arguments
from catdog_lib.sketches.occluders import Occluder
from catdog_lib.sketches.traits import PINK, Coat, Face

HEAD_STREAM = 5  # of the random numbers of a seed; those before it belong to the faults
DIFFICULTY = 0.1  # whole, central, nearly upright; little noise
NOTHING_WORN = Accessories(neck="none", head="none", eyes="none")
NOTHING_IN_FRONT = Occluder(kind="none", x=0.0, y=0.0, radius=1.0)
GREY: Colour = (140, 140, 148)
GINGER: Colour = (224, 142, 68)
WHITE: Colour = (242, 238, 230)
COATS = {
    "grey": Coat("plain", GREY, DARK, mix(GREY, DARK, 0.2), mix(GREY, LIGHT, 0.5), 0.03),
    "ginger": Coat("tabby", GINGER, mix(GINGER, DARK, 0.5), mix(GINGER, DARK, 0.15), LIGHT, 0.03),
    "black and white": Coat("patches", WHITE, DARK, DARK, WHITE, 0.03),
}
SCENES = ("sofa", "garden", "beach")
# What each choice sets of a Face; `…_of` is the label of the animal that has it: 0 cat, 1 dog.
FEATURES = {
    "ears": {
        "pointed": {"ears_of": 0, "ears": "pointed", "ear_length": 1.0, "ear_spread": 1.0},
        "pricked": {"ears_of": 1, "ears": "pricked", "ear_length": 1.05, "ear_spread": 1.0},
        "hanging": {"ears_of": 1, "ears": "hanging", "ear_length": 1.15, "ear_spread": 1.0},
    },
    "muzzle": {
        "short": {
            "muzzle_of": 0, "muzzle": "short", "muzzle_length": 0.72, "muzzle_width": 1.0,
            "nose": PINK, "whiskers": True,
        },
        "flat": {
            "muzzle_of": 1, "muzzle": "flat", "muzzle_length": 0.87, "muzzle_width": 0.58,
            "nose": (40, 34, 38), "whiskers": False,
        },
        "long": {
            "muzzle_of": 1, "muzzle": "long", "muzzle_length": 1.05, "muzzle_width": 0.5,
            "nose": (40, 34, 38), "whiskers": False,
        },
    },
    "eyes": {
        "slit pupils": {
            "eyes_of": 0, "pupil": "slit", "eye": 0.235, "slant": 0.2, "iris": (158, 190, 84),
        },
        "round and dark": {
            "eyes_of": 1, "pupil": "round", "eye": 0.17, "slant": 0.08, "iris": (112, 70, 42),
        },
    },
    "body": {
        "slim": {"head_of": 0, "wide": 1.0, "jaw": 0.86, "chin": 0.86},
        "broad": {"head_of": 1, "wide": 0.94, "jaw": 0.76, "chin": 0.98},
    },
}  # a row for what each choice looks like  # fmt: skip
# Each trait with its choices; for each choice the label of the animals that have it, 0 cat, 1 dog;
# None: both have it as often.
TRAITS: dict[str, dict[str, int | None]] = {
    trait: {
        choice: sets["head_of" if trait == "body" else f"{trait}_of"]
        for choice, sets in choices.items()
    }
    for trait, choices in FEATURES.items()
} | {"coat": dict.fromkeys(COATS), "scene": dict.fromkeys(SCENES)}


def draw_variant(traits: Mapping[str, str], size: int, seed: int = 0) -> Image.Image:
    """Return the image of an animal with these traits: RGB, `size` by `size` pixels.

    Args:
        traits: for each of TRAITS one of its choices, such as ``{"ears": "pointed", …}``. A cat's
            "body" is slim, with a round head and a long tail; a dog's is broad.
        size: in pixels.
        seed: of all else: pose, light, noise, how the scene is laid out.

    Raises:
        CatdogError: a trait is missing or unknown, there is no such choice, or the size or the seed
            is out of range.
    """
    check_arguments(1, size, seed, DIFFICULTY)
    check_traits(traits)
    composition = Composition([seed, 0], 0, DIFFICULTY)
    composition.pose = replace(composition.pose, posture="sitting", lids="open", tail=True)
    composition.accessories, composition.occluder = NOTHING_WORN, NOTHING_IN_FRONT
    composition.face = _face(traits)
    composition.coat, composition.scene = COATS[traits["coat"]], traits["scene"]
    # A stream for each part: new ears must not change how the muzzle is drawn.
    composition.head_rngs = HeadRngs(*np.random.default_rng([seed, HEAD_STREAM]).spawn(4))
    return composition.draw_image(size)


def class_of_traits(traits: Mapping[str, str]) -> int | None:
    """Return 0 for a cat, 1 for a dog; None for an animal that has features of both: neither.

    Raises:
        CatdogError: as :func:`draw_variant`.
    """
    check_traits(traits)
    labels = {TRAITS[trait][choice] for trait, choice in traits.items()} - {None}
    return labels.pop() if len(labels) == 1 else None


def check_traits(traits: Mapping[str, str]) -> None:
    """Raise an error unless there is one choice for each of TRAITS.

    Raises:
        CatdogError: a trait is missing or unknown, or there is no such choice.
    """
    if set(traits) != set(TRAITS):
        raise CatdogError(
            f"traits has {', '.join(traits) or 'nothing'}; give one choice for each of "
            f"{', '.join(TRAITS)}."
        )
    for trait, choice in traits.items():
        if choice not in TRAITS[trait]:
            raise CatdogError(
                f"{trait} is {choice!r}; choose one of {', '.join(map(repr, TRAITS[trait]))}."
            )


def _face(traits: Mapping[str, str]) -> Face:
    """Return the face with these features."""
    sets: dict = {}
    for trait, choices in FEATURES.items():
        sets |= choices[traits[trait]]
    return Face(**sets, breed="mixed", ears_2=sets["ears"], tongue=False)
