"""Do several training runs that do not depend on each other, side by side.

Two threads that share out one small network wait for each other hundreds of times in a step. Two
runs on a thread each do not wait at all. Small networks gain most: one of lesson 03's was faster on
one thread than on two even with nothing else running, and took less than half the time beside a
busy program (docs/measurements.md).

Lesson 03, section 7; Lesson 04, section 6; Lesson 05, section 7; Lesson 08, section 1;
Lesson 10, section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from tqdm.auto import tqdm

from catdog_lib.device import choose_device, cores
from catdog_lib.interrupts import interrupts_noted


def side_by_side(
    train: Callable[..., Any], runs: Sequence[Mapping[str, Any]], processes: int | None = None
) -> list[Any]:
    """Call ``train(**run)`` for each run, several at once, and return what the calls returned.

    On a CPU each run computes on one thread, however many there are at once, so the results are
    the same, bit for bit, with one process and with several. Each process has a PyTorch of its own,
    0.4 GB. On a GPU the runs take turns in this process.

    Args:
        train: a function, also one of a notebook; it should set the seed itself. Several processes
            get copies of it and of all that it uses, so it changes nothing here: what counts is
            what it returns.
        runs: the arguments of each call.
        processes: how many at once, and never more than cores; 1 does all in this process, which
            takes the least memory. None: one for each core but one, which other programs need.

    Returns:
        What each call returned, in the order of ``runs``.

    Raises:
        CatdogError: a process was killed, perhaps because memory ran out.
        KeyboardInterrupt: a Ctrl-C came, also if a run returned in spite of it.
    """
    on_cpu = choose_device().type == "cpu"
    most = processes or max(1, cores() - 1)
    processes = min(cores(), len(runs), most) if on_cpu else 1
    results: list[Any] = []
    with tqdm(total=len(runs), desc="Training", unit="run", leave=False) as bar:
        if processes > 1:
            # Not before it is needed: joblib takes time and memory.
            from catdog_lib.data.parallel import in_processes

            calls = [(train, run) for run in runs]
            for result in in_processes(_on_one_thread, calls, "Training", processes):
                results.append(result)
                bar.update()
        with interrupts_noted() as interrupted:
            for run in runs[len(results) :]:
                results.append(_on_one_thread(train, run) if on_cpu else train(**run))
                bar.update()
                if interrupted:  # ``fit`` returns what it has; all runs together are not done
                    raise KeyboardInterrupt
    return results


def _on_one_thread(train: Callable[..., Any], run: Mapping[str, Any]) -> Any:
    """Return ``train(**run)``, computed on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return train(**run)
    finally:
        torch.set_num_threads(threads)
