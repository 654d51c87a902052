"""The demo on the course's own site: lesson 06's network, a new head on the offline backbone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

import torch

from catdog_lib.budget import choose
from catdog_lib.data.loading import load
from catdog_lib.deploy.demo.folder import write_demo
from catdog_lib.models import TransferClassifier
from catdog_lib.runs.run_folder import Run
from catdog_lib.training.history import History
from catdog_lib.training.recipe import Recipe
from catdog_lib.transfer.features import features_of
from catdog_lib.transfer.linear_probe import linear_probe

HIDDEN_LINK, LINK = '<p id="demo" hidden>', '<p id="demo">'  # in docs/index.md


def add_demo(html: Path, log: Callable[[str], None] = print) -> None:
    """Write a demo into ``demo/`` of a site, and show the link to it on the first page.

    Args:
        html: the site, which :func:`catdog_lib.course.lessons.run` has built.
        log: is given a line of text at the end.

    Raises:
        CatdogError: the images or the runtime cannot be loaded.
    """
    started = perf_counter()
    write_demo(
        lesson_06_run(), html / "demo", name="lesson 06", progress=False, log=lambda line: None
    )
    index = html / "index.html"
    page = index.read_text(encoding="utf-8")
    index.write_text(page.replace(HIDDEN_LINK, LINK), encoding="utf-8")
    log(f"The demo: {perf_counter() - started:.0f} s")


def lesson_06_run() -> Run:
    """Train the head of lesson 06: logistic regression on the backbone's features.

    The images are loaded as the lesson loads them, so where it has run their features are in the
    cache.
    """
    arguments = {
        "source": None,
        "size": choose(quick=128, standard=160, full=224),
        "resize": "squash",
        "validation": 0.4,
        "max_train": choose(quick=400, standard=1500, full=None),
        "max_test": choose(quick=150, standard=500, full=None),
        "seed": 0,
    }
    pets = load(**arguments, progress=False)
    model = TransferClassifier(size=pets.train.size).eval()
    train, test = (
        features_of(model.backbone, images, progress=False) for images in (pets.train, pets.test)
    )
    model.head = linear_probe(train, pets.train.labels)
    with torch.no_grad():
        right = (model.head(test).argmax(1) == pets.test.labels).double().mean().item()
    config = {
        "model": "transfer",
        "settings": model.settings,
        "recipe": asdict(Recipe()),
        "data": {**arguments, "source": pets.source},
        "result": {
            "test_accuracy": right,
            "train_images": len(pets.train),
            "test_images": len(pets.test),
        },
    }
    return Run(model, config, History())
