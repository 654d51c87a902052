"""Marks for the answers of one student: run the judge, again if an answer has stopped it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from threading import Event
from time import monotonic

from catdog_lib.errors import CatdogError
from catdog_lib.grading import sandbox
from catdog_lib.grading.answers import Answer

_POLL = 0.2  # seconds between looks for an interrupt
_START = 60  # seconds that a judge may take before its first answer: it loads PyTorch


@dataclass(frozen=True)
class Limits:
    """What each answer may use.

    Attributes:
        seconds: of running time.
        memory: in GB, beyond the libraries.
    """

    seconds: float = 20.0
    memory: float = 1.0


@dataclass(frozen=True)
class Mark:
    """One student's mark for one exercise.

    Attributes:
        right: whether the checker accepts the answer.
        reason: why not: the checker's hint, or what stopped it; empty if it is right.
        note: what a teacher may want to know of a right answer.
    """

    right: bool
    reason: str = ""
    note: str = ""


class Stopped(Exception):
    """Grading was interrupted."""


def mark_answers(
    answers: list[Answer], limits: Limits, sandboxed: bool, seed: int, stop: Event
) -> dict[str, Mark]:
    """Return the mark of each answer; those that cannot be run are marked without running.

    Raises:
        CatdogError: the judge cannot start.
        Stopped: ``stop`` was set.
    """
    marks = {a.number: Mark(False, a.problem) for a in answers if a.problem}
    left = [answer for answer in answers if not answer.problem]
    while left:
        verdicts, begun = _run_judge(left, limits, sandboxed, seed, stop)
        for answer in left:
            if verdict := verdicts.get(answer.number):
                note = "the course's own solution" if answer.copied else ""
                marks[answer.number] = Mark(verdict["right"], verdict["reason"], note)
        left = [answer for answer in left if answer.number not in marks]
        if left:  # the judge was stopped by the answer that it had begun
            stopped = begun if begun in {a.number for a in left} else left[0].number
            marks[stopped] = Mark(False, "It stopped the program that was to judge it")
            left = [answer for answer in left if answer.number != stopped]
    return marks


def _run_judge(
    answers: list[Answer], limits: Limits, sandboxed: bool, seed: int, stop: Event
) -> tuple[dict[str, dict], str]:
    """Run the judge on these answers; return its verdicts, and the last exercise that it began."""
    work = {
        "answers": [{"number": a.number, "cells": a.cells} for a in answers],
        "seconds": limits.seconds,
        "memory": limits.memory,
        "seed": seed,
    }
    with TemporaryDirectory() as folder:
        process = subprocess.Popen(
            sandbox.command(sandboxed),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=sandbox.environment(),
            cwd=folder,
            start_new_session=True,
        )
        out, err = _ended(process, work, _START + limits.seconds * len(answers), stop)
    if stop.is_set():
        raise Stopped
    verdicts: dict[str, dict] = {}
    begun = ""
    for line in out.decode(errors="replace").splitlines():
        said = _said(line)
        begun = said.get("begun", begun)
        if "number" in said:
            verdicts[said["number"]] = said
    if not begun:
        raise CatdogError(
            f"The judge could not start: {err.decode(errors='replace').strip()[-500:]}"
        )
    return verdicts, begun


def _ended(process: subprocess.Popen, work: dict, seconds: float, stop: Event) -> tuple:
    """Give the judge its work and return what it wrote; end it after ``seconds`` or at ``stop``."""
    given: bytes | None = json.dumps(work).encode()
    end = monotonic() + seconds
    while True:
        try:
            return process.communicate(given, timeout=_POLL)
        except subprocess.TimeoutExpired:
            given = None
        if stop.is_set() or monotonic() > end:
            process.kill()
            return process.communicate()


def _said(line: str) -> dict:
    """Return what the judge says in a line; nothing for what a student's code has put there."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    kinds = {"begun": str, "number": str, "right": bool, "reason": str}
    if not isinstance(said, dict):
        return {}
    is_whole = "number" not in said or {"right", "reason"} <= said.keys()
    fits = all(isinstance(said[name], kind) for name, kind in kinds.items() if name in said)
    return said if is_whole and fits else {}
