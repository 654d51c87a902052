"""The commands that train more than once: ``course``, ``bench`` and ``experiment``.

Longer than 200 lines because each option has its help beside it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click

from catdog_lib.cli.json_file import JsonFileCommand
from catdog_lib.cli.options import (
    Command,
    ManyValues,
    UserPath,
    budget_option,
    course_budget_option,
    data_option,
    device_option,
    language_option,
    lessons_option,
    log_to,
    processes_option,
    quiet_option,
)
from catdog_lib.errors import CatdogError


@click.command(cls=Command, epilog="catdog course --lesson 03 --budget quick")
@lessons_option
@click.option(
    "--out",
    type=UserPath(path_type=Path),
    metavar="DIR",
    show_default="site",
    help="Where to write the site.",
)
@language_option
@course_budget_option
def course(numbers: tuple[str, ...], out: Path | None) -> tuple[int, dict]:
    """Run the lessons and render them as a site."""
    from catdog_lib.course import lessons

    budget = os.environ.get("CATDOG_BUDGET") or "quick"  # --budget sets it
    result = lessons.run(numbers, budget, out, log=print)
    failed = [lesson["number"] for lesson in result["lessons"] if not lesson["ok"]]
    failures = f", failed: {', '.join(failed)}" if failed else ""
    print(f"{len(result['lessons'])} run in {result['seconds']:.0f} s{failures}")
    if not numbers:
        from catdog_lib.budget import use
        from catdog_lib.deploy.demo.course import add_demo

        use(budget)
        try:
            add_demo(Path(result["site"]).parent)
        except CatdogError as error:  # the pages are complete without it
            print(f"The pages have no demo: {error}")
    print(f"The pages: {Path(result['site']).resolve().as_uri()}")
    return (1 if failed else 0), result


@click.command(cls=JsonFileCommand, epilog="catdog bench --only five_conv --json bench.json")
@data_option
@click.option(
    "--only",
    cls=ManyValues,
    metavar="NAME...",
    show_default="all",
    help="Some of five_conv, six_block, champion, features.",
)
@click.option(
    "--precision",
    metavar="X",
    default="auto",
    show_default=True,
    help="auto, the fastest here, or float32.",
)
@click.option(
    "--picture",
    type=UserPath(path_type=Path),
    metavar="FILE.png",
    help="Also draw the bars.",
)
@budget_option
@device_option
def bench(
    data: str | None,
    only: tuple[str, ...],
    precision: str,
    picture: Path | None,
    device: str | None,
) -> tuple[int, dict]:
    """Measure the speed of the training loop.

    The plain loop is compared with the course's, and both with what the machine can do.
    """
    from catdog_lib.atomic_write import require_own
    from catdog_lib.bench import ROWS, compare

    if picture and picture.suffix.lower() != ".png":
        raise CatdogError(f"--picture {str(picture)!r} is a PNG file; let its name end in .png.")
    if picture and not picture.resolve().parent.is_dir():
        raise CatdogError(
            f"--picture {str(picture)!r} lies in a folder that does not exist; make it first."
        )
    if picture:
        require_own(picture, b"Matplotlib", "a chart of Matplotlib")
    result = compare(data, only or tuple(ROWS), precision=precision, device=device)
    print(f"\n{result}")
    if picture:
        from catdog_lib import plots

        rates = {
            f"{row.name}\n{row.size} px": (max(row.plain), max(row.ours)) for row in result.rows
        }
        with plots.style():
            plots.speed(rates, f"{result.device}, {result.dtype}").savefig(picture)
    return 0, result.facts()


def _experiment_options(name: str) -> Callable[[Callable], Callable]:
    """Return a decorator that gives an experiment the options that all of them have."""
    out = f"experiment_{name}"

    def decorate(function: Callable) -> Callable:
        """Give the function the options."""
        for option in (
            quiet_option,
            device_option,
            budget_option,
            click.option(
                "--out",
                type=UserPath(path_type=Path),
                default=out,
                metavar="DIR",
                show_default=True,
                help="The folder for what it finds.",
            ),
            data_option,
        ):
            function = option(function)
        return function

    return decorate


@click.command(cls=Command, epilog="catdog experiment l1 --data ~/photos")
@click.option("--size", type=int, metavar="N", help="Height and width of the images.")
@click.option("--width", type=int, metavar="N", help="Channels of the first layer.")
@click.option("--max-train", type=int, metavar="N", help="Use at most N training images.")
@click.option("--epochs", type=int, metavar="N", help="Passes over them.")
@click.option("--seeds", type=int, metavar="N", help="Training runs of each kind.")
@processes_option
@click.option(
    "--lambdas",
    cls=ManyValues,
    type=float,
    metavar="λ...",
    help="Weights of the penalty on the path.",
)
@_experiment_options("l1")
def l1(
    data: str | None,
    out: Path,
    device: str | None,
    processes: int | None,
    quiet: bool,
    **settings: object,
) -> tuple[int, dict]:
    """Repeat three published experiments with L1.

    Trains over several seeds, and along a path of λ. What is not given depends on the budget.
    """
    from catdog_lib.experiments import l1, l1_results

    results = l1.run(
        l1.Plan(**_given(settings)),
        data,
        out,
        device=device,
        processes=processes,
        log=log_to(quiet),
    )
    print(l1_results.table_text(results))
    print(f"The figure: {(out / 'figure.png').resolve().as_uri()}")
    return (2 if results["failed"] else 0), results


@click.command(cls=Command, epilog="catdog experiment transfer --data ~/photos")
@click.option(
    "--counts", cls=ManyValues, type=int, metavar="N...", help="Numbers of training photos."
)
@click.option("--draws", type=int, metavar="N", help="Draws of each number.")
@_experiment_options("transfer")
def transfer(
    data: str | None, out: Path, device: str | None, quiet: bool, **settings: object
) -> tuple[int, dict]:
    """Compare a linear probe, fine-tuning and training from scratch.

    All are measured by the number of training images. What is not given depends on the budget.
    """
    from catdog_lib.experiments import transfer

    plan = transfer.Plan(**_given(settings))
    results = transfer.run(plan, data, out, device=device, log=log_to(quiet))
    print(transfer.table_text(results))
    return 0, results


def _given(settings: dict[str, object]) -> dict[str, object]:
    """Return the settings without those that were not given."""
    return {name: value for name, value in settings.items() if value not in (None, ())}
