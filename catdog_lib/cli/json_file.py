"""``--json FILE``: the facts of a command, printed as with all others, or written to a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from catdog_lib import atomic_write
from catdog_lib.cli.options import Command, UserPath
from catdog_lib.errors import CatdogError


class JsonFileCommand(Command):
    """A command without arguments whose ``--json`` takes the name of a file, too.

    Its first fact is ``source``: a file that begins with it is taken for an older one.
    """

    def json_option(self) -> click.Option:
        """Return the option ``--json``, with or without a file."""
        text = "Print one JSON object as the last line, or write it to a file."
        return click.Option(
            ["--json"], is_flag=False, flag_value="-", type=UserPath(), metavar="[FILE]", help=text
        )

    def invoke(self, ctx: click.Context) -> int:
        """Run the command, if its file can be written later, and return its exit status."""
        file = ctx.params["json"] or "-"
        if file != "-" and not Path(file).resolve().parent.is_dir():
            raise CatdogError(
                f"--json {file!r} lies in a folder that does not exist; make it first."
            )
        if file != "-" and Path(file).exists():
            atomic_write.require_own(Path(file), b'{\n "source": ', "a JSON file of this command")
        return super().invoke(ctx)

    def give(self, facts: dict[str, Any], as_json: str) -> None:
        """Print the facts, or write them to the file that was named."""
        if as_json == "-":
            super().give(facts, as_json)
        else:
            atomic_write.write((json.dumps(facts, indent=1) + "\n").encode(), Path(as_json))
