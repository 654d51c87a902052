"""Run the parts one after the other; none can take the time of the next, or stop it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from tests.gpu.parts import ROOT, Job, Part

REST = 5.0  # seconds: less is not worth a start
TAIL = 2000  # characters of what a program printed that are kept when it failed


def run_parts(
    parts: Iterable[Part], job: Job, seconds: float, report: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """Run the parts and return what became of each, by name.

    A part's "status" is "done", "failed" (with the end of what it printed), "stopped" (at its
    limit) or "skipped" (no time was left, or there is no GPU); "result" is what it found out.

    Args:
        parts: in this order; "environment" decides whether there is a GPU for those after it.
        job: how to run them.
        seconds: for all together.
        report: is given all results so far, after each part.
    """
    results: dict[str, Any] = {}
    end, missing = time.monotonic() + seconds, ""
    for part in parts:
        left = end - time.monotonic()
        if missing or left < REST:
            results[part.name] = {"status": "skipped", "why": missing or "no time was left"}
        else:
            results[part.name] = run_part(part, job, min(part.seconds * job.patience, left))
        if part.name == "environment" and not job.rehearsal:
            missing = results[part.name].get("result", {}).get("unusable", "")
        report(results)
    return results


def run_part(part: Part, job: Job, limit: float) -> dict[str, Any]:
    """Run one part for at most ``limit`` seconds, and return what became of it."""
    log = job.folder / f"{part.name}.log"
    begun, status = time.monotonic(), "done"
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": _path()}
    environment["CATDOG_CACHE"] = str(job.folder / "cache")
    with log.open("wb") as file, _program(part.command(job), file, environment) as program:
        try:
            if code := program.wait(limit):
                status = "failed"
        except subprocess.TimeoutExpired:
            code, status = None, "stopped"
        finally:
            _end(program)
    seconds = time.monotonic() - begun
    printed = log.read_text(encoding="utf-8", errors="replace")
    outcome = {"status": status, "seconds": round(seconds, 1), "limit": round(limit, 1)}
    try:
        outcome["result"] = part.read(job, printed)
    except Exception as error:  # what a program leaves that was stopped may be half written
        outcome["result"] = {}
        outcome["why"] = f"its results cannot be read: {type(error).__name__}: {error}"
    if status != "done":
        outcome["exit_status"], outcome["printed"] = code, printed[-TAIL:]
    return outcome


def _program(command: list[str], log: Any, environment: dict[str, str]) -> subprocess.Popen:
    """Start a program in a session of its own, so that all that it starts can be ended with it."""
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _end(program: subprocess.Popen) -> None:
    """End a program and all that it has started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):  # all have ended by themselves
            os.killpg(program.pid, signal.SIGKILL)
    program.kill()
    program.wait()


def _path() -> str:
    """Return PYTHONPATH with this checkout in front: it need not be installed."""
    rest = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(ROOT), *([rest] if rest else [])])
