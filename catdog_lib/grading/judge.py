"""Run the answers of one student and judge them: ``python -m catdog_lib.grading.judge``.

This is the process inside the sandbox. It reads one JSON object from its standard input and writes
a line of JSON for each exercise. Each answer runs in a process of its own, forked from this one
once PyTorch is loaded, so that none can harm the next.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import io
import json
import linecache
import os
import resource
import select
import signal
import sys
from collections.abc import Iterator, ValuesView
from time import monotonic
from typing import IO

import torch

from catdog_lib.exercises import WrongAnswer, check, exercises
from catdog_lib.exercises.own_line import describe
from catdog_lib.exercises.random_inputs import fresh_inputs
from catdog_lib.grading.answers import CAPTURE, captured
from catdog_lib.grading.tampering import changed, snapshot

_MAX_FILE, _MAX_PROCESSES = 100_000_000, 64
_MAX_REPORT = 20_000  # bytes of a verdict; a hint is a sentence


def main() -> int:
    """Judge what the standard input names, and return the exit status."""
    work = json.load(sys.stdin)
    with os.fdopen(os.dup(1), "w") as report:
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):  # what a student prints is nobody's verdict
            os.dup2(nothing, standard)
        torch.set_num_threads(1)
        importlib.import_module("torch._dynamo")  # else the first optimizer replaces names of torch
        for lesson in {answer["number"][:2] for answer in work["answers"]}:
            exercises(lesson)  # imports its checkers, before the processes part
        for answer in work["answers"]:
            print(json.dumps({"begun": answer["number"]}), file=report, flush=True)
            verdict = _in_process(answer, work, report)
            print(json.dumps({"number": answer["number"], **verdict}), file=report, flush=True)
    return 0


def _in_process(answer: dict, work: dict, report: IO[str]) -> dict:
    """Judge an answer in a forked process, within the limits; return the verdict."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.close(reads)
        os.close(report.fileno())
        try:
            _limit(work["memory"])
            try:
                verdict = _judge(answer, work["seed"])
            except BaseException as error:
                verdict = _not_right(f"Judging it ended in {describe(error)}")
            os.write(writes, json.dumps(verdict).encode())
        finally:
            os._exit(0)
    os.close(writes)
    text, ended, end = b"", False, monotonic() + work["seconds"]
    while not ended and select.select([reads], [], [], max(0, end - monotonic()))[0]:
        chunk = os.read(reads, 4096)
        text += chunk
        ended = not chunk or len(text) > _MAX_REPORT
    os.close(reads)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if not ended:
        return _not_right(f"It ran for more than {work['seconds']:g} s and was stopped")
    try:
        verdict = json.loads(text)
        return {"right": verdict["right"] is True, "reason": str(verdict["reason"])}
    except (ValueError, KeyError, TypeError):
        return _not_right("It ended its process, or ran out of memory")


def _judge(answer: dict, seed: int) -> dict:
    """Run the cells of an answer, check what they give, and return the verdict."""
    given: list = []

    def capture(number: str, *values: object) -> None:
        """Keep an answer; an iterator is used up by the first of two checks, so as a list."""
        lazy = Iterator | ValuesView | range
        given.append(tuple(list(v) if isinstance(v, lazy) else v for v in values))

    names: dict = {"__name__": "__main__", CAPTURE: capture}
    names |= dict.fromkeys(("display", "get_ipython"), lambda *args, **kwargs: None)  # IPython's
    before = snapshot()
    for number, source in answer["cells"]:
        place = f"cell {number}"
        linecache.cache[place] = (len(source), None, source.splitlines(keepends=True), place)
        try:
            exec(compile(captured(source, answer["number"]), place, "exec"), names)
        except SystemExit:
            return _not_right(f"Cell {number} calls exit()")
        except BaseException as error:
            if given:
                break  # the answer was there before the error
            return _not_right(f"Cell {number} stopped with {describe(error)}")
    if not given:
        return _not_right("Its check is never reached")
    if len(given[-1]) == 1 and given[-1][0] is ...:
        return _not_right("Not attempted")
    if tampered := changed(before):
        return _not_right(f"It replaced {tampered}, which is used to judge: look at it yourself")
    verdict = _checked(answer["number"], given[-1], seed)
    if tampered := changed(before):
        return _not_right(f"It replaced {tampered}, which is used to judge: look at it yourself")
    return verdict


def _checked(number: str, values: tuple, seed: int) -> dict:
    """Return what the checker makes of an answer, on the usual inputs and on fresh ones."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            check(number, *values)
        except WrongAnswer as wrong:
            return _not_right(str(wrong).removeprefix(f"Exercise {number}: not yet. "))
        except BaseException as error:
            return _not_right(f"Checking it ended in {describe(error)}")
        try:
            with fresh_inputs(seed):
                check(number, *values)
        except BaseException as error:
            hint = str(error).removeprefix(f"Exercise {number}: not yet. ")
            return _not_right(f"Right on the inputs of the notebook, wrong on others: {hint}")
    return {"right": True, "reason": ""}


def _limit(memory: float) -> None:
    """Limit what this process may use: memory in GB beyond what it has, files, processes."""
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[5]) * resource.getpagesize()  # data and stack
    most = int(used + memory * 1e9)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MAX_FILE, _MAX_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (_MAX_PROCESSES, _MAX_PROCESSES))
    builtins.input = _no_input


def _no_input(prompt: object = "") -> str:
    """Stand for ``input()``: nobody is there to answer."""
    raise EOFError("nobody answers input() here")


def _not_right(reason: str) -> dict:
    """Return the verdict on an answer that gets no point."""
    return {"right": False, "reason": reason[:2000]}


if __name__ == "__main__":
    sys.exit(main())
