"""Which training runs a sweep is made of: every combination of settings, with several seeds."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from catdog_lib.errors import CatdogError

# A model has a size of its own, if none is given.
_IMAGE_OPTIONS = ("data", "size", "max_train", "validation", "recipe", "model")


@dataclass(frozen=True)
class Member:
    """One training run of a sweep.

    Attributes:
        settings: what distinguishes it from the rest, but for the seed: option → its value as text.
        seed: of its weights, and of the order and augmentation of the images.
        options: all options of ``catdog train``, with underscores, but for ``out``.
    """

    settings: dict[str, str]
    seed: int
    options: dict[str, Any]

    @property
    def name(self) -> str:
        """The name of its run folder, such as ``lr=0.01,seed=2``."""
        parts = [f"{name}={value}" for name, value in {**self.settings, "seed": self.seed}.items()]
        return re.sub(r"[^\w.+=,-]", "_", ",".join(parts))

    @property
    def images(self) -> str:
        """The options that decide which images are decoded; equal for the same images."""
        return json.dumps([self.options.get(name) for name in _IMAGE_OPTIONS])


def grid(
    options: Mapping[str, Any], choices: Mapping[str, Mapping[str, Any]], seeds: int
) -> list[Member]:
    """Return every combination of the choices, with each of the seeds.

    Args:
        options: of all members; the seeds count up from the one in it.
        choices: name of an option → its values by their text.
        seeds: how many, for each combination.

    Raises:
        CatdogError: a choice names no option that can be swept, lacks a value, has one twice, or
            has two whose run folders would have the same name.
    """
    for name, values in choices.items():
        if name not in options or name == "seed":
            raise CatdogError(
                f"--set names {name!r}; use --seeds, or one of "
                f"{', '.join(sorted(set(options) - {'seed'}))}."
            )
        if not all(values):
            raise CatdogError(f"--set {name} lacks a value; write it as {name}=FIRST,SECOND.")
        given = [*values.values()]
        if twice := [text for text, value in values.items() if given.count(value) > 1]:
            raise CatdogError(f"--set {name} has one value twice: {' and '.join(twice)}.")
    if seeds < 1:
        raise CatdogError(f"--seeds is {seeds}; use 1 or more.")
    first = options.get("seed") or 0
    members = []
    for texts in product(*choices.values()):
        settings = dict(zip(choices, texts, strict=True))
        values = {name: choices[name][text] for name, text in settings.items()}
        for seed in range(first, first + seeds):
            members.append(Member(settings, seed, {**options, **values, "seed": seed}))
    if same := [name for name, count in Counter(m.name for m in members).items() if count > 1]:
        raise CatdogError(
            f"Two of the values would be trained in one run folder, {same[0]!r}; sweep them one "
            "after the other, each with an --out of its own."
        )
    return members
