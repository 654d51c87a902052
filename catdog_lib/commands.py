"""What each ``catdog`` command does: a thin front over the library.

A command takes the parsed arguments, prints for people, and returns its exit status and the facts that
``--json`` prints. It imports what it needs when it is called, so that ``catdog --help`` answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import asdict
from io import BytesIO
from pathlib import Path

from catdog_lib.errors import CatdogError

RECIPE_OPTIONS = ("epochs", "batch_size", "optimizer", "lr", "schedule", "l1", "patience", "seed")


def doctor(args: argparse.Namespace) -> tuple[int, dict]:
    """What this machine can do, what is missing, what to type next."""
    from catdog_lib.doctor import examine

    findings = examine()
    for finding in findings:
        print(f"{'ok  ' if finding.ok else '!   '}{finding.what:<10} {finding.text}")
    return 0, {
        finding.what: {"ok": finding.ok, "text": finding.text, **finding.facts}
        for finding in findings
    }


def data_status(args: argparse.Namespace) -> tuple[int, dict]:
    """Which pictures the lessons would use now, and what the cache holds."""
    from catdog_lib.data.cache import cache_dir
    from catdog_lib.data.folders import count_by_part, scan
    from catdog_lib.data.loading import SKETCHES, default_source

    source = default_source()
    counts = {} if source == SKETCHES else count_by_part(scan(source).photos)
    folder = cache_dir()
    cached = sum(file.stat().st_size for file in folder.glob("*")) if folder.is_dir() else 0
    print(
        f"pictures  {source}"
        + (", the animals that the library draws" if source == SKETCHES else "")
    )
    for part, count in counts.items():
        print(f"          {count:>7,} {part}")
    print(f"cache     {folder}, {cached / 1e6:,.0f} MB (may be deleted at any time)")
    if source == SKETCHES:
        print(
            "To use photos, put them into the data folder (see data/README.md), or set CATDOG_DATA=FOLDER."
        )
    return 0, {"source": source, "counts": counts, "cache": str(folder), "cache_bytes": cached}


def data_check(args: argparse.Namespace) -> tuple[int, dict]:
    """Decode every photo of a folder; name what cannot be used, copies, leaks, and what is unusual."""
    from catdog_lib.data.dirty.check import check_folder
    from catdog_lib.data.dirty.contact_sheet import write_contact_sheet
    from catdog_lib.data.dirty.report_text import report_text

    report = check_folder(args.dir, progress=not args.quiet)
    print(report_text(report))
    if args.sheet:
        write_contact_sheet(report, args.sheet)
        print(f"The suspects: {args.sheet.resolve().as_uri()}")
    return 0, {
        "folder": report.folder,
        "files": report.files,
        "usable": report.usable,
        "counts": report.counts,
        "findings": [{"severity": item.severity, **asdict(item)} for item in report.findings],
        "sheet": str(args.sheet) if args.sheet else None,
    }


def data_get(args: argparse.Namespace) -> tuple[int, dict]:
    """Download a published collection of photos; its size, licence and citation are shown first."""
    from catdog_lib.data.fetch.get import get
    from catdog_lib.data.folders import default_folder

    got = get(args.name, args.to, url=args.url, yes=args.yes, progress=not args.quiet)
    if got is None:
        print("Nothing was downloaded.")
        return 0, {"folder": None, "files": 0, "bytes": 0, "seconds": 0.0, "counts": {}}
    print(f"{got.folder}: {got.files:,} files of photos, {got.bytes / 1e6:,.0f} MB")
    for part, count in got.counts.items():
        print(f"  {count:>7,} {part}")
    if default_folder() == got.folder:
        print("The lessons use them from now on, unless CATDOG_DATA names another folder.")
    else:
        print(f"To use them in the lessons, set CATDOG_DATA={got.folder}")
    print(f"To see which files cannot be used: catdog data check {got.folder}")
    return 0, {
        "folder": str(got.folder), "files": got.files, "bytes": got.bytes, "seconds": got.seconds, "counts": got.counts,
    }  # fmt: skip


def train(args: argparse.Namespace) -> tuple[int, dict]:
    """Train a network, evaluate it once on the test pictures, and write a run folder."""
    from catdog_lib import plots
    from catdog_lib.runs import require_new
    from catdog_lib.training_run import train_run

    out = require_new(args.out)
    recipe = {
        name: getattr(args, name) for name in RECIPE_OPTIONS if getattr(args, name) is not None
    }
    run = train_run(
        args.model, args.data, size=args.size, width=args.width, max_train=args.max_train,
        recipe=recipe, device=args.device, progress=not args.quiet, report=print,
    )  # fmt: skip
    picture = BytesIO()
    with plots.style():
        plots.history(run.history).savefig(picture, format="png")
    run.save(out, picture.getvalue())
    result = run.config["result"]
    print(
        f"test       {result['test_accuracy']:.1%} of {result['test_images']:,} pictures right, "
        f"loss {result['test_loss']:.4f}"
    )
    print(
        f"time       {result['train_seconds']:.0f} s of training, "
        f"{result['images_per_second']:,.0f} pictures a second on {result['device']}"
    )
    print(f"saved      {out}; try: catdog predict {out} PHOTO")
    return 0, {"run": str(out), "model": args.model, **result}


def evaluate(args: argparse.Namespace) -> tuple[int, dict]:
    """Loss and accuracy of a run on the test pictures of a source."""
    from catdog_lib.data.loading import load
    from catdog_lib.device import choose_device
    from catdog_lib.evaluate import evaluate as measure
    from catdog_lib.runs import load_run

    run = load_run(args.run_folder)
    # A folder without a test part is cut exactly as it was for training, so no picture trained on is tested on.
    arguments = {**run.config["data"], **({"source": args.data} if args.data else {})}
    data = load(**arguments, progress=not args.quiet)
    result = measure(run.model.to(choose_device(args.device)), data.test)
    low, high = result.interval()
    print(f"{args.run_folder} on the test pictures of {data.source}: {result}")
    return 0, {
        "run": str(args.run_folder), "data": data.source, "test_accuracy": result.accuracy, "test_loss": result.loss,
        "test_images": result.count, "interval": [low, high],
    }  # fmt: skip


def predict(args: argparse.Namespace) -> tuple[int, dict]:
    """Cat or dog? The answer of a run for each photo; a file that is no photo is named, the others still answered."""
    import torch

    from catdog_lib.data.classes import CLASSES
    from catdog_lib.data.loading import photo_tensor
    from catdog_lib.runs import load_run

    run = load_run(args.run_folder)
    answers, failed = [], False
    for path in args.photos:
        try:
            picture = photo_tensor(path, run.config["data"]["size"], run.config["data"]["resize"])
        except CatdogError as error:
            print(f"catdog: {error}", file=sys.stderr)
            failed = True
            continue
        with torch.no_grad():
            probabilities = run.model(picture[None]).softmax(1)[0]
        label = int(probabilities.argmax())
        print(f"{path}: {CLASSES[label]}, {probabilities[label]:.1%}")
        answers.append(
            {"photo": path, "class": CLASSES[label], "probability": float(probabilities[label])}
        )
    return (2 if failed else 0), {"run": str(args.run_folder), "answers": answers}


def course(args: argparse.Namespace) -> tuple[int, dict]:
    """Run the lessons and render them as a site."""
    from catdog_lib import course as lessons

    budget = args.budget or os.environ.get("CATDOG_BUDGET") or "quick"
    result = lessons.run(args.lesson, budget, args.out, report=print)
    failed = [lesson["number"] for lesson in result["lessons"] if not lesson["ok"]]
    print(
        f"{len(result['lessons'])} run in {result['seconds']:.0f} s"
        + (f", failed: {', '.join(failed)}" if failed else "")
    )
    print(f"The pages: {Path(result['site']).resolve().as_uri()}")
    return (1 if failed else 0), result
