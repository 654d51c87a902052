"""What the ``catdog`` commands share: ``--json``, help with an example, and common options.

The fields of :class:`catdog_lib.training.recipe.Recipe` become options of ``catdog train`` and
``catdog sweep`` in :func:`recipe_options`, and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import Field, fields
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import click

from catdog_lib import budget as budgets


class Suggested(click.Choice):
    """Values that the help shows and the shell completes; the library itself checks them."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value as it is."""
        return value


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


class ManyValues(click.Option):
    """An option that takes all values up to the next option, such as ``--counts 10 30 100``."""

    def __init__(self, *args: Any, **settings: Any):
        super().__init__(*args, multiple=True, **settings)


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


class Command(click.Command):
    """A command that returns its exit status and prints, with ``--json``, one object at the end.

    Its function returns the exit status and a dict of facts for ``--json``.

    Args:
        epilog: an example of its use, which the help shows.
    """

    def __init__(self, *args: Any, **settings: Any):
        super().__init__(*args, **settings)
        self.params.append(
            click.Option(["--json"], is_flag=True, help="Print one JSON object as the last line.")
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; an option of many values is given once for each of them."""
        many = {name for p in self.get_params(ctx) if isinstance(p, ManyValues) for name in p.opts}
        return super().parse_args(ctx, _repeat_options(args, many))

    def invoke(self, ctx: click.Context) -> int:
        """Run the command and return its exit status."""
        as_json = ctx.params.pop("json")
        status, facts = super().invoke(ctx)
        if as_json:
            import json

            print(json.dumps(facts))
        return status

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options into the help, those of a recipe in a section of their own."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record and isinstance(param, click.Option):
                sections.setdefault(getattr(param, "section", "Options"), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example into the help, on a line of its own."""
        formatter.write(f"\nexample: {self.epilog}\n")


class TrainingCommand(Command):
    """A command that takes the recipe's fields as options; they are made when they are needed."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the options of the command and of the recipe."""
        return [*super().get_params(ctx), *recipe_options()]


class Group(click.Group):
    """A command made of others; its help ends with an example as theirs does."""

    command_class = Command
    format_epilog = Command.format_epilog

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order in which one meets them."""
        return list(self.commands)


Group.group_class = Group


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


def _repeat_options(args: list[str], names: set[str]) -> list[str]:
    """Return the arguments with ``--only a b`` written as ``--only a --only b``."""
    repeated: list[str] = []
    option, values = None, 0
    for arg in args:
        if arg in names:
            option, values = arg, 0
        elif option and (not arg.startswith("-") or re.match(r"-\.?\d", arg)):
            values += 1
            if values > 1:
                repeated.append(option)
        else:
            option = None
        repeated.append(arg)
    return repeated


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
                type=int,
                metavar="PIXELS",
                show_default="the recipe's, or 64; 224 for transfer",
                help="Height and width of the images.",
            ),
            click.option(
                "--width",
                type=int,
                metavar="N",
                show_default="the source's own",
                help="Channels of the first layer.",
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


def _use_budget(ctx: click.Context, param: click.Parameter, name: str | None) -> None:
    """Make the named budget that of this process."""
    if name and not ctx.resilient_parsing:
        budgets.use(name)


data_option = click.option(
    "--data",
    type=click.Path(),
    metavar="DIR",
    show_default="CATDOG_DATA, else data/, else sketches",
    help="A folder of photos, or sketches.",
)
budget_option = click.option(
    "--budget",
    type=click.Choice(budgets.BUDGETS),
    expose_value=False,
    callback=_use_budget,
    show_default="CATDOG_BUDGET",
    help="How much work to do.",
)
device_option = click.option(
    "--device",
    type=Suggested(("cuda", "mps", "cpu")),
    show_default="the fastest here",
    help="Where to compute.",
)
quiet_option = click.option("--quiet", is_flag=True, help="Show no progress bar.")
