"""The plain loop against the course's, and both against the machine's limits: one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from catdog_lib.bench.course_loop import CourseLoop
from catdog_lib.bench.machine import Machine
from catdog_lib.bench.photos import gather
from catdog_lib.bench.plain_loop import PlainLoop
from catdog_lib.bench.rows import ROWS, SMALL_ROWS
from catdog_lib.bench.worker_process import WorkerProcess
from catdog_lib.budget import choose
from catdog_lib.data.sources import default_source
from catdog_lib.device import choose_device, describe, dtype_name, fast_dtype
from catdog_lib.errors import CatdogError
from catdog_lib.training.recipe import PRECISIONS


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    Attributes:
        photos, rounds: how many.
        seconds: of a round, about.
        work: fraction of the machine's whole measurement.
    """

    photos: int
    rounds: int
    seconds: float
    work: float


@dataclass(frozen=True)
class Comparison:
    """One row, measured.

    Attributes:
        name, model, size, batch_size: which network on which images.
        multiply_adds: for one image, forward and backward if it is trained.
        plain, ours: photos a second in each round, of the plain loop and of the course's.
    """

    name: str
    model: str
    size: int
    batch_size: int
    multiply_adds: int
    plain: tuple[float, ...]
    ours: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """How many times as fast the course's loop is, each at its best.

        The best round counts, since other programs can only slow a round down.
        """
        return max(self.ours) / max(self.plain)

    @property
    def multiply_adds_per_second(self) -> float:
        """Multiply-adds a second of the course's loop, at its best."""
        return self.multiply_adds * max(self.ours)


@dataclass(frozen=True)
class Bench:
    """All that one run measured.

    Attributes:
        photos: how many, and ``source`` where from.
        device, threads, dtype: where, by how many threads of a CPU, and in which number format the
            course's loop computes.
        peak: multiply-adds a second of the fastest convolution.
        bandwidth: bytes a second that a large copy reads and writes.
        decoding: size → photos decoded in a second.
        rows: the comparisons.
    """

    source: str
    photos: int
    device: str
    threads: int
    dtype: str
    peak: float
    bandwidth: float
    decoding: dict[int, float]
    rows: tuple[Comparison, ...]

    def facts(self) -> dict[str, Any]:
        """Return everything, for ``--json``."""
        facts = asdict(self)
        for fact, row in zip(facts["rows"], self.rows, strict=True):
            fact |= {
                "plain_best": max(row.plain),
                "ours_best": max(row.ours),
                "ratio": row.ratio,
                "multiply_adds_per_second": row.multiply_adds_per_second,
                "share_of_peak": row.multiply_adds_per_second / self.peak,
            }
        return facts

    def __str__(self) -> str:
        sizes = ", ".join(f"{size} px {rate:,.0f}" for size, rate in self.decoding.items())
        lines = [
            f"photos    {self.photos:,} of {self.source}",
            f"machine   {self.device}, {self.threads} threads, {self.dtype}: "
            f"{self.peak / 1e9:,.1f} G multiply-adds a second in the fastest convolution, "
            f"{self.bandwidth / 1e9:,.1f} GB a second copied",
            f"decoding  photos a second, once: {sizes}",
            "",
            f"{'photos a second':<24}{'plain':>9}{'ours':>9}{'ratio':>8}"
            f"{'G mult-adds/s':>15}{'of the peak':>13}",
        ]
        for row in self.rows:
            share = row.multiply_adds_per_second / self.peak
            lines.append(
                f"{row.name:<14}{row.size:>4} px   "
                f"{max(row.plain):>9,.1f}{max(row.ours):>9,.1f}{row.ratio:>7.1f}×"
                f"{row.multiply_adds_per_second / 1e9:>15,.1f}{share:>12.0%}"
            )
        return "\n".join(lines)


def compare(
    source: str | None = None,
    names: Sequence[str] = tuple(ROWS),
    *,
    precision: str = "auto",
    device: str | None = None,
    report: Callable[[str], None] = print,
) -> Bench:
    """Measure the rows of these names; the budget says how long, and quick takes small networks.

    Args:
        source: a folder of photos or "sketches"; None asks as :func:`catdog_lib.data.load` does.
        names: of :data:`catdog_lib.bench.rows.ROWS`.
        precision: of the course's loop: "auto", the fastest that costs no accuracy, or "float32".
        device: cuda, mps or cpu; None takes the fastest here.
        report: is given a line of text for each row that begins.

    Raises:
        CatdogError: something asked for is unavailable, or a loop failed.
    """
    table, effort = choose(
        quick=(SMALL_ROWS, Effort(16, 1, 0.0, 0.02)),
        standard=(ROWS, Effort(400, 3, 3.0, 1.0)),
        full=(ROWS, Effort(800, 5, 6.0, 1.0)),
    )
    for name in names:
        if name not in table:
            raise CatdogError(f"The bench has no row {name!r}; use one of {', '.join(table)}.")
    if precision not in PRECISIONS:
        raise CatdogError(f"precision is {precision!r}; use one of {', '.join(PRECISIONS)}.")
    device = choose_device(device)
    dtype = fast_dtype(device) if precision == "auto" else torch.float32
    source = str(default_source() if source is None else source)
    limits: list[tuple[float, float]] = []
    rows = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        photos = gather(source, effort.photos, [table[name].size for name in names], folder)
        plain, ours = (stack.enter_context(WorkerProcess()) for _ in range(2))
        ours.make("machine", Machine, str(device), dtype, effort.work)
        for name in names:
            row = table[name]
            report(f"{name}, {row.size} px")
            plain.make("plain loop", PlainLoop, row, photos.folder, str(device), effort.seconds)
            pixels = photos.pixels[row.size]
            ours.make("course's loop", CourseLoop, row, pixels, str(device), dtype, effort.seconds)
            plain_rates, our_rates = [], []
            for _ in range(effort.rounds):  # taking turns: what disturbs one disturbs all
                limits.append(ours.round("machine"))
                plain_rates.append(plain.round("plain loop"))
                our_rates.append(ours.round("course's loop"))
            facts = (name, row.model, row.size, row.batch_size, row.multiply_adds())
            rows.append(Comparison(*facts, tuple(plain_rates), tuple(our_rates)))
    peak, bandwidth = (max(values) for values in zip(*limits, strict=True))
    return Bench(
        source=source,
        photos=photos.count,
        device=describe(device),
        threads=torch.get_num_threads(),
        dtype=dtype_name(dtype),
        peak=peak,
        bandwidth=bandwidth,
        decoding=photos.decoding,
        rows=tuple(rows),
    )
