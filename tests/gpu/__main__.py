"""Everything that a GPU can settle, in ten minutes: make test-gpu, or python -m tests.gpu

It runs the tests that need a GPU, the bench, the champion as it is and larger, the six blocks at
224 pixels, and other settings; each has a limit of its own, and the next one runs whatever becomes
of it. A folder gets all results (results.json), a table to read (table.md), what the programs
printed (log.txt), and the figures that the course ships (figures.json, which becomes
catdog_lib/bench/gpu.json). It needs no network, and no installed course: a Python that has its
packages is enough. python -m tests.gpu.photos makes a small copy of a folder of photos.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.gpu.parts import PARTS, ROOT, Job
from tests.gpu.report import figures, table
from tests.gpu.runner import run_parts

SECONDS = 570.0  # with the start, all fits into ten minutes


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(prog="python -m tests.gpu", description=__doc__)
    names = [part.name for part in PARTS]
    made.add_argument("--out", type=Path, default=ROOT / "build" / "gpu", help="for the results")
    made.add_argument("--data", default="sketches", help="a folder of photos, or sketches")
    made.add_argument("--only", nargs="+", choices=names, default=names, help="some of the parts")
    made.add_argument("--seconds", type=float, default=SECONDS, help="for all parts together")
    made.add_argument(
        "--rehearsal", action="store_true", help="on the CPU, and as little work as possible"
    )
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run the parts; return 0 if all were done, 1 if not, and 2 if there is no GPU."""
    options = parser().parse_args(arguments)
    data = options.data if options.data == "sketches" else str(Path(options.data).resolve())
    parts = [part for part in PARTS if part.name in options.only or part.name == "environment"]
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        job = Job(Path(folder), data, options.rehearsal)

        def report(results: dict[str, Any]) -> None:
            write(options.out, job, results)
            name, outcome = list(results.items())[-1]
            seconds = f", {outcome['seconds']} s" if "seconds" in outcome else ""
            print(f"{name:<16}{outcome['status']}{seconds}", flush=True)

        results = run_parts(parts, job, options.seconds * job.patience, report)
    print(f"\n{(options.out / 'table.md').read_text(encoding='utf-8')}")
    if unusable := results["environment"].get("result", {}).get("unusable"):
        print(f"Nothing was measured: {unusable}.", file=sys.stderr)
        return 2
    return int(any(outcome["status"] != "done" for outcome in results.values()))


def write(out: Path, job: Job, results: dict[str, Any]) -> None:
    """Write what there is so far."""
    what = "drawn animals" if job.data == "sketches" else "photos"
    logs = [path for name in results if (path := job.folder / f"{name}.log").exists()]
    texts = {
        "results.json": json.dumps({"rehearsal": job.rehearsal, "parts": results}, indent=1),
        "figures.json": json.dumps(figures(results, what), indent=1),
        "table.md": table(results, what),
        "log.txt": "\n".join(
            f"== {path.stem}\n{path.read_text('utf-8', 'replace')}" for path in logs
        ),
    }
    for name, text in texts.items():
        (out / name).write_text(text + "\n" * (not text.endswith("\n")), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
