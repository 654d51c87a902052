"""How much work a lesson or a command may do: the one switch for size, ``CATDOG_BUDGET``.

``quick`` is for the tests, ``standard`` for a student's CPU (the default), ``full`` for a GPU. A
budget changes sizes, never code paths.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TypeVar

from catdog_lib.errors import CatdogError

BUDGETS = ("quick", "standard", "full")
Value = TypeVar("Value")


@cache
def current() -> str:
    """Return the budget of this process: quick, standard or full.

    It is read once from ``CATDOG_BUDGET``.

    Raises:
        CatdogError: the variable holds something else.
    """
    name = os.environ.get("CATDOG_BUDGET") or "standard"
    if name not in BUDGETS:
        raise CatdogError(
            f"CATDOG_BUDGET is {name!r}, which is not a budget; set it to one of "
            f"{', '.join(BUDGETS)}."
        )
    return name


def use(name: str) -> None:
    """Make this the budget of this process and of those that it starts."""
    os.environ["CATDOG_BUDGET"] = name
    current.cache_clear()


def choose(*, quick: Value, standard: Value, full: Value) -> Value:
    """Return the value for this process's budget.

    ``choose(quick=2, standard=8, full=20)`` is a number of epochs, say.
    """
    return {"quick": quick, "standard": standard, "full": full}[current()]
