"""What each ``catdog`` command does: a thin front over the library.

A command takes the parsed arguments, prints for people, and returns its exit status and the facts
that ``--json`` prints. It imports what it needs when it is called, so that ``catdog --help``
answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from catdog_lib.errors import CatdogError

if TYPE_CHECKING:
    from catdog_lib.runs.run_folder import Run

RECIPE_OPTIONS = (
    "epochs", "batch_size", "optimizer", "lr", "schedule", "l1", "group_l1", "penalty", "patience", "keep",
    "precision", "compile", "seed",
)  # fmt: skip


def doctor(args: argparse.Namespace) -> tuple[int, dict]:
    """What this machine can do, what is missing, what to type next."""
    from catdog_lib.cli.doctor import examine

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
    from catdog_lib.data.folders import count_by_split, scan
    from catdog_lib.data.sources import SKETCHES, default_source

    source = default_source()
    counts = {} if source == SKETCHES else count_by_split(scan(source).photos)
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
            "To use photos, put them into the data folder (see data/README.md), or set "
            "CATDOG_DATA=FOLDER."
        )
    return 0, {"source": source, "counts": counts, "cache": str(folder), "cache_bytes": cached}


def data_check(args: argparse.Namespace) -> tuple[int, dict]:
    """Decode every photo of a folder; name what cannot be used, copies, leaks, and what is
    unusual.
    """
    from catdog_lib.data.check.contact_sheet import write_contact_sheet
    from catdog_lib.data.check.folder import check_folder
    from catdog_lib.data.check.report_text import report_text

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
    from catdog_lib.data.download.get import get
    from catdog_lib.data.sources import default_folder

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
    """Train a network, evaluate it once on the test pictures, and write a run folder; or go on with
    one.
    """
    from catdog_lib.runs.train_run import default_recipe, train_run
    from catdog_lib.training.presets import RECIPES, named

    if args.seeds is not None:
        return sweep(argparse.Namespace(**vars(args), set=[], processes=1))
    chosen = named(args.recipe) if args.recipe else None
    model = args.model or (chosen and chosen.model)
    if not model:
        raise CatdogError(
            f"Name a network with --model, or a recipe with --recipe: {', '.join(RECIPES)}."
        )
    changes = {
        name: getattr(args, name) for name in RECIPE_OPTIONS if getattr(args, name) is not None
    }
    if args.augment:
        changes["augment"] = tuple(args.augment.split(","))
    usual = 224 if model == "transfer" else 64
    run = train_run(
        model, args.data, size=args.size or (chosen.size if chosen else usual), width=args.width,
        max_train=args.max_train, validation=args.validation or (chosen.validation if chosen else 0.15),
        recipe=replace(chosen.recipe if chosen else default_recipe(), **changes),
        device=args.device, out=args.out, progress=not args.quiet, report=print,
    )  # fmt: skip
    result = run.config["result"]
    print(
        f"test       {result['test_accuracy']:.1%} of {result['test_images']:,} pictures right, "
        f"loss {result['test_loss']:.4f}"
    )
    print(
        f"time       {result['train_seconds']:.0f} s of training, "
        f"{result['images_per_second']:,.0f} pictures a second on {result['device']}"
    )
    print(f"saved      {args.out}; try: catdog predict {args.out} PHOTO")
    return 0, {"run": str(args.out), "model": model, **result}


def sweep(args: argparse.Namespace) -> tuple[int, dict]:
    """Train with many settings and seeds side by side, and compare them; what is finished is not
    done again.
    """
    from catdog_lib.budget import current
    from catdog_lib.data.sources import SKETCHES, default_source
    from catdog_lib.runs.sweep import sweep as train_all
    from catdog_lib.runs.sweep import table_text

    own = {"command", "run", "json", "quiet", "out", "set", "seeds", "processes"}
    options = {name: value for name, value in vars(args).items() if name not in own}
    source = args.data or default_source()
    options["data"] = source if source == SKETCHES else str(Path(source).expanduser().resolve())
    options["budget"] = current()
    choices = {}
    for text in args.set:
        name, _, values = text.partition("=")
        choices[name.replace("-", "_")] = values.split(",")
    facts = train_all(
        options, choices, args.seeds, args.out, processes=args.processes,
        report=(lambda line: None) if args.quiet else print,
    )  # fmt: skip
    print(table_text(facts["table"]))
    return (2 if any("error" in member for member in facts["members"]) else 0), facts


def evaluate(args: argparse.Namespace) -> tuple[int, dict]:
    """Loss and accuracy of a run on the test pictures of a source."""
    from catdog_lib.data.loading import load
    from catdog_lib.device import choose_device
    from catdog_lib.training.distributed import team
    from catdog_lib.training.evaluate import evaluate as measure

    run = _run(args.run_folder)
    # A folder without a test part is cut exactly as it was for training, so no picture trained on
    # is tested on.
    arguments = {**run.config["data"], **({"source": args.data} if args.data else {})}
    with team().main_process_first():
        data = load(**arguments, progress=not args.quiet)
    model = run.model.to(choose_device(args.device))
    result = measure(model, data.test, mirror=run.recipe.mirror, sizes=run.recipe.test_sizes)
    low, high = result.interval()
    print(f"{args.run_folder} on the test pictures of {data.source}: {result}")
    return 0, {
        "run": str(args.run_folder), "data": data.source, "test_accuracy": result.accuracy, "test_loss": result.loss,
        "test_images": result.count, "interval": [low, high],
    }  # fmt: skip


def predict(args: argparse.Namespace) -> tuple[int, dict]:
    """Cat or dog? The answer of a run for each photo; a file that is no photo is named, the others
    still answered.
    """
    import torch

    from catdog_lib.classes import CLASSES
    from catdog_lib.data.loading import load_image
    from catdog_lib.training.evaluate import answer

    run = _run(args.run_folder)
    answers, failed = [], False
    for path in args.photos:
        try:
            picture = load_image(path, run.config["data"]["size"], run.config["data"]["resize"])
        except CatdogError as error:
            print(f"catdog: {error}", file=sys.stderr)
            failed = True
            continue
        with torch.no_grad():
            logits = answer(
                run.model, picture[None], mirror=run.recipe.mirror, sizes=run.recipe.test_sizes
            )
        probabilities = logits.softmax(1)[0]
        label = int(probabilities.argmax())
        print(f"{path}: {CLASSES[label]}, {probabilities[label]:.1%}")
        answers.append(
            {"photo": path, "class": CLASSES[label], "probability": float(probabilities[label])}
        )
    return (2 if failed else 0), {"run": str(args.run_folder), "answers": answers}


def _run(folder: Path) -> Run:
    from catdog_lib.runs.run_folder import load_run

    run = load_run(folder)
    if not run.finished:
        print(f"{folder} is not finished; these are the weights that it keeps so far.")
    return run


def bench(args: argparse.Namespace) -> tuple[int, dict]:
    """Speed: the plain loop against the course's, and both against what the machine can do."""
    from catdog_lib.bench import ROWS, compare

    if args.picture and not args.picture.resolve().parent.is_dir():
        raise CatdogError(
            f"--picture {str(args.picture)!r} lies in a folder that does not exist; make it first."
        )
    result = compare(
        args.data, args.only or tuple(ROWS), precision=args.precision or "auto", device=args.device
    )
    print(f"\n{result}")
    if args.picture:
        from catdog_lib import plots

        rates = {
            f"{row.name}\n{row.size} px": (max(row.plain), max(row.ours)) for row in result.rows
        }
        with plots.style():
            plots.speed(rates, f"{result.device}, {result.dtype}").savefig(args.picture)
    return 0, result.facts()


