"""The commands about networks: ``catdog train``, ``sweep``, ``evaluate`` and ``predict``.

They import what they need when they are called, so that ``catdog --help`` answers at once. Longer
than 200 lines because the four commands that deal with networks stand together.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catdog_lib.cli.options import (
    Command,
    UserPath,
    device_option,
    log_to,
    processes_option,
    quiet_option,
    run_data_option,
)
from catdog_lib.cli.recipe_options import TrainingCommand, training_options
from catdog_lib.errors import CatdogError
from catdog_lib.runs.typed_path import typed

if TYPE_CHECKING:
    from catdog_lib.runs.run_folder import Run

RUN = click.argument("run_folder", type=UserPath(path_type=Path), metavar="RUN")


@click.command(
    cls=TrainingCommand, epilog="catdog train --model five_conv --data ~/photos --out my_first_run"
)
@click.option(
    "--out",
    required=True,
    type=UserPath(path_type=Path),
    metavar="RUN",
    help="The run folder to write; an unfinished run in it goes on.",
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Train N times, one after the other, with N seeds, and compare; --out gets a folder for "
    "each.",
)
@training_options
def train(out: Path, seeds: int | None, quiet: bool, **options: Any) -> tuple[int, dict]:
    """Train a network and write a run folder.

    The network is evaluated once on the test images. An unfinished run goes on.
    """
    if seeds is not None:
        return _sweep(options, {}, seeds, out, processes=1, quiet=quiet)
    from catdog_lib.runs.settings import train_arguments
    from catdog_lib.runs.train_run import train_run

    os.environ["MPLBACKEND"] = "agg"  # a run's figure is saved and not shown
    arguments = train_arguments(options)
    run = train_run(**arguments, out=out, progress=not quiet, log=print)
    result = run.config["result"]
    print(
        f"test       {result['test_accuracy']:.1%} of {result['test_images']:,} images right, "
        f"loss {result['test_loss']:.4f}"
    )
    print(
        f"time       {result['train_seconds']:.0f} s of training, "
        f"{result['images_per_second']:,.0f} images a second on {result['device']}"
    )
    print(f"saved      {out}; try: catdog predict {typed(out)} PHOTO")
    return 0, {"run": str(out), "model": arguments["model"], **result}


@click.command(
    cls=TrainingCommand,
    epilog="catdog sweep --model five_conv --seeds 3 --set lr=1e-3,3e-3 --out lr",
)
@click.option(
    "--out",
    required=True,
    type=UserPath(path_type=Path),
    metavar="DIR",
    help="The folder for the run folders.",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=A,B,…",
    help="An option of this command, without its dashes, and its values; may be repeated.",
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 1000),
    default=1,
    metavar="N",
    show_default=True,
    help="Seeds for each combination.",
)
@processes_option
@training_options
@click.pass_context
def sweep(
    ctx: click.Context,
    out: Path,
    assignments: tuple[str, ...],
    seeds: int,
    processes: int | None,
    quiet: bool,
    **options: Any,
) -> tuple[int, dict]:
    """Train with many settings and seeds, and compare.

    The training runs go on side by side. What is finished is not done again.
    """
    choices = _choices(ctx, assignments)
    return _sweep(options, choices, seeds, out, processes=processes, quiet=quiet)


def _choices(ctx: click.Context, assignments: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the option → its values by their text, from ``NAME=A,B`` with the option's own type.

    An unknown name and a missing value are left for :func:`catdog_lib.runs.grid.grid` to name.
    """
    params = {param.name: param for param in ctx.command.get_params(ctx)}
    choices: dict[str, dict[str, Any]] = {}
    for assignment in assignments:
        name, _, texts = assignment.partition("=")
        name = name.replace("-", "_")
        choices.setdefault(name, {}).update(
            (text, params[name].type(text, params[name], ctx) if text and name in params else text)
            for text in texts.split(",")
        )
    return choices


