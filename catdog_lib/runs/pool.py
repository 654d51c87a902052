"""Train the members of a sweep side by side, each in a process of its own.

The processes run :mod:`catdog_lib.runs.worker` and tell how far they are in events.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import torch

from catdog_lib.device import choose_device, cores
from catdog_lib.runs.grid import Member


def placements(device: str | None, processes: int | None, most: int) -> list[dict[str, str]]:
    """Return environment variables for each process that runs at once: its GPU and threads.

    Args:
        device: cuda, mps or cpu; None takes the fastest here.
        processes: how many at once; None takes one for each GPU, or else for each core.
        most: how many at most, since there is no more to do.
    """
    kind = choose_device(device).type
    gpus = [str(number) for number in range(torch.cuda.device_count())] if kind == "cuda" else []
    if gpus and (visible := os.environ.get("CUDA_VISIBLE_DEVICES")):
        gpus = visible.split(",")
    count = processes or {"cuda": len(gpus), "cpu": cores()}.get(kind, 1)
    count = max(1, min(count, most))
    threads = {"OMP_NUM_THREADS": str(max(1, cores() // count))}
    return [
        {**threads, "CUDA_VISIBLE_DEVICES": gpus[number % len(gpus)]} if gpus else threads
        for number in range(count)
    ]


def train_members(
    members: Sequence[Member],
    out: Path,
    free: Sequence[dict[str, str]],
    log: Callable[[str], None],
) -> dict[str, dict[str, Any]]:
    """Train the members, one at each placement at a time, and return each one's last event.

    Args:
        members: what to train.
        out: the folder that gets a run folder for each.
        free: the :func:`placements`.
        log: is given a line of text for each member that ends.

    Returns:
        name of a member → "event", which is "finished" or "error", and "result" or "message".

    Raises:
        KeyboardInterrupt: interrupted; the members have kept their checkpoints.
    """
    waiting, free, ended = list(members), list(free), {}
    running: list[RunningMember] = []
    decoded: set[str] = set()  # images that the cache holds
    events: SimpleQueue = SimpleQueue()
    width = max((len(member.name) for member in members), default=0)
    try:
        while waiting or running:
            for member in list(waiting):
                # Of those that want the same images, the first decodes them, with all cores.
                decoding = {job.member.images for job in running} - decoded
                if free and member.images not in decoding:
                    waiting.remove(member)
                    running.append(RunningMember(member, out, free.pop(0), events))
            job, event = _next(events)
            if event is None:  # its process has ended
                running.remove(job)
                free.append(job.placement)
                ended[job.member.name] = job.outcome()
                log(f"{job.member.name:<{width}}  {_in_words(ended[job.member.name])}")
            elif event["event"] == "started":
                decoded.add(job.member.images)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("interrupted; the same command goes on from there") from None
    finally:
        for job in running:
            job.interrupt()
        for job in running:
            job.wait()
    return ended


class RunningMember:
    """A member in training: its process, and the events that it has sent.

    Args:
        member: what to train.
        out: the folder of the sweep.
        placement: environment variables of the process.
        events: gets (this object, event) for each event, and (this object, None) at the end.
    """

    def __init__(self, member: Member, out: Path, placement: dict[str, str], events: SimpleQueue):
        self.member, self.placement = member, placement
        self.log = out / f"{member.name}.log"  # stays if it fails
        self.last: dict[str, Any] = {"event": "none"}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "catdog_lib.runs.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                encoding="utf-8",
                env={**os.environ, **placement},
                start_new_session=True,  # a Ctrl-C reaches it once: through interrupt
            )
        specification = {
            "options": member.options,
            "out": str(out / member.name),
            "parent": os.getpid(),
        }
        with suppress(BrokenPipeError), self.process.stdin as stdin:  # it may have ended already
            stdin.write(json.dumps(specification))
        threading.Thread(target=self._listen, args=(events,), daemon=True).start()

    def _listen(self, events: SimpleQueue) -> None:
        """Pass on the events until the process has ended."""
        with self.process.stdout as lines:
            for line in lines:
                self.last = json.loads(line)
                events.put((self, self.last))
        self.process.wait()
        events.put((self, None))

    def outcome(self) -> dict[str, Any]:
        """Return the last event, once the process has ended; remove the log if all went well."""
        if self.last["event"] == "finished":
            self.log.unlink(missing_ok=True)
            return self.last
        message = self.last["message"] if self.last["event"] == "error" else self._died()
        return {"event": "error", "message": f"{message} (see {self.log})"}

    def _died(self) -> str:
        """Return a sentence about a process that ended without a word."""
        code = self.process.returncode
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with status {code}"
        when = ""
        if self.last["event"] == "epoch":
            when = f" after epoch {self.last['epoch']} of {self.last['epochs']}"
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
        return f"its process ended {how}{when}; its log ends: {' / '.join(lines) or 'empty'}"

    def interrupt(self) -> None:
        """Ask the process to stop after saving what it has."""
        self.process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)

    def wait(self) -> None:
        """Wait until the process has ended; end it if that takes too long."""
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()


def _next(events: SimpleQueue) -> tuple[RunningMember, dict[str, Any] | None]:
    """Wait for an event; a Ctrl-C ends the waiting, on Windows after half a second at most."""
    while True:
        try:
            return events.get(timeout=0.5)
        except Empty:
            continue


def _in_words(last: dict[str, Any]) -> str:
    """Return the end of a member's line in the log of the sweep."""
    if last["event"] == "error":
        return f"failed: {last['message']}"
    result = last["result"]
    return (
        f"{result['validation_accuracy']:.1%} on validation, {result['test_accuracy']:.1%} on "
        f"test, {result['train_seconds']:.0f} s"
    )
