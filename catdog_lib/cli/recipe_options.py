"""The options of ``catdog train`` and ``catdog sweep``.

Those of the recipe follow from the fields of :class:`catdog_lib.training.recipe.Recipe`: their
names, annotations and metadata. They are made when they are needed, since ``catdog --help`` can do
without them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, fields
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import click

from catdog_lib.cli.options import (
    Command,
    Suggested,
    UserPath,
    budget_option,
    data_option,
    device_option,
    quiet_option,
)


class CommaList(click.ParamType):
    """Values with commas between them; nothing at all is an empty list.

    Args:
        item: the type of each value, int or str.
    """

    name = "A,B,…"

    def __init__(self, item: type):
        self.item = click.types.convert_type(item)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a tuple of the values."""
        if isinstance(value, tuple):
            return value
        return tuple(self.item(text, param, ctx) for text in value.split(",") if text)


class RecipeOption(click.Option):
    """An option for a field of the recipe; its help shows what is taken without it."""

    section = "Recipe (in place of what --recipe names)"

    def get_help_extra(self, ctx: click.Context) -> dict[str, Any]:
        """Return click's notes for the help, with the default of this budget."""
        from catdog_lib.runs.settings import default_recipe

        extra = super().get_help_extra(ctx)
        value = getattr(default_recipe(), self.name, None)
        if value is not None and value is not False and value != ():
            extra["default"] = ",".join(value) if isinstance(value, tuple) else str(value)
        return extra


class TrainingCommand(Command):
    """A command that takes the recipe's fields as options; they are made when they are needed."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the options of the command and of the recipe."""
        return [*super().get_params(ctx), *recipe_options()]


@cache
def recipe_options() -> list[click.Option]:
    """Return ``--recipe`` and an option for each field of :class:`Recipe`, in its order."""
    from catdog_lib.training.presets import RECIPES
    from catdog_lib.training.recipe import Recipe

    kinds = get_type_hints(Recipe)
    named = RecipeOption(
        ["--recipe"],
        type=Suggested(tuple(RECIPES)),
        help="A named recipe, with its network and image size.",
    )
    return [named, *(_recipe_option(field, kinds[field.name]) for field in fields(Recipe))]


def _recipe_option(field: Field, kind: Any) -> click.Option:
    """Return the option for one field of the recipe, from its annotation and metadata."""
    name = f"--{field.name.replace('_', '-')}"
    if kind is bool:
        name += f"/--no-{name.removeprefix('--')}"
    elif get_origin(kind) is tuple:
        kind = CommaList(get_args(kind)[0])
    elif choices := field.metadata.get("choices"):
        kind = Suggested(choices)
    elif parts := [part for part in get_args(kind) if part is not NoneType]:  # such as int | None
        (kind,) = parts
    text = field.metadata["help"]
    return RecipeOption([name], type=kind, default=None, help=f"{text[0].upper()}{text[1:]}.")


def training_options(function: Callable) -> Callable:
    """Give a command the options that ``train`` and ``sweep`` share, but for the recipe's."""
    for option in reversed(
        (
            click.option(
                "--model",
                type=Suggested(("six_block", "five_conv", "residual", "transfer")),
                help="The network; --recipe names one, too.",
            ),
            data_option,
            click.option(
                "--size",
                type=click.IntRange(8, 1024),
                metavar="PIXELS",
                show_default="the recipe's, or 64; 224 for transfer",
                help="Height and width of the images.",
            ),
            click.option(
                "--width",
                type=click.IntRange(1, 4096),
                metavar="N",
                show_default="the experiment's own",
                help="Channels of the first layer.",
            ),
            click.option(
                "--backbone",
                metavar="NAME",
                show_default="efficientnet_lite0",
                help="Of transfer: a network of ImageNet's, such as resnet50.",
            ),
            click.option(
                "--head",
                type=CommaList(int),
                show_default="none",
                help="Of transfer: units of the new head's hidden layers.",
            ),
            click.option(
                "--unfreeze",
                type=int,
                metavar="N",
                show_default="0",
                help="Of transfer: how many of the backbone's last stages learn, too.",
            ),
            click.option(
                "--start",
                type=UserPath(),
                metavar="RUN",
                help="Start from the weights of this run, which has the same network.",
            ),
            click.option(
                "--max-train", type=int, metavar="N", help="Use at most N training images."
            ),
            click.option(
                "--validation",
                type=float,
                metavar="FRACTION",
                show_default="the recipe's, or 0.15",
                help="Fraction of the training images kept for validation.",
            ),
            budget_option,
            device_option,
            quiet_option,
        )
    ):
        function = option(function)
    return function
