"""A small run on photos as cameras make them, and its demo, for the tests of the page."""

from __future__ import annotations

import random
from pathlib import Path

from PIL import Image

from catdog_lib.deploy.demo.folder import write_demo
from catdog_lib.runs.run_folder import Run
from catdog_lib.runs.train_run import train_run
from catdog_lib.sketches import draw_image
from catdog_lib.training.recipe import Recipe

ORIENTATION = 0x0112


def draw_photos(folder: Path, count: int) -> list[Path]:
    """Write JPEG files of all proportions and orientations, dark cats and bright dogs."""
    sizes = random.Random(0)
    paths = []
    for number in range(count):
        label = number % 2
        image = draw_image(number, label, 160)
        image = Image.blend(image, Image.new("RGB", image.size, 3 * (255 * label,)), 0.4)
        image = image.resize((sizes.randrange(70, 700), sizes.randrange(70, 700)))
        exif = Image.Exif()
        exif[ORIENTATION] = 1 + number % 8
        path = folder / ("cats", "dogs")[label] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, quality=90, exif=exif)
        paths.append(path)
    return paths


def small_run(photos: Path) -> Run:
    """Train a small network that looks at each image four times; it learns dark from bright."""
    recipe = Recipe(epochs=3, batch_size=8, lr=0.01, test_flip=True, test_sizes=(32, 40))
    return train_run(
        "residual",
        str(photos),
        size=32,
        settings={"width": 4},
        recipe=recipe,
        device="cpu",
        progress=False,
        log=lambda line: None,
    )


def small_demo(run: Run, folder: Path) -> Path:
    """Write the demo of a run and return its folder."""
    write_demo(run, folder, name="a small run", progress=False, log=lambda line: None)
    return folder
