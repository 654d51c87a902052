"""Many training runs side by side: every combination of settings, each with several seeds.

Each member is an ordinary run folder, as ``catdog train`` makes it. What is finished is not done
again, so the same command goes on after an interruption, and a longer one adds to what is there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from catdog_lib.atomic_write import make_folder, read_object, write
from catdog_lib.errors import CatdogError
from catdog_lib.runs.grid import Member, grid
from catdog_lib.runs.pool import placements, train_members
from catdog_lib.runs.results_table import table
from catdog_lib.runs.run_folder import is_finished
from catdog_lib.training.checkpoint import check_settings_match
from catdog_lib.training.distributed import dist_context


def sweep(
    options: Mapping[str, Any],
    choices: Mapping[str, Mapping[str, Any]],
    seeds: int,
    out: str | os.PathLike,
    *,
    processes: int | None = None,
    log: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Train every member that is not finished yet, as many at once as there are GPUs or cores.

    Args:
        options: of ``catdog train``, for all members; None leaves one out.
        choices: name of an option → its values by their text.
        seeds: how many, for each combination.
        out: the folder that gets a run folder for each member.
        processes: how many at once; None asks the machine. They share its cores evenly.
        log: is given a line of text for each member that ends.

    Returns:
        "members": each with its name, settings, seed, run folder, and its result or "error";
        "table": a row for each combination (:func:`catdog_lib.runs.results_table.table`).

    Raises:
        CatdogError: the choices make no sense, ``out`` holds something else, or torchrun started
            it.
        KeyboardInterrupt: interrupted; the members have kept their checkpoints.
    """
    members = grid(options, choices, seeds)
    return run_members(members, options, out, processes=processes, log=log)


def run_members(
    members: Sequence[Member],
    options: Mapping[str, Any],
    out: str | os.PathLike,
    *,
    processes: int | None = None,
    log: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Do what :func:`sweep` does, for members that are not every combination of something.

    Args:
        members: what to train.
        options: what must be the same when ``out`` is gone on with.
        out, processes, log: as for :func:`sweep`.
    """
    if dist_context().size > 1:
        raise CatdogError("A sweep starts its own processes; start it without torchrun.")
    out = _begin(Path(out), {k: v for k, v in options.items() if k not in ("seed", "device")})
    finished = [member for member in members if is_finished(out / member.name)]
    if finished:
        log(f"{len(finished)} of {len(members)} are finished already")
    pending = [member for member in members if member not in finished]
    places = placements(options.get("device"), processes, len(pending))
    ended = train_members(pending, out, places, log)
    results = []
    for member in members:
        facts = {"name": member.name, "settings": member.settings, "seed": member.seed}
        facts["run"] = str(out / member.name)
        last = ended.get(member.name, {})
        if last.get("event") == "error":
            results.append({**facts, "error": last["message"]})
        else:
            results.append({**facts, **(last.get("result") or _result(out / member.name))})
    return {"out": str(out), "members": results, "table": table(results)}


_PART = "sweep.json.part"  # of a sweep that was killed while it wrote its first file


def _begin(out: Path, options: dict[str, Any]) -> Path:
    """Note what all members have in common, or make sure that it is what was noted."""
    notes, text = out / "sweep.json", json.dumps(options, indent=1)
    if notes.is_file():
        begun = read_object(notes)
        check_settings_match(
            begun, json.loads(text), f"The sweep {str(out)!r}", "use another --out"
        )
    elif out.exists() and (not out.is_dir() or {p.name for p in out.iterdir()} - {_PART}):
        raise CatdogError(f"{str(out)!r} already exists and is not a sweep; use another --out.")
    else:
        make_folder(out)
        write(text.encode(), notes)
    return out


def _result(folder: Path) -> dict[str, Any]:
    """Return the result that a finished run folder holds."""
    return read_object(folder / "run.json")["result"]
