"""What the roofline says in words; its page says the same."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context

from catdog_lib.explore.roofline.bound import Bound

_DIGITS = Context(prec=3, rounding=ROUND_HALF_UP)  # as JavaScript rounds
_LARGE = ((1e12, " trillion"), (1e9, " billion"), (1e6, " million"), (1e3, " thousand"), (1, ""))
_TIMES = ((1, " s"), (1e-3, " ms"), (1e-6, " µs"), (1e-9, " ns"))


def digits(value: float) -> str:
    """Return three significant digits: "0.125", "35.3", "1,870"."""
    rounded = float(_DIGITS.create_decimal(value))
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:.15g}"


def large(value: float) -> str:
    """Return a number of operations or bytes: "1.21 billion"."""
    return _in_units(value, _LARGE)


def duration(seconds: float) -> str:
    """Return a time: "2.49 ms"."""
    return _in_units(seconds, _TIMES)


def _in_units(value: float, units: tuple[tuple[float, str], ...]) -> str:
    unit, name = next((one for one in units if value >= one[0]), units[-1])
    return digits(value / unit) + name


def whole_text(network: str, machine: str, batch: int, size: int, bounds: list[Bound]) -> str:
    """Return what the whole network takes at least."""
    seconds = sum(one.seconds for one in bounds)
    slowed = [one for one in bounds if one.by_memory]
    share = sum(one.seconds for one in slowed) / seconds
    return (
        f"{network}, {batch} image{'' if batch == 1 else 's'} of {size} pixels, {machine}: a "
        f"prediction takes at least {duration(seconds)}, so at most {digits(batch / seconds)} "
        f"images a second. Memory limits {len(slowed)} of {len(bounds)} layers; they take "
        f"{int(100 * share + 0.5)}% of that time."
    )


def layer_text(name: str, machine: dict, one: Bound, measured: float | None = None) -> str:
    """Return what limits a layer, and how long it takes at least.

    Args:
        name: of the layer.
        machine: its ``name``, ``peak`` and ``bandwidth``.
        one: the layer's bound.
        measured: seconds that it really took, if that was measured.
    """
    corner = machine["peak"] / machine["bandwidth"]
    limit = "memory" if one.by_memory else "arithmetic"
    compare = "below" if one.by_memory else "not below"
    text = (
        f"{name}: {large(one.operations)} operations, {large(one.moved)} bytes, "
        f"{digits(one.intensity)} operations a byte. This is {compare} the corner at "
        f"{digits(corner)}, so {limit} is the limit. At least {duration(one.seconds)}"
    )
    if measured is None:
        return f"{text}."
    return f"{text}; measured: {duration(measured)}, {digits(measured / one.seconds)} times that."
