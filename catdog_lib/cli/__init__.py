"""The command ``catdog``."""

from catdog_lib.cli.parser import main

__all__ = ["main"]
