"""Many trainings side by side: every combination of settings, each with several seeds, in a process
of its own.

Each is an ordinary run folder, made by ``catdog train``. What is finished is not done again, so the
same command goes on after an interruption, and a longer one adds to what is there.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product, zip_longest
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

import torch

from catdog_lib.atomic_write import write
from catdog_lib.device import choose_device
from catdog_lib.errors import CatdogError
from catdog_lib.runs.run_folder import is_finished
from catdog_lib.training.checkpoint import check_settings_match
from catdog_lib.training.distributed import dist_context

MEASURES = ("validation_accuracy", "test_accuracy", "train_seconds")
_PICTURES = (
    "data",
    "size",
    "max_train",
    "validation",
    "recipe",
)  # the options that decide which are decoded


@dataclass(frozen=True)
class Member:
    """One training of a sweep.

    Attributes:
        settings: what it differs in from the others, but for the seed.
        seed: of its weights, and of the order and augmentation of the pictures.
        options: all options of ``catdog train``, with underscores, but for ``out``.
    """

    settings: dict[str, str]
    seed: int
    options: dict[str, Any]

    @property
    def name(self) -> str:
        """Of its run folder, such as ``lr=0.01,seed=2``."""
        parts = [f"{name}={value}" for name, value in {**self.settings, "seed": self.seed}.items()]
        return re.sub(r"[^\w.+=,-]", "_", ",".join(parts))


def members(
    options: Mapping[str, Any], choices: Mapping[str, Sequence[str]], seeds: int
) -> list[Member]:
    """Every combination of the ``choices``, with each of so many seeds, counted up from that of the
    options.

    Raises:
        CatdogError: a choice names no option that can be swept, or names no value.
    """
    for name, values in choices.items():
        if name not in options or name == "seed":
            raise CatdogError(
                f"--set names {name!r}; use --seeds, or one of "
                f"{', '.join(sorted(set(options) - {'seed'}))}."
            )
        if not all(values):
            raise CatdogError(f"--set {name} lacks a value; write it as {name}=FIRST,SECOND.")
    if seeds < 1:
        raise CatdogError(f"--seeds is {seeds}; use 1 or more.")
    found = []
    for values in product(*(dict.fromkeys(values) for values in choices.values())):
        settings = dict(zip(choices, values, strict=True))
        for seed in range(options.get("seed") or 0, (options.get("seed") or 0) + seeds):
            found.append(Member(settings, seed, {**options, **settings, "seed": seed}))
    return found


def sweep(
    options: Mapping[str, Any],
    choices: Mapping[str, Sequence[str]],
    seeds: int,
    out: str | os.PathLike,
    *,
    processes: int | None = None,
    report: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Train every member that is not finished yet, as many at once as there are GPUs, or else
    cores.

    Args:
        options: of ``catdog train``, for all members; None leaves one out.
        choices: name of an option → its values, as text.
        seeds: how many, for each combination.
        out: the folder that gets a run folder for each member.
        processes: how many at once; None asks the machine. They share its cores evenly.
        report: is given a line of text for each member that ends.

    Returns:
        "members": each with its name, settings, seed, run folder, and its result or "error";
        "table": a row for each combination, with mean, standard deviation, median and values of
        :data:`MEASURES` over its seeds.

    Raises:
        CatdogError: the choices make no sense, ``out`` holds something else, or torchrun started
            it.
        KeyboardInterrupt: interrupted; the members have kept their checkpoints.
    """
    return train_all(
        members(options, choices, seeds), options, out, processes=processes, report=report
    )


def train_all(
    all_: Sequence[Member],
    options: Mapping[str, Any],
    out: str | os.PathLike,
    *,
    processes: int | None = None,
    report: Callable[[str], None] = print,
) -> dict[str, Any]:
    """What :func:`sweep` does, for members that are not every combination of something.

    Args:
        all_: the members.
        options: what must be the same when ``out`` is gone on with.
    """
    if dist_context().size > 1:
        raise CatdogError("A sweep starts its own processes; start it without torchrun.")
    out = _begin(Path(out), {k: v for k, v in options.items() if k not in ("seed", "device")})
    ready = [member for member in all_ if is_finished(out / member.name)]
    if ready:
        report(f"{len(ready)} of {len(all_)} are finished already")
    pending = [member for member in all_ if member not in ready]
    places = _places(options.get("device"), processes, len(pending))
    errors = _train(pending, out, places, report)
    results = []
    for member in all_:
        facts = {"name": member.name, "settings": member.settings, "seed": member.seed}
        facts["run"] = str(out / member.name)
        if member.name in errors:
            results.append({**facts, "error": errors[member.name]})
        else:
            results.append({**facts, **_result(out / member.name)})
    return {"out": str(out), "members": results, "table": table(results)}


