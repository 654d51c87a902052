"""Hold the numbers of the lessons to what several seeds gave: ``claim("03.accuracy", value)``.

In a student's run a claim does nothing. With ``CATDOG_CLAIMS=check``, as in the tests, a value
outside its registered band is an error: then the lesson's words may no longer be true. With
``CATDOG_CLAIMS=FILE`` values are collected; ``docs/measure_claims.py`` does that for several seeds
and registers what they gave in ``registered.json``, from which ``docs/measurements.md`` has its
table.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from statistics import mean, stdev

from catdog_lib import budget
from catdog_lib.data.sources import SKETCHES, default_source
from catdog_lib.errors import CatdogError
from catdog_lib.evidence.comparisons import t_quantile

REGISTERED = Path(__file__).with_name("registered.json")
ROUNDING = 0.05  # a share of the mean: processors round differently, some in 16 bits
# On another kind of processor a training run is as good as one with another seed, and the lessons
# make some fifty claims: with 95% most runs of all lessons would raise a false alarm.
LEVEL = 0.999


def claim(name: str, value: float, source: str | None = None) -> None:
    """State a number that the lesson's words rest on.

    Args:
        name: the lesson's number and what it is, such as "03.accuracy".
        value: from this run.
        source: of the images, a folder or "sketches"; by default that of ``data.load``.

    Raises:
        CatdogError: it is checked, and is outside the band of the registered runs, or is not
            registered at all.
    """
    wanted = os.environ.get("CATDOG_CLAIMS")
    if not wanted:
        return
    value, kind = float(value), kind_of(default_source() if source is None else source)
    if wanted != "check":
        line = {"name": name, "budget": budget.current(), "kind": kind, "value": value}
        with open(wanted, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        return
    if name not in registered():
        raise CatdogError(f"The claim {name!r} is not registered; see docs/measure_claims.py.")
    values = registered()[name].get(budget.current(), {}).get(kind)
    if not values:
        return  # nobody has measured this budget on this kind of images
    low, high = band(values)
    if not low <= value <= high:
        raise CatdogError(
            f"{name} is {value:.4g} at {budget.current()} on {kind}; the {len(values)} registered "
            f"runs lead to expect {low:.4g} to {high:.4g}. Is what the lesson says still true?"
        )


def band(values: Sequence[float]) -> tuple[float, float]:
    """Return the limits within which one more run lies, with a probability of 99.9%.

    This is the prediction interval of Student's t: mean ± t s √(1 + 1/n), widened by 5% of the
    mean. A single value gives 50% of itself.
    """
    center = mean(values)
    n, slack = len(values), ROUNDING * abs(mean(values))
    if n == 1:
        return center - 10 * slack, center + 10 * slack
    margin = t_quantile(n - 1, LEVEL) * stdev(values) * (1 + 1 / n) ** 0.5 + slack
    return center - margin, center + margin


def kind_of(source: str) -> str:
    """Return "sketches" for those, "photos" for a folder."""
    return SKETCHES if source == SKETCHES else "photos"


@cache
def registered() -> dict[str, dict[str, dict[str, list[float]]]]:
    """Return the registered values: name → budget → kind of images → one value a seed."""
    return json.loads(REGISTERED.read_text(encoding="utf-8"))
