"""The ``catdog`` command. Each subcommand is a thin front over the library; ``--json`` prints one object, last."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from catdog_lib import __version__
from catdog_lib import budget as budgets
from catdog_lib.errors import CatdogError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status: 0 done, 1 a lesson failed, 2 something the user can put right, 130 interrupted."""
    args = _parser().parse_args(arguments)
    try:
        if getattr(args, "budget", None):
            os.environ["CATDOG_BUDGET"] = args.budget
            budgets.current.cache_clear()
        status, facts = args.run(args)
        if args.json:
            print(json.dumps(facts))
        return status
    except CatdogError as error:
        print(f"catdog: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("catdog: interrupted", file=sys.stderr)
        return 130


def doctor(args: argparse.Namespace) -> tuple[int, dict]:
    """What this machine can do, what is missing, what to type next."""
    from catdog_lib.doctor import examine

    findings = examine()
    for finding in findings:
        print(f"{'ok  ' if finding.ok else '!   '}{finding.what:<10} {finding.text}")
    return 0, {finding.what: {"ok": finding.ok, "text": finding.text, **finding.facts} for finding in findings}


def data_status(args: argparse.Namespace) -> tuple[int, dict]:
    """Which pictures the lessons would use now, and what the cache holds."""
    from catdog_lib.data.cache import cache_dir
    from catdog_lib.data.classes import CLASSES
    from catdog_lib.data.folders import scan
    from catdog_lib.data.loading import SKETCHES, default_source

    source = default_source()
    counts: dict[str, int] = {}
    if source != SKETCHES:
        for photo in scan(source).photos:
            part = f"{photo.split or 'not split'}, {CLASSES[photo.label]}s"
            counts[part] = counts.get(part, 0) + 1
    folder = cache_dir()
    cached = sum(file.stat().st_size for file in folder.glob("*")) if folder.is_dir() else 0
    print(f"pictures  {source}" + (", the animals that the library draws" if source == SKETCHES else ""))
    for part, count in counts.items():
        print(f"          {count:>7,} {part}")
    print(f"cache     {folder}, {cached / 1e6:,.0f} MB (may be deleted at any time)")
    if source == SKETCHES:
        print("To use photos, put them into the data folder (see data/README.md), or set CATDOG_DATA=FOLDER.")
    return 0, {"source": source, "counts": counts, "cache": str(folder), "cache_bytes": cached}


def data_check(args: argparse.Namespace) -> tuple[int, dict]:
    """Decode every photo of a folder; name and count what cannot be used."""
    from catdog_lib.data.check import check_folder

    report = check_folder(args.dir, progress=not args.quiet)
    print(f"{report.folder}: {report.files:,} files, {report.usable:,} usable photos")
    for part, count in report.counts.items():
        print(f"  {count:>7,} {part}")
    if report.skipped:
        print(f"  {len(report.skipped):>7,} not usable:")
        for item in report.skipped:
            print(f"          {item.name}: {item.reason}")
    return 0, {
        "folder": report.folder,
        "files": report.files,
        "usable": report.usable,
        "counts": report.counts,
        "unusable": [asdict(item) for item in report.skipped],
    }


def train(args: argparse.Namespace) -> tuple[int, dict]:
    """Train a network, evaluate it once on the test pictures, and write a run folder."""
    from catdog_lib import plots
    from catdog_lib.runs import require_new
    from catdog_lib.training_run import train_run

    out = require_new(args.out)
    recipe = {name: getattr(args, name) for name in _RECIPE_OPTIONS if getattr(args, name) is not None}
    run = train_run(
        args.model, args.data, size=args.size, width=args.width, max_train=args.max_train,
        recipe=recipe, device=args.device, progress=not args.quiet, report=print,
    )  # fmt: skip
    run.save(out)
    with plots.style():
        plots.history(run.history).savefig(out / "history.png")
    result = run.config["result"]
    print(
        f"test       {result['test_accuracy']:.1%} of {result['test_images']:,} pictures right, loss {result['test_loss']:.4f}"
    )
    print(
        f"time       {result['train_seconds']:.0f} s of training, {result['images_per_second']:,.0f} pictures a second on {result['device']}"
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
    """Cat or dog? The answer of a run for each photo; a file that is no photo is named, and the others still answered."""
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
        answers.append({"photo": path, "class": CLASSES[label], "probability": float(probabilities[label])})
    return (2 if failed else 0), {"run": str(args.run_folder), "answers": answers}


def course(args: argparse.Namespace) -> tuple[int, dict]:
    """Run the lessons and render them as a site."""
    from catdog_lib import course as lessons

    budget = args.budget or os.environ.get("CATDOG_BUDGET") or "quick"
    result = lessons.run(args.lesson, budget, args.out, report=print)
    result = {**result, "site": str(result["site"])}
    return (0 if all(lesson["ok"] for lesson in result["lessons"]) else 1), result


_RECIPE_OPTIONS = ("epochs", "batch_size", "optimizer", "lr", "schedule", "l1", "patience", "seed")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="catdog",
        description="Cat or dog? The command line of the course.",
        epilog="example: catdog doctor",
    )
    parser.add_argument("--version", action="version", version=f"catdog {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    _command(commands, "doctor", doctor, "catdog doctor")

    about_data = commands.add_parser(
        "data", help="the pictures", description="The pictures.", epilog="example: catdog data status"
    )
    data_commands = about_data.add_subparsers(dest="data_command", required=True, metavar="COMMAND")
    _command(data_commands, "status", data_status, "catdog data status")
    sub = _command(data_commands, "check", data_check, "catdog data check ~/photos")
    sub.add_argument("dir", metavar="DIR", help="the folder to check")
    _quiet(sub)

    sub = _command(commands, "train", train, "catdog train --model five_conv --data ~/photos --out my_first_run")
    sub.add_argument("--model", required=True, metavar="NAME", help="six_block or five_conv")
    sub.add_argument(
        "--out", required=True, type=Path, metavar="RUN", help="the run folder to write; it must not exist"
    )
    _source(sub)
    sub.add_argument("--size", type=int, default=64, metavar="PIXELS", help="height and width of the pictures (64)")
    sub.add_argument("--width", type=int, metavar="N", help="channels of the first layer (the source's own)")
    sub.add_argument("--max-train", type=int, metavar="N", help="use at most so many training pictures")
    recipe = sub.add_argument_group("recipe", "the defaults depend on the budget")
    for name, kind, text in (
        ("epochs", int, "passes over the training pictures"), ("batch-size", int, "pictures in a step"),
        ("optimizer", str, "a name from torch.optim"), ("lr", float, "learning rate, the highest"),
        ("schedule", str, "constant, cosine or one_cycle"), ("l1", float, "weight of the L1 penalty"),
        ("patience", int, "stop after so many epochs without a better one"), ("seed", int, "of weights, order and augmentation"),
    ):  # fmt: skip
        recipe.add_argument(f"--{name}", type=kind, metavar="X", help=text)
    _budget(sub)
    _device(sub)
    _quiet(sub)

    sub = _command(commands, "evaluate", evaluate, "catdog evaluate my_first_run --data ~/photos")
    sub.add_argument("run_folder", type=Path, metavar="RUN")
    _source(sub)
    _device(sub)
    _quiet(sub)

    sub = _command(commands, "predict", predict, "catdog predict my_first_run rex.jpg whiskers.jpg")
    sub.add_argument("run_folder", type=Path, metavar="RUN")
    sub.add_argument("photos", nargs="+", metavar="PHOTO")

    sub = _command(commands, "course", course, "catdog course --lesson 03 --budget quick")
    sub.add_argument("--lesson", metavar="NN", help="only this lesson")
    sub.add_argument("--out", type=Path, metavar="DIR", help="where to write the site (site)")
    _budget(sub)
    return parser


def _command(commands: Any, name: str, function: Any, example: str) -> argparse.ArgumentParser:
    summary = function.__doc__.splitlines()[0]
    sub = commands.add_parser(name, help=summary, description=summary, epilog=f"example: {example}")
    sub.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    sub.set_defaults(run=function)
    return sub


def _source(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--data",
        metavar="DIR",
        help="a folder of photos, or sketches (CATDOG_DATA, else data/, else sketches)",
    )


def _budget(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--budget", choices=budgets.BUDGETS, help="how much work to do (CATDOG_BUDGET)")


def _device(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--device", metavar="NAME", help="cuda, mps or cpu (the fastest here)")


def _quiet(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--quiet", action="store_true", help="show no progress bar")


if __name__ == "__main__":
    raise SystemExit(main())
