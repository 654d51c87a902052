"""A learning rate of another order of magnitude than the one that a search suggests."""

from __future__ import annotations

from catdog_lib.diagnose.finding import POSSIBLE, Finding
from catdog_lib.training.lr_finder import RateSearch

_ORDER = 10.0  # the suggestion itself moves by a factor of about two from seed to seed


def unusual_learning_rate(learning_rate: float, rate_search: RateSearch) -> list[Finding]:
    """Compare a learning rate with the suggestion of a search for one.

    Args:
        learning_rate: the highest one, if a schedule changes it.
        rate_search: what :func:`catdog_lib.training.lr_finder.find_learning_rate` returned for the
            same network, images and optimizer.
    """
    suggestion = rate_search.suggestion
    smoothed = rate_search.smoothed
    if min(smoothed) > 0.9 * smoothed[0]:
        return []  # no rate did anything, so the search suggests nothing
    factor = learning_rate / suggestion
    if 1 / _ORDER <= factor <= _ORDER:
        return []
    times = f"{factor:,.0f} times" if factor > 1 else f"1/{1 / factor:,.0f} of"
    saw = (
        f"The learning rate is {learning_rate:.2g}, {times} the {suggestion:.2g} "
        "that the search suggests."
    )
    advice = (
        f"Try {suggestion:.1g}, and a few rates around it: "
        + ("too high a rate makes the loss jump, and can kill units." if factor > 1 else "")
        + ("too low a rate wastes the epochs." if factor < 1 else "")
    )
    numbers = {"learning_rate": learning_rate, "suggestion": suggestion}
    return [Finding("unusual_learning_rate", saw, POSSIBLE, advice, numbers)]
