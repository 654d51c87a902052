"""Measure what the lessons claim, over several seeds: python docs/measure_claims.py --help

It runs copies of the lessons in which every seed is shifted, collects their claims, registers the
values, and writes the table of docs/measurements.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import nbformat

from catdog_lib.evidence.claims import REGISTERED, band, kind_of

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "measurements.md"
BEGIN, END = "<!-- claims: written by docs/measure_claims.py -->", "<!-- end of claims -->"
SHIFT = 100  # between the seeds of two runs
SEED = re.compile(r"((?:manual_seed|seeded|default_rng)\(|\bseed=)(\d+)\b")


def reseed(source: str, run: int) -> str:
    """Return code with every seed that is written in it shifted, for run number ``run``.

    Run 0 is the lesson as it is. Cells whose output is compared keep their seeds.
    """
    if "NBVAL_CHECK_OUTPUT" in source:
        return source
    return SEED.sub(lambda found: f"{found[1]}{int(found[2]) + SHIFT * run}", source)


def run_lesson(path: Path, run: int, budget: str, data: str) -> dict[str, float]:
    """Run one lesson with shifted seeds and return its claims by name."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = reseed(cell.source, run)
    with tempfile.TemporaryDirectory() as folder:
        copy, claims = Path(folder) / path.name, Path(folder) / "claims"
        nbformat.write(notebook, copy)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval-lax"]
        command += ["--nbval-current-env", "--nbval-cell-timeout=900", str(copy)]
        settings = {"CATDOG_BUDGET": budget, "CATDOG_DATA": data, "CATDOG_CLAIMS": str(claims)}
        settings["PYTHONPATH"] = str(ROOT)
        done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{path.name}, run {run}:\n{done.stdout[-4000:]}")
        lines = claims.read_text(encoding="utf-8").splitlines() if claims.exists() else []
    return {claim["name"]: claim["value"] for claim in map(json.loads, lines)}


def register(found: list[dict[str, float]], budget: str, kind: str) -> None:
    """Put the claims of several runs into registered.json, in place of what stood there."""
    registered = json.loads(REGISTERED.read_text(encoding="utf-8"))
    by_name = defaultdict(list)
    for claims in found:
        for name, value in claims.items():
            by_name[name].append(float(f"{value:.6g}"))
    for name, values in by_name.items():
        registered.setdefault(name, {}).setdefault(budget, {})[kind] = values
    ordered = json.dumps(dict(sorted(registered.items())), indent=1, ensure_ascii=False)
    compact = re.sub(r"\[\s+([^\]]*?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", ordered)
    REGISTERED.write_text(compact + "\n", encoding="utf-8")


def table() -> str:
    """Return the table of all registered claims, in Markdown."""
    lines = [
        "| claim | budget | images | runs | values | limits for a further run |",
        "|" + "---|" * 6,
    ]
    for name, budgets in json.loads(REGISTERED.read_text(encoding="utf-8")).items():
        for budget, kinds in budgets.items():
            for kind, values in kinds.items():
                low, high = band(values)
                shown = ", ".join(f"{value:.4g}" for value in values)
                cells = (f"`{name}`", budget, kind, len(values), shown, f"{low:.4g} to {high:.4g}")
                lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def page(text: str) -> str:
    """Return docs/measurements.md with the table written again."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"


def main() -> None:
    """Run the lessons that the command line names; with none, only write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("lessons", nargs="*", help='their numbers, such as "03"')
    parser.add_argument("--budget", default="quick", help="quick or standard")
    parser.add_argument("--data", default="sketches", help='a folder of photos, or "sketches"')
    parser.add_argument("--runs", type=int, default=5, help="how many seeds")
    given = parser.parse_args()
    for lesson in given.lessons:
        (path,) = (ROOT / "notebooks").glob(f"{lesson}_*.ipynb")
        found = [run_lesson(path, run, given.budget, given.data) for run in range(given.runs)]
        register(found, given.budget, kind_of(given.data))
        print(f"{path.stem}: {given.runs} runs, {len(found[0])} claims", flush=True)
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
