"""The command ``catdog demo``."""

from __future__ import annotations

from pathlib import Path

import click

from catdog_lib.cli.options import Command, UserPath, log_to, quiet_option, run_data_option
from catdog_lib.cli.train import RUN


@click.command(cls=Command, epilog="catdog demo my_first_run --out my_demo")
@RUN
@click.option(
    "--out",
    required=True,
    type=UserPath(path_type=Path),
    metavar="DIR",
    help="The folder to write; an older demo in it is replaced.",
)
@run_data_option
@quiet_option
def demo(run_folder: Path, out: Path, data: str | None, quiet: bool) -> tuple[int, dict]:
    """Write a page that runs the network in a browser.

    Drop a photo, or use the camera: the page answers, offline, and no photo leaves it.
    """
    from catdog_lib.deploy.demo.folder import write_demo
    from catdog_lib.deploy.trial import finished_run
    from catdog_lib.runs.typed_path import typed

    run = finished_run(run_folder)
    facts = write_demo(
        run,
        out,
        name=run_folder.resolve().name,
        source=data,
        progress=not quiet,
        log=log_to(quiet),
    )
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    print(f"saved      {out}, {size / 1e6:.0f} MB; any web server can show it")
    print(f"look at it python -m http.server --directory {typed(out)}")
    print("           and open http://localhost:8000")
    print(
        f"note       it holds small copies of {len(facts['labels'])} training images and some test "
        "images: publish it only if you may publish them"
    )
    told = {name: facts[name] for name in ("size", "heat", "temperature", "rank", "threshold")}
    return 0, {"run": str(run_folder), "out": str(out), "bytes": size, **told}