def _sweep(
    options: dict[str, Any],
    choices: dict[str, dict[str, Any]],
    seeds: int,
    out: Path,
    *,
    processes: int | None,
    quiet: bool,
) -> tuple[int, dict]:
    """Train all members of a sweep and print the table; return the exit status and the facts."""
    from catdog_lib.budget import current
    from catdog_lib.data.sources import SKETCHES, default_source
    from catdog_lib.runs.results_table import table_text
    from catdog_lib.runs.sweep import sweep as run_sweep

    source = options["data"] or default_source()
    source = source if source == SKETCHES else str(Path(os.path.expanduser(source)).resolve())
    facts = run_sweep(
        {**options, "data": source, "budget": current()},
        choices,
        seeds,
        out,
        processes=processes,
        log=log_to(quiet),
    )
    print(table_text(facts["table"]))
    return (2 if any("error" in member for member in facts["members"]) else 0), facts


@click.command(cls=Command, epilog="catdog evaluate my_first_run --data ~/photos")
@RUN
@run_data_option
@device_option
@quiet_option
def evaluate(
    run_folder: Path, data: str | None, device: str | None, quiet: bool
) -> tuple[int, dict]:
    """Measure a run's loss and accuracy on test images."""
    from catdog_lib.data.new_photos import is_another
    from catdog_lib.runs.answers import answers
    from catdog_lib.runs.evaluation_images import of_another_folder, of_the_run
    from catdog_lib.training import loop
    from catdog_lib.training.distributed import dist_context

    run = _load(run_folder)
    with dist_context().main_process_first():
        if data and is_another(data, str(run.config["data"]["source"])):
            images, which = of_another_folder(run, data, not quiet)
            source = str(Path(data).resolve())
        else:
            images, which, source = of_the_run(run, data, not quiet)
    logits = answers(run, images, device=device, progress=not quiet)
    result = loop.evaluate(run.model, images, lambda *_: (logits, images.labels))
    low, high = result.interval()
    print(f"{run_folder} on {which}: {result}")
    return 0, {
        "run": str(run_folder),
        "data": source,
        "test_accuracy": result.accuracy,
        "test_loss": result.loss,
        "test_images": result.count,
        "interval": [low, high],
    }


@click.command(cls=Command, epilog="catdog predict my_first_run rex.jpg whiskers.jpg")
@RUN
@click.argument("photos", nargs=-1, required=True, type=UserPath(), metavar="PHOTO...")
def predict(run_folder: Path, photos: tuple[str, ...]) -> tuple[int, dict]:
    """Tell for each photo whether it shows a cat or a dog.

    A file that is not a photo is named, and the rest are still answered.
    """
    import torch

    from catdog_lib.classes import CLASSES
    from catdog_lib.data.check.report_text import printable
    from catdog_lib.data.loading import load_image
    from catdog_lib.training.evaluate import predict_tta

    run = _load(run_folder)
    recipe, data = run.recipe, run.config["data"]
    answers, failed = [], False
    for path in photos:
        try:
            image = load_image(path, data["size"], data["resize"])
        except CatdogError as error:
            print(f"catdog: {error}", file=sys.stderr)
            failed = True
            continue
        with torch.no_grad():
            logits = predict_tta(
                run.model, image[None], flip=recipe.test_flip, sizes=recipe.test_sizes
            )
        probabilities = logits.softmax(1)[0]
        label = int(probabilities.argmax())
        print(f"{printable(path)}: {CLASSES[label]}, {probabilities[label]:.1%}")
        answers.append(
            {"photo": path, "class": CLASSES[label], "probability": float(probabilities[label])}
        )
    return (2 if failed else 0), {"run": str(run_folder), "answers": answers}


def _load(folder: Path) -> Run:
    """Return the run in a folder, and say so if it is not finished."""
    from catdog_lib.runs.run_folder import load_run

    run = load_run(folder)
    if not run.finished:
        print(f"{folder} is not finished; these are the weights that it keeps so far.")
    return run
