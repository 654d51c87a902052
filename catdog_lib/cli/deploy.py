"""The commands that give a network away: ``catdog export`` and ``catdog card``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from catdog_lib.cli.options import (
    Command,
    ManyValues,
    Suggested,
    UserPath,
    quiet_option,
    run_data_option,
)
from catdog_lib.cli.train import RUN
from catdog_lib.errors import CatdogError

_SUFFIXES = {"onnx": ".onnx", "torch": ".pt2"}
_MARKS = {"onnx": b"pytorch", "torch": b"PK"}  # near the beginning of such files
_COMPARED = 32  # images


@click.command(cls=Command, epilog="catdog export my_first_run --to onnx --out cat_or_dog.onnx")
@RUN
@click.option(
    "--to",
    type=click.Choice(list(_SUFFIXES)),
    default="onnx",
    show_default=True,
    help="ONNX for onnxruntime and browsers, or PyTorch's own .pt2 of torch.export.",
)
@click.option(
    "--out",
    type=UserPath(path_type=Path),
    metavar="FILE",
    show_default="network.onnx or network.pt2 in RUN",
    help="The file to write.",
)
@click.option(
    "--outputs",
    cls=ManyValues,
    type=Suggested(("feature_maps", "features")),
    metavar="NAME...",
    help="What it returns besides the logits: feature_maps, features.",
)
@run_data_option
def export(
    run_folder: Path, to: str, out: Path | None, outputs: tuple[str, ...], data: str | None
) -> tuple[int, dict]:
    """Write a run's network as a file that needs no catdog.

    The file is run and its outputs are compared with the network's before it is written.
    """
    from catdog_lib.atomic_write import require_own
    from catdog_lib.deploy.comparison import images_per_second
    from catdog_lib.deploy.export import export as write_network
    from catdog_lib.deploy.runtime import as_fractions, load_exported
    from catdog_lib.deploy.trial import finished_run, trial_images

    out = out or run_folder / f"network{_SUFFIXES[to]}"
    if out.suffix != _SUFFIXES[to]:
        raise CatdogError(
            f"--out {str(out)!r} has to end in {_SUFFIXES[to]} with --to {to}; rename it."
        )
    require_own(out, _MARKS[to], "an exported network")
    run = finished_run(run_folder)
    images = trial_images(run, _COMPARED, data)
    done = write_network(run.model, out, images, outputs)
    speed = images_per_second(run.model, load_exported(out), as_fractions(images))
    facts = {
        "run": str(run_folder),
        "file": str(out),
        "format": to,
        "outputs": list(done.outputs),
        "size": done.size,
        "bytes": done.bytes,
        "compared_images": done.compared,
        "differences": done.differences,
        "images_per_second": speed,
    }
    print(f"outputs    {', '.join(done.outputs)}; for images N×3×{done.size}×{done.size} in [0, 1]")
    print(
        f"compared   on {done.compared} images: the largest difference from the network's "
        f"outputs is {max(done.differences.values()):.1g}"
    )
    print(
        f"speed      {speed['exported']:,.0f} images a second; the network in PyTorch, "
        f"measured alternately, {speed['pytorch']:,.0f}"
    )
    if run.recipe.test_flip or run.recipe.test_sizes:
        print(
            "note       the run was tested on several views of each image (test-time "
            "augmentation); the file answers for the one view that it is given"
        )
    print(f"saved      {out}, {done.bytes / 1e6:,.1f} MB")
    return 0, facts


@click.command(cls=Command, epilog="catdog card my_first_run --out MODEL_CARD.md")
@RUN
@click.option(
    "--out",
    type=UserPath(path_type=Path),
    metavar="FILE",
    show_default="card.md in RUN",
    help="The file to write.",
)
@run_data_option
@quiet_option
def card(run_folder: Path, out: Path | None, data: str | None, quiet: bool) -> tuple[int, dict]:
    """Write a run's model card: what it can and cannot do.

    Measures each class, the calibration and some damage on the run's images, if they are here.
    """
    import torch

    from catdog_lib.atomic_write import require_own, write
    from catdog_lib.deploy.card import model_card
    from catdog_lib.deploy.measurements import measure
    from catdog_lib.deploy.trial import finished_run, run_images
    from catdog_lib.inspect.cost import cost

    run = finished_run(run_folder)
    out = out or run_folder / "card.md"
    require_own(out, b"# Model card", "a model card")
    if not out.resolve().parent.is_dir():
        raise CatdogError(
            f"--out {str(out)!r} lies in a folder that does not exist; make it first."
        )
    try:
        splits = run_images(run, data, progress=not quiet)
    except CatdogError as error:
        if data:
            raise
        print(f"without its images ({error}) the card says less; --data says where they are now")
        measured = None
    else:
        print(f"measuring  on {len(splits.test):,} test images, whole and damaged")
        measured = measure(run, splits, progress=not quiet)
    size = run.config["data"]["size"]
    costs = cost(run.model, torch.zeros(_COMPARED, 3, size, size, dtype=torch.uint8))
    write(model_card(run, costs, measured).encode(), out)
    print(f"saved      {out}")
    return 0, {
        "run": str(run_folder),
        "file": str(out),
        "model": run.config["model"],
        "result": run.config["result"],
        "cost": asdict(costs),
        "measured": measured and asdict(measured),
    }
