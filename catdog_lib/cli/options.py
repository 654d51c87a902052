"""What the ``catdog`` commands share: ``--json``, help with an example, and common options."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from typing import Any

import click

from catdog_lib import budget as budgets
from catdog_lib.language import languages, use


class Suggested(click.Choice):
    """Values that the help shows and the shell completes; the library itself checks them."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value as it is."""
        return value


class UserPath(click.Path):
    """A path; ``~`` is the home folder, also where the shell leaves it, as in ``--out=~/run``."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path as it was meant; an empty one, perhaps an unset variable, is refused."""
        if value == "":
            self.fail("it is empty; name a file or a folder, or leave the option out.", param, ctx)
        return super().convert(os.path.expanduser(value), param, ctx)


class ManyValues(click.Option):
    """An option that takes all values up to the next option, such as ``--counts 10 30 100``."""

    def __init__(self, *args: Any, **settings: Any):
        super().__init__(*args, multiple=True, **settings)


class Command(click.Command):
    """A command that returns its exit status and prints, with ``--json``, one object at the end.

    Its function returns the exit status and a dict of facts for ``--json``.

    Args:
        epilog: an example of its use, which the help shows.
    """

    def __init__(self, *args: Any, **settings: Any):
        super().__init__(*args, **settings)
        self.params.append(self.json_option())

    def json_option(self) -> click.Option:
        """Return the option ``--json``."""
        return click.Option(
            ["--json"], is_flag=True, help="Print one JSON object as the last line."
        )

    def get_help_option_names(self, ctx: click.Context) -> list[str]:
        """Return the same names in every context: click keeps those of the first one."""
        return ["-h", "--help"]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; an option of many values is given once for each of them."""
        many = {name for p in self.get_params(ctx) if isinstance(p, ManyValues) for name in p.opts}
        try:
            return super().parse_args(ctx, _repeat_options(args, many))
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # click forgets it for an option without its value
            raise

    def invoke(self, ctx: click.Context) -> int:
        """Run the command and return its exit status."""
        as_json = ctx.params.pop("json")
        status, facts = super().invoke(ctx)
        if as_json:
            self.give(facts, as_json)
        return status

    def give(self, facts: dict[str, Any], as_json: Any) -> None:
        """Print the facts, since ``--json`` was given."""
        print(json.dumps(facts))

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


class Group(click.Group):
    """A command made of others; its help ends with an example as theirs does."""

    command_class = Command
    format_epilog = Command.format_epilog

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order in which one meets them."""
        return list(self.commands)


Group.group_class = Group


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


def _use_budget(ctx: click.Context, param: click.Parameter, name: str | None) -> None:
    """Make the named budget that of this process."""
    if name and not ctx.resilient_parsing:
        budgets.use(name)


def _use_language(ctx: click.Context, param: click.Parameter, name: str | None) -> None:
    """Make the named language that of this process."""
    if name and not ctx.resilient_parsing:
        if name not in ("en", *languages()):
            known = ", ".join(("en", *languages()))
            raise click.BadParameter(f"the course speaks {known}, not {name!r}", ctx, param)
        use(name)


def _data_option(default: str) -> Any:
    """Return the option ``--data``, with the words for its default."""
    return click.option(
        "--data",
        type=UserPath(),
        metavar="DIR",
        show_default=default,
        help="A folder of photos, or sketches.",
    )


def _budget_option(default: str) -> Any:
    """Return the option ``--budget``, with the words for its default."""
    choice = {"type": click.Choice(budgets.BUDGETS), "show_default": default}
    action = {"expose_value": False, "callback": _use_budget}
    return click.option("--budget", **choice, **action, help="How much work to do.")


data_option = _data_option("CATDOG_DATA, else data/, else sketches")
run_data_option = _data_option("those of the run")
budget_option = _budget_option("CATDOG_BUDGET, else standard")
course_budget_option = _budget_option("CATDOG_BUDGET, else quick")
language_option = click.option(
    "--language",
    metavar="LANG",
    expose_value=False,
    callback=_use_language,
    show_default="CATDOG_LANGUAGE, else English",
    help="The language of the pages, such as de.",
)
device_option = click.option(
    "--device",
    type=Suggested(("cuda", "mps", "cpu")),
    show_default="the fastest here",
    help="Where to compute.",
)
lessons_option = click.option(
    "--lesson", "numbers", cls=ManyValues, metavar="NN...", help="Only these lessons, not all."
)
processes_option = click.option(
    "--processes",
    type=click.IntRange(min=1),
    metavar="N",
    show_default="one for each GPU, or core",
    help="Training runs at once.",
)
quiet_option = click.option("--quiet", is_flag=True, help="Show no progress bar.")


def log_to(quiet: bool) -> Callable[[str], None]:
    """Return what a long task hands its lines of text to."""
    return (lambda line: None) if quiet else print
