"""From the options of ``catdog train`` to the arguments of :func:`train_run`.

Importing this file loads no PyTorch, so that the command line can show the defaults at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from catdog_lib.budget import choose
from catdog_lib.errors import CatdogError
from catdog_lib.training.presets import RECIPES, named
from catdog_lib.training.recipe import Recipe


def default_recipe() -> Recipe:
    """Return what ``catdog train`` does without a named recipe: epochs as the budget allows."""
    return Recipe(
        epochs=choose(quick=2, standard=10, full=20),
        schedule="one_cycle",
        augment=("flip_and_crop",),
    )


def train_arguments(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of :func:`catdog_lib.runs.train_run.train_run` for these options.

    Args:
        options: name → value: "model", "data", "recipe" (the name of one), "size", "width",
            "backbone", "head", "unfreeze", "start", "max_train", "validation", "device", and the
            fields of :class:`Recipe`, which take the place of the named recipe's own. None, or
            nothing, means not given.

    Raises:
        CatdogError: no network is named, or a value is not valid.
    """
    preset = named(options["recipe"]) if options.get("recipe") else None
    model = options.get("model") or (preset and preset.model)
    if not model:
        raise CatdogError(
            f"Name a network with --model, or a recipe with --recipe: {', '.join(RECIPES)}."
        )
    if preset and preset.goes_on and not options.get("start"):
        raise CatdogError(
            f"The recipe {options['recipe']} is for a network that has learned already; name its "
            "run with --start."
        )
    unfreeze = options.get("unfreeze")
    if model == "transfer" and not preset and not unfreeze:
        preset = named("head")
    if unfreeze is not None and unfreeze < 0:
        raise CatdogError(f"--unfreeze is {unfreeze}; use 0 or more stages.")
    if unfreeze and model != "transfer":
        raise CatdogError(f"--unfreeze is for the network transfer; {model} has nothing frozen.")
    network = {"width": options.get("width"), "backbone": options.get("backbone")}
    network |= {"head": options.get("head"), "frozen": -unfreeze if unfreeze else None}
    changes = {
        field.name: options[field.name]
        for field in fields(Recipe)
        if options.get(field.name) is not None
    }
    usual_size = 224 if model == "transfer" else 64
    return {
        "model": model,
        "source": options.get("data"),
        "size": _given(options, "size", preset.size if preset else usual_size),
        "settings": {name: value for name, value in network.items() if value is not None},
        "start": options.get("start"),
        "max_train": options.get("max_train"),
        "validation": _given(options, "validation", preset.validation if preset else 0.15),
        "recipe": replace(preset.recipe if preset else default_recipe(), **changes),
        "device": options.get("device"),
    }


def _given(options: Mapping[str, Any], name: str, default: Any) -> Any:
    """Return the value of an option, which may be 0, or the default if it is not given."""
    value = options.get(name)
    return default if value is None else value
