"""What came of the parts: a table to read, and the figures that the course ships."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from tests.gpu.parts import PARTS, Part

Results = Mapping[str, Mapping[str, Any]]
KEPT = (
    *("test_accuracy", "train_seconds", "images_per_second", "epochs", "parameters"),
    *("train_images", "test_images", "dtype"),
)


def figures(results: Results, data: str) -> dict[str, Any]:
    """Return what the course ships as ``catdog_lib/bench/gpu.json``, without a path in it.

    Args:
        results: of :func:`tests.gpu.runner.run_parts`.
        data: what the images are, in words.
    """
    environment = result(results, "environment")
    tests, bench = result(results, "tests"), dict(result(results, "bench"))
    for name in ("source", "table"):  # they name a folder
        bench.pop(name, None)
    trained = {
        part.name: {name: found[name] for name in KEPT}
        for part in PARTS
        if "test_accuracy" in (found := result(results, part.name))
    }
    return {
        "date": date.today().isoformat(),
        "device": environment.get("device"),
        "torch": environment.get("packages", {}).get("torch"),
        "data": data,
        "tests": {"passed": tests["passed"], "failed": sorted(tests["failed"])} if tests else None,
        "bench": bench or None,
        "training": {
            part.name: {"options": " ".join(part.options), **trained[part.name]}
            for part in PARTS
            if part.name in trained
        },
        "settings": result(results, "settings").get("rows", []),
    }


def result(results: Results, name: str) -> Mapping[str, Any]:
    """Return what a part found out; {} if it did not run."""
    return results.get(name, {}).get("result") or {}


def table(results: Results, data: str) -> str:
    """Return all results for a reader, in Markdown."""
    environment = result(results, "environment")
    packages = ", ".join(f"{k} {v}" for k, v in environment.get("packages", {}).items())
    lines = [
        f"# {environment.get('device') or 'No GPU'}",
        "",
        f"Images: {data}. Python {environment.get('python')}, {packages}; "
        f"CUDA {environment.get('cuda')}, cuDNN {environment.get('cudnn')}.",
        "",
        "| part | what | | seconds | of at most |",
        "|---|---|---|---|---|",
    ]
    lines += [_line(part, results[part.name]) for part in PARTS if part.name in results]
    notes = [_note(name, outcome) for name, outcome in results.items()]
    lines += ["", *filter(None, notes)]
    for name, needed in environment.get("missing", {}).items():
        lines.append(f"- Not installed: {name}, needed by {needed}.")
    for name, versions in environment.get("older_than_allowed", {}).items():
        lines.append(f"- Older than the course allows: {name} {versions}.")
    if tests := result(results, "tests"):
        lines += ["", "## Tests", "", f"{tests['passed']} passed."]
        lines += [f"- failed: {name}: {why}" for name, why in tests["failed"].items()]
        lines += [f"- skipped: {name}: {why}" for name, why in tests["skipped"].items()]
    if bench := result(results, "bench"):
        lines += ["", "## Bench", "", "```", bench["table"], "```"]
    trained = [name for name in results if "train_seconds" in result(results, name)]
    if trained:
        lines += ["", "## Training", "", *_trainings(results, trained)]
    if rows := result(results, "settings").get("rows"):
        lines += ["", "## Settings", "", *_settings(rows)]
    return "\n".join(lines) + "\n"


def _line(part: Part, outcome: Mapping[str, Any]) -> str:
    """Return a part's line of the first table."""
    seconds, limit = outcome.get("seconds", ""), outcome.get("limit", "")
    return f"| {part.name} | {part.title} | **{outcome['status']}** | {seconds} | {limit} |"


def _note(name: str, outcome: Mapping[str, Any]) -> str:
    """Return why a part did not end as it should; nothing if it did."""
    said = " / ".join(outcome.get("printed", "").strip().splitlines()[-3:])
    why = outcome.get("why") or (outcome["status"] != "done" and f"it printed at the end: {said}")
    return f"- {name} {outcome['status']}: {why}" if why else ""


def _trainings(results: Results, names: list[str]) -> list[str]:
    """Return the table of what was trained; one that was stopped has no test accuracy."""
    lines = ["| | test accuracy | training | images a second |", "|---|---|---|---|"]
    for name in names:
        found = result(results, name)
        if "test_accuracy" in found:
            accuracy = f"{found['test_accuracy']:.2%}"
        else:
            accuracy = (
                f"stopped after {found['epochs']} of {found['of_epochs']} epochs; validation "
                f"{found['validation_accuracy']:.1%}"
            )
        rate = f"{found['images_per_second']:,.0f}" if "images_per_second" in found else ""
        lines.append(f"| {name} | {accuracy} | {found['train_seconds']:.1f} s | {rate} |")
    return lines


def _settings(rows: list[Mapping[str, Any]]) -> list[str]:
    """Return the table of the settings that were tried."""
    lines = ["| | | images a second | seconds to begin |", "|---|---|---|---|"]
    for row in rows:
        if "failed" in row:
            measured = f"{row['failed']} | "
        else:
            measured = f"{row['images_per_second']:,.1f} | {row['seconds_to_begin']:.1f}"
        lines.append(f"| {row['row']} | {row['setting']} | {measured} |")
    return lines
