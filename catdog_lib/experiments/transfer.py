"""From scratch against transfer: test accuracy by the number of training photos.

Each number of photos is drawn several times. Longer than 200 lines because both sides of the
comparison stand together.

Transfer is a linear probe on the features of the offline backbone, which stay as ImageNet made
them. From scratch is the course's own residual network with the recipe "minutes", which goes over a
small set many times. Both get the same photos.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import torch

from catdog_lib.atomic_write import write
from catdog_lib.budget import choose, current
from catdog_lib.data import load
from catdog_lib.data.image_set import ImageSet, Splits
from catdog_lib.data.sources import SKETCHES
from catdog_lib.device import choose_device, describe
from catdog_lib.errors import CatdogError
from catdog_lib.models import backbone, build
from catdog_lib.models.backbones.families import OFFLINE
from catdog_lib.training.evaluate import evaluate
from catdog_lib.training.fit import fit
from catdog_lib.training.presets import named
from catdog_lib.transfer.features import features_of
from catdog_lib.transfer.linear_probe import linear_probe

SCRATCH = named("minutes")
# Of the probe's photos. On validation photos, 224 pixels or the whole photo made square were worse.
SIZE, RESIZE = 256, "crop"
IMAGES_SEEN = 30_000  # by a training run from scratch, about, in
EPOCHS = (14, 200)  # at least and at most this many epochs


@dataclass(frozen=True)
class Plan:
    """How large the experiment is; what is not given depends on the budget.

    Attributes:
        counts: numbers of training photos; one above what there is means all of them.
        draws: how often each number of photos is drawn.
    """

    counts: Sequence[int] = field(
        default_factory=lambda: choose(
            quick=(10,),
            standard=(10, 30, 100, 300, 1000),
            full=(10, 30, 100, 300, 1000, 3000, 8000),
        )
    )
    draws: int = field(default_factory=lambda: choose(quick=1, standard=3, full=5))

    def __post_init__(self):
        if self.draws < 1:
            raise CatdogError(f"--draws is {self.draws}; use 1 or more.")
        if not self.counts or min(self.counts) < 4:
            raise CatdogError("--counts must name one or more numbers of photos, each 4 or more.")


def run(
    plan: Plan,
    source: str | None,
    out: str | os.PathLike,
    *,
    device: str | None = None,
    log: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Measure what is not measured yet, and write results.json.

    Args:
        plan: how large.
        source: of the images, as for :func:`catdog_lib.data.load`.
        out: the folder for results.json; what an earlier run of the same command left there is
            not done again.
        device: of the networks; None takes the fastest here.
        log: gets a line for each accuracy.

    Returns:
        what results.json holds: "command", "date", "hardware", "data", and "curves": name → count →
        "mean", "std" (of a sample; None for one draw) and "values", test accuracies from 0 to 1,
        and "seconds" of each training run, extraction of the features apart.

    Raises:
        CatdogError: the images cannot be used, or ``out`` holds results of another command.
    """
    device = choose_device(device)
    small = load(source, SCRATCH.size, validation=SCRATCH.validation)
    large = load(source, SIZE, resize=RESIZE, validation=SCRATCH.validation)
    pool, pool_large = _joined(small), _joined(large)
    network = backbone(OFFLINE).to(device)
    features = {"pool": features_of(network, pool_large), "test": features_of(network, large.test)}

    def probe(count: int, draw: int) -> float:
        """Return the test accuracy of transfer."""
        chosen = _positions(pool_large, count, draw)
        head = linear_probe(features["pool"][chosen], pool_large.labels[chosen])
        with torch.no_grad():
            answers = head(features["test"]).argmax(1)
        return (answers == large.test.labels).double().mean().item()

    def scratch(count: int, draw: int) -> float:
        """Return the test accuracy of training from scratch."""
        torch.manual_seed(draw)
        model = build(SCRATCH.model)
        chosen = pool.subset(_positions(pool, count, draw))
        least, most = EPOCHS
        epochs = min(max(IMAGES_SEEN // len(chosen), least), most)
        recipe = replace(SCRATCH.recipe, epochs=epochs, seed=draw)
        # The last epoch's weights are kept: validation chooses nothing, so a few photos will do.
        data = replace(small, train=chosen, validation=small.validation.sample(4))
        fit(model, data, recipe, device=str(device), progress=False)
        return evaluate(model, small.test, flip=recipe.test_flip, sizes=recipe.test_sizes).accuracy

    results = _start(plan, small, Path(out), device)
    counts = sorted({min(count, len(pool)) for count in plan.counts})
    for name, train in (("transfer", probe), ("from scratch", scratch)):
        for count in counts:
            rows = results["curves"].setdefault(name, {})
            row = rows.setdefault(str(count), {"values": [], "seconds": []})
            # All photos are drawn in one way only, and nothing else in the probe is random.
            draws = 1 if name == "transfer" and count == len(pool) else plan.draws
            for draw in range(len(row["values"]), draws):
                start = time.perf_counter()
                row["values"].append(train(count, draw))
                row["seconds"].append(round(time.perf_counter() - start, 2))
                row["mean"] = mean(row["values"])
                row["std"] = stdev(row["values"]) if draw else None
                accuracy, seconds = row["values"][-1], row["seconds"][-1]
                log(f"{name}, {count} photos, draw {draw + 1}: {accuracy:.1%}, {seconds:.0f} s")
                write(json.dumps(results, indent=1).encode(), Path(out) / "results.json")
    return results


def table_text(results: dict[str, Any]) -> str:
    """Return the curves as text for people.

    They hold means over the draws, ± the standard deviation where there are several.
    """
    names = list(results["curves"])
    lines = [f"{'photos':>8}  " + "  ".join(f"{name:<14}" for name in names)]
    for count in results["curves"][names[0]]:
        rows = [results["curves"][name][count] for name in names]
        cells = [
            f"{row['mean']:.1%}" + ("" if row["std"] is None else f" ± {row['std']:.1%}")
            for row in rows
        ]
        lines.append(f"{int(count):>8,}  " + "  ".join(f"{cell:<14}" for cell in cells).rstrip())
    return "\n".join(lines)


def _joined(splits: Splits) -> ImageSet:
    """Return training and validation photos as one set: nothing is chosen on validation here."""
    a, b = splits.train, splits.validation
    if a.store is not b.store:
        raise CatdogError(
            f"{splits.source!r} brings its own validation photos; the experiment takes a folder "
            "without."
        )
    return ImageSet(
        a.store, torch.cat([a.rows, b.rows]), torch.cat([a.labels, b.labels]), a.names + b.names
    )


def _positions(pool: ImageSet, count: int, draw: int) -> torch.Tensor:
    """Return the positions of ``count`` photos in the pool, as many cats as dogs.

    They are the same for every image size.
    """
    numbered = replace(pool, rows=torch.arange(len(pool)))
    return numbered.sample(count, draw).rows


def _start(plan: Plan, data: Splits, out: Path, device: torch.device) -> dict[str, Any]:
    """Return the results so far: those of an earlier run of the same command, or none."""
    source = data.source if data.source == SKETCHES else "PHOTOS"
    command = (
        f"CATDOG_BUDGET={current()} catdog experiment transfer --data {source} "
        f"--counts {' '.join(map(str, plan.counts))} --draws {plan.draws}"
    )
    file = out / "results.json"
    if file.is_file():
        found = json.loads(file.read_text(encoding="utf-8"))
        if found.get("command") != command:
            raise CatdogError(
                f"{str(file)!r} has results of another command; use another folder for --out."
            )
        return found
    out.mkdir(parents=True, exist_ok=True)
    return {
        "experiment": "transfer",
        "command": command,
        "date": date.today().isoformat(),
        "hardware": {"device": describe(device), "torch": torch.__version__},
        "data": {
            "source": SKETCHES if source == SKETCHES else "photos",
            "train_images": len(data.train) + len(data.validation),
            "test_images": len(data.test),
        },
        "curves": {},
    }
