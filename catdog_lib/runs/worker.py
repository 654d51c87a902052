"""One training run of a sweep, in a process of its own: ``python -m catdog_lib.runs.worker``.

It reads a specification from its standard input, a JSON object with "options" (those of ``catdog
train``, see :func:`catdog_lib.runs.settings.train_arguments`, and "budget") and "out" (the run
folder). It writes events to its standard output, one JSON object a line, each with an "event":

* ``started``: the images are loaded; "epochs", how many in all, and "done", how many already;
* ``epoch``: one is completed; "epoch", its number, "epochs", and "validation_accuracy";
* ``finished``: "result", as in ``run.json``;
* ``error``: "message", a sentence that says what went wrong.

Everything else that it prints goes to its standard error.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

from catdog_lib import budget as budgets
from catdog_lib.errors import CatdogError
from catdog_lib.interrupts import when_orphaned
from catdog_lib.runs.settings import train_arguments


def main() -> int:
    """Train as the standard input says; return the exit status: 0, 1, 2 or 130 (interrupted)."""
    emit = _event_stream()
    os.environ["MPLBACKEND"] = "agg"  # a run's figure is saved and not shown
    try:
        specification = json.load(sys.stdin)
        # It would go on for hours, and the same command would find its folder taken.
        when_orphaned(specification["parent"], lambda: os.kill(os.getpid(), signal.SIGINT))
        emit({"event": "finished", "result": _train(specification, emit)})
        return 0
    except CatdogError as error:
        emit({"event": "error", "message": str(error)})
        return 2
    except KeyboardInterrupt as interrupt:
        emit({"event": "error", "message": str(interrupt) or "interrupted"})
        return 130
    except Exception:  # a bug: the log gets the traceback, the sweep its last line
        text = traceback.format_exc()
        print(text, file=sys.stderr)
        emit({"event": "error", "message": text.strip().splitlines()[-1]})
        return 1


def _train(specification: dict[str, Any], emit: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Train the network that the specification describes and return the result."""
    options = specification["options"]
    if options.get("budget"):
        budgets.use(options["budget"])
    arguments = train_arguments(options)
    from catdog_lib.runs.train_run import train_run  # PyTorch, only when the options make sense

    run = train_run(
        **arguments,
        out=specification["out"],
        progress=False,
        log=partial(print, file=sys.stderr, flush=True),
        on_event=emit,
    )
    return run.config["result"]


def _event_stream() -> Callable[[dict[str, Any]], None]:
    """Return a function that writes an event; keep the standard output for events alone."""
    stream = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return lambda event: print(json.dumps(event), file=stream, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
