"""The ``catdog`` command: its arguments, its exit status, and ``--json``, one object on the last
line.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from catdog_lib import __version__
from catdog_lib import budget as budgets
from catdog_lib.cli import commands
from catdog_lib.data.download.collections import COLLECTIONS
from catdog_lib.errors import CatdogError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status: 0 done, 1 a lesson failed, 2 the user can put it right, 130
    interrupted.
    """
    try:
        with _one_voice():
            args = _parser().parse_args(arguments)
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
    except KeyboardInterrupt as interrupt:
        print(f"catdog: {str(interrupt) or 'interrupted'}", file=sys.stderr)
        return 130


def _one_voice() -> AbstractContextManager:
    if "WORLD_SIZE" not in os.environ:
        return nullcontext()  # alone, as nearly always; and `catdog --help` need not load PyTorch
    from catdog_lib.training.distributed import main_process_output

    return main_process_output()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="catdog",
        description="Cat or dog? The command line of the course.",
        epilog="example: catdog doctor",
    )
    parser.add_argument("--version", action="version", version=f"catdog {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    _command(subparsers, "doctor", commands.doctor, "catdog doctor")

    about_data = subparsers.add_parser(
        "data",
        help="the pictures",
        description="The pictures.",
        epilog="example: catdog data status",
    )
    data_commands = about_data.add_subparsers(dest="data_command", required=True, metavar="COMMAND")
    _command(data_commands, "status", commands.data_status, "catdog data status")
    sub = _command(data_commands, "check", commands.data_check, "catdog data check ~/photos")
    sub.add_argument("dir", metavar="DIR", help="the folder to check")
    sub.add_argument(
        "--sheet",
        type=Path,
        metavar="FILE.html",
        help="also write a page that shows the suspects, copies side by side",
    )
    _quiet(sub)

    sub = _command(data_commands, "get", commands.data_get, "catdog data get pets")
    sub.add_argument("name", choices=sorted(COLLECTIONS), help="the collection to fetch")
    sub.add_argument(
        "--to", type=Path, metavar="DIR", help="the folder to make (pets or microsoft, in data)"
    )
    sub.add_argument(
        "--url", metavar="URL", help="a mirror: the address of the folder with the archives"
    )
    sub.add_argument("--yes", action="store_true", help="do not ask before the download")
    _quiet(sub)

    sub = _command(
        subparsers,
        "train",
        commands.train,
        "catdog train --model five_conv --data ~/photos --out my_first_run",
    )
    sub.add_argument("--model", metavar="NAME", help="six_block, five_conv, residual or transfer")
    sub.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="RUN",
        help="the run folder to write; an unfinished run in it goes on",
    )
    sub.add_argument(
        "--seeds",
        type=int,
        metavar="N",
        help="train N times, one after the other, with as many seeds, and compare; --out gets a folder for each",
    )
    _training(sub)

    sub = _command(
        subparsers,
        "sweep",
        commands.sweep,
        "catdog sweep --model five_conv --seeds 3 --set lr=1e-3,3e-3 --out lr",
    )
    sub.add_argument("--model", metavar="NAME", help="the network; or --set model=A,B")
    sub.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="the folder for the run folders"
    )
    sub.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=A,B,…",
        help="an option of catdog train, without its dashes, and its values; may be repeated",
    )
    sub.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="seeds for each combination (1)"
    )
    sub.add_argument(
        "--processes", type=int, metavar="N", help="trainings at once (one for each GPU, or core)"
    )
    _training(sub)

    sub = _command(
        subparsers, "evaluate", commands.evaluate, "catdog evaluate my_first_run --data ~/photos"
    )
    sub.add_argument("run_folder", type=Path, metavar="RUN")
    _source(sub)
    _device(sub)
    _quiet(sub)

    sub = _command(
        subparsers, "predict", commands.predict, "catdog predict my_first_run rex.jpg whiskers.jpg"
    )
    sub.add_argument("run_folder", type=Path, metavar="RUN")
    sub.add_argument("photos", nargs="+", metavar="PHOTO")

    sub = _command(
        subparsers, "bench", commands.bench, "catdog bench --only five_conv --picture speed.png"
    )
    _source(sub)
    sub.add_argument(
        "--only",
        nargs="+",
        metavar="NAME",
        help="some of five_conv, six_block, champion, features (all)",
    )
    sub.add_argument("--precision", metavar="X", help="auto, the fastest here, or float32 (auto)")
    sub.add_argument("--picture", type=Path, metavar="FILE.png", help="also draw the bars")
    _budget(sub)
    _device(sub)

    about = (
        "what takes longer than a lesson, over several seeds; what is finished is not done again"
    )
    experiments = subparsers.add_parser("experiment", help=about, description=about).add_subparsers(
        dest="experiment", required=True, metavar="NAME"
    )
    l1 = _command(experiments, "l1", commands.experiment_l1, "catdog experiment l1 --data ~/photos")
    for name, kind, text in (
        ("size", int, "height and width of the pictures"), ("width", int, "channels of the first layer"),
        ("max-train", int, "use at most so many training pictures"), ("epochs", int, "passes over them"),
        ("seeds", int, "trainings of each kind"), ("processes", int, "trainings at once (one for each GPU, or core)"),
    ):  # fmt: skip
        l1.add_argument(f"--{name}", type=kind, metavar="N", help=text)
    l1.add_argument(
        "--lambdas", type=float, nargs="+", metavar="λ", help="weights of the penalty on the path"
    )
    transfer = _command(
        experiments, "transfer", commands.experiment_transfer, "catdog experiment transfer --data ~/photos"
    )  # fmt: skip
    transfer.add_argument(
        "--counts", type=int, nargs="+", metavar="N", help="numbers of training photos"
    )
    transfer.add_argument("--draws", type=int, metavar="N", help="draws of each number")
    for name, sub in (("l1", l1), ("transfer", transfer)):
        _source(sub)
        out = Path(f"experiment_{name}")
        sub.add_argument(
            "--out",
            type=Path,
            default=out,
            metavar="DIR",
            help=f"the folder for what it finds ({out})",
        )
        _budget(sub)
        _device(sub)
        _quiet(sub)

    sub = _command(
        subparsers, "course", commands.course, "catdog course --lesson 03 --budget quick"
    )
    sub.add_argument("--lesson", metavar="NN", help="only this lesson")
    sub.add_argument("--out", type=Path, metavar="DIR", help="where to write the site (site)")
    _budget(sub)
    return parser


