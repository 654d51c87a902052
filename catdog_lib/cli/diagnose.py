"""The command ``catdog diagnose``."""

from __future__ import annotations

from pathlib import Path

import click

from catdog_lib.cli.options import Command, UserPath, device_option, quiet_option
from catdog_lib.cli.train import RUN


@click.command(cls=Command, epilog="catdog diagnose my_first_run")
@RUN
@click.option(
    "--data",
    type=UserPath(),
    metavar="DIR",
    show_default="where they were",
    help="Where the images of the run are now.",
)
@click.option(
    "--rate",
    is_flag=True,
    help="Also search for a learning rate: up to a hundred training steps.",
)
@device_option
@quiet_option
def diagnose(
    run_folder: Path, data: str | None, rate: bool, device: str | None, quiet: bool
) -> tuple[int, dict]:
    """Look for mistakes in a training run.

    Checks its history, its weights and its images. Exits with 1 if it has found something.
    """
    from catdog_lib.diagnose.run import diagnose_run

    diagnosis = diagnose_run(run_folder, data, search_rate=rate, device=device, progress=not quiet)
    print(f"{run_folder}: {diagnosis}")
    return int(bool(diagnosis.findings)), {"run": str(run_folder), **diagnosis.as_dict()}