def table(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row for each combination of settings: its seeds that ended well, and statistics of
    :data:`MEASURES` over them.

    The standard deviation is that of a sample, Σ(x − mean)² / (n − 1) under the root; None for
    fewer than two.
    """
    rows: dict[str, dict[str, Any]] = {}
    for result in results:
        key = json.dumps(result["settings"])
        row = rows.setdefault(key, {"settings": result["settings"], "seeds": [], "failed": []})
        row["failed" if "error" in result else "seeds"].append(result["seed"])
        for measure in MEASURES if "error" not in result else ():
            row.setdefault(measure, {"values": []})["values"].append(result[measure])
    for row in rows.values():
        for measure in MEASURES if row["seeds"] else ():
            values = row[measure]["values"]
            spread = stdev(values) if len(values) > 1 else None
            row[measure].update(mean=mean(values), std=spread, median=median(values))
    return list(rows.values())


def table_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """:func:`table` for people."""
    lines = [("", "seeds", "validation", "test", "seconds")]
    for row in rows:
        name = ",".join(f"{k}={v}" for k, v in row["settings"].items()) or "all"
        count = len(row["seeds"]) + len(row["failed"])
        seeds = f"{len(row['seeds'])} of {count}" if row["failed"] else str(count)
        cells = []
        for measure in MEASURES if row["seeds"] else ():
            scale, unit = (100, " %") if measure.endswith("accuracy") else (1, "")
            spread = row[measure]["std"]
            plus_minus = "" if spread is None else f" ± {scale * spread:.1f}"
            cells.append(f"{scale * row[measure]['mean']:.1f}{plus_minus}{unit}")
        lines.append((name, seeds, *cells))
    widths = [max(map(len, column)) for column in zip_longest(*lines, fillvalue="")]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=False)).rstrip()
        for line in lines
    )


def _begin(out: Path, options: dict[str, Any]) -> Path:
    """Note what all members have in common, or make sure that it is what was noted."""
    notes = out / "sweep.json"
    if notes.is_file():
        begun = json.loads(notes.read_text(encoding="utf-8"))
        check_settings_match(begun, options, f"The sweep {str(out)!r}", "choose another --out")
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CatdogError(f"{str(out)!r} exists already and is no sweep; choose another --out.")
    else:
        out.mkdir(parents=True, exist_ok=True)
        write(json.dumps(options, indent=1).encode(), notes)
    return out


def _places(device: str | None, processes: int | None, most: int) -> list[dict[str, str]]:
    """Where the processes that run at once compute: environment variables for each."""
    kind = choose_device(device).type
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    gpus = [str(number) for number in range(torch.cuda.device_count())] if kind == "cuda" else []
    if gpus and (visible := os.environ.get("CUDA_VISIBLE_DEVICES")):
        gpus = visible.split(",")
    count = processes or {"cuda": len(gpus), "cpu": cores}.get(kind, 1)
    count = max(1, min(count, most))
    threads = {"OMP_NUM_THREADS": str(max(1, cores // count))}
    return [
        {**threads, "CUDA_VISIBLE_DEVICES": gpus[number % len(gpus)]} if gpus else threads
        for number in range(count)
    ]


def _train(
    pending: list[Member], out: Path, places: list[dict[str, str]], report: Callable[[str], None]
) -> dict[str, str]:
    """Train the members, one at each place at a time; name → what went wrong, of those that
    failed.
    """
    waiting, free, errors = list(pending), list(places), {}
    running: list[_Job] = []
    decoded: set[str] = set()  # pictures that the cache holds
    width = max((len(member.name) for member in pending), default=0)
    try:
        while waiting or running:
            decoded |= {job.pictures for job in running if job.has_loaded()}
            for member in list(waiting):
                # Of those that want the same pictures, the first decodes them, with all cores.
                others = {job.pictures for job in running} - decoded
                if free and _pictures(member) not in others:
                    waiting.remove(member)
                    running.append(_Job(member, out, free.pop(0)))
            for job in [job for job in running if job.process.poll() is not None]:
                running.remove(job)
                free.append(job.place)
                if error := job.error():
                    errors[job.member.name] = error
                    report(f"{job.member.name:<{width}}  failed: {error}")
                else:
                    result = _result(job.folder)
                    report(
                        f"{job.member.name:<{width}}  {result['validation_accuracy']:.1%} on "
                        f"validation, {result['test_accuracy']:.1%} on test, "
                        f"{result['train_seconds']:.0f} s"
                    )
            time.sleep(0.05)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("interrupted; the same command goes on from there") from None
    finally:
        for job in running:
            job.stop()
    return errors


class _Job:
    """A member in training."""

    def __init__(self, member: Member, out: Path, place: dict[str, str]):
        self.member, self.place, self.folder = member, place, out / member.name
        self.pictures = _pictures(member)
        self.log = out / f"{member.name}.log"  # stays if it fails
        arguments = [sys.executable, "-u", "-m", "catdog_lib", "train", "--quiet"]
        for name, value in {**member.options, "out": self.folder}.items():
            if value is not None:
                flag = f"--{name.replace('_', '-')}"
                arguments += [flag] if value is True else [flag, str(value)]
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by error)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=self.errors,
                env={**os.environ, **place},
                start_new_session=True,  # a Ctrl-C reaches it once: through stop
            )  # fmt: skip

    def has_loaded(self) -> bool:
        """Whether the pictures have been loaded: it then says how many there are."""
        return self.log.stat().st_size > 0

    def error(self) -> str | None:
        """Once it has ended: what went wrong, in a sentence; None if nothing did."""
        with self.errors as file:
            file.seek(0)
            said = file.read()
        if self.process.returncode == 0 and is_finished(self.folder):
            self.log.unlink()
            return None
        with self.log.open("ab") as log:
            log.write(said)
        lines = said.decode(errors="replace").strip().splitlines()
        sentences = [line for line in lines if line.startswith("catdog: ")] or lines[-1:]
        reason = (
            sentences[-1].removeprefix("catdog: ") if sentences else "it was ended from outside"
        )
        return f"{reason} (see {self.log})"

    def stop(self) -> None:
        """Interrupt it, and wait until it has put its things in order."""
        self.process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.errors.close()


def _pictures(member: Member) -> str:
    return json.dumps([member.options.get(name) for name in _PICTURES])


def _result(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))["result"]