def _training(sub: argparse.ArgumentParser) -> None:
    """What ``train`` and ``sweep`` share."""
    _source(sub)
    sub.add_argument(
        "--recipe",
        metavar="NAME",
        help="a named recipe, with its network and size: sprint, minutes or champion",
    )
    sub.add_argument(
        "--size",
        type=int,
        metavar="PIXELS",
        help="height and width of the pictures (the recipe's, or 64; 224 for transfer)",
    )
    sub.add_argument(
        "--width", type=int, metavar="N", help="channels of the first layer (the source's own)"
    )
    sub.add_argument(
        "--max-train", type=int, metavar="N", help="use at most so many training pictures"
    )
    sub.add_argument(
        "--validation",
        type=float,
        metavar="SHARE",
        help="share of the training pictures kept for validation (the recipe's, or 0.15)",
    )
    recipe = sub.add_argument_group(
        "how to train", "in place of the recipe's own; without a recipe they depend on the budget"
    )
    for name, kind, text in (
        ("epochs", int, "passes over the training pictures"), ("batch-size", int, "pictures in a step"),
        ("optimizer", str, "a name from torch.optim"), ("lr", float, "learning rate, the highest"),
        ("schedule", str, "constant, cosine or one_cycle"), ("l1", float, "weight of the L1 penalty"),
        ("group-l1", float, "weight of the penalty on whole filters"),
        ("penalty", str, "how these are paid: by their gradient, or a proximal step"),
        ("augment", str, "functions that change the training pictures, with commas between"),
        ("keep", str, "the weights of the best epoch, or of the last"),
        ("patience", int, "stop after so many epochs without a better one"),
        ("precision", str, "auto or float32"),
        ("seed", int, "of weights, order and augmentation"),
    ):  # fmt: skip
        recipe.add_argument(f"--{name}", type=kind, metavar="X", help=text)
    recipe.add_argument("--compile", action="store_true", default=None, help="use torch.compile")
    _budget(sub)
    _device(sub)
    _quiet(sub)


def _command(subparsers: Any, name: str, function: Any, example: str) -> argparse.ArgumentParser:
    summary = function.__doc__.splitlines()[0]
    sub = subparsers.add_parser(
        name, help=summary, description=summary, epilog=f"example: {example}"
    )
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
    sub.add_argument(
        "--budget", choices=budgets.BUDGETS, help="how much work to do (CATDOG_BUDGET)"
    )


def _device(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--device", metavar="NAME", help="cuda, mps or cpu (the fastest here)")


def _quiet(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--quiet", action="store_true", help="show no progress bar")


if __name__ == "__main__":
    raise SystemExit(main())