def experiment_l1(args: argparse.Namespace) -> tuple[int, dict]:
    """Repeat the first source's experiments with L1, over seeds and a path of λ."""
    from catdog_lib.experiments import l1

    settings = _given(args, "size", "width", "max_train", "epochs", "seeds", "lambdas")
    results = l1.run(
        l1.Plan(**settings), args.data, args.out, device=args.device, processes=args.processes,
        report=(lambda line: None) if args.quiet else print,
    )  # fmt: skip
    print(l1.table_text(results))
    print(f"The figure: {(args.out / 'figure.png').resolve().as_uri()}")
    return (2 if results["failed"] else 0), results


def experiment_transfer(args: argparse.Namespace) -> tuple[int, dict]:
    """Compare transfer with training from scratch, by the number of training photos."""
    from catdog_lib.experiments import transfer

    results = transfer.run(
        transfer.Plan(**_given(args, "counts", "draws")), args.data, args.out, device=args.device,
        report=(lambda line: None) if args.quiet else print,
    )  # fmt: skip
    print(transfer.table_text(results))
    return 0, results


def _given(args: argparse.Namespace, *names: str) -> dict:
    return {name: value for name in names if (value := getattr(args, name)) is not None}


def course(args: argparse.Namespace) -> tuple[int, dict]:
    """Run the lessons and render them as a site."""
    from catdog_lib.course import lessons

    budget = args.budget or os.environ.get("CATDOG_BUDGET") or "quick"
    result = lessons.run(args.lesson, budget, args.out, report=print)
    failed = [lesson["number"] for lesson in result["lessons"] if not lesson["ok"]]
    print(
        f"{len(result['lessons'])} run in {result['seconds']:.0f} s"
        + (f", failed: {', '.join(failed)}" if failed else "")
    )
    print(f"The pages: {Path(result['site']).resolve().as_uri()}")
    return (1 if failed else 0), result
