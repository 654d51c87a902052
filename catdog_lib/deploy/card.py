"""A model card: what a network is, what it was trained on, how good it is, and what it cannot do.

Every number is in the run folder, or was measured for the card; what nobody has recorded is said to
be unknown. Longer than 200 lines because the sections of a card are read together.

Source: M. Mitchell and others 2019, "Model cards for model reporting", arXiv 1810.03993.
"""

from __future__ import annotations

import inspect
from pathlib import Path

import torch

from catdog_lib import __version__
from catdog_lib.classes import CLASSES
from catdog_lib.data.download.collections import COLLECTIONS
from catdog_lib.data.sources import SKETCHES
from catdog_lib.deploy.markdown import escape, percent, share, table
from catdog_lib.deploy.measurements import SURE, Measurements
from catdog_lib.deploy.recipe_words import recipe_table
from catdog_lib.device import describe
from catdog_lib.inspect.cost import Cost
from catdog_lib.runs.run_folder import Run
from catdog_lib.transfer.cached_training import repeats_itself

_UNKNOWN = "unknown: the run folder does not record it"
_NOT_MEASURED = (
    "not measured: the images of the run were not on the machine on which this card was written"
)


def model_card(run: Run, cost: Cost, measured: Measurements | None) -> str:
    """Return the model card of a finished run, in Markdown.

    Args:
        run: as :func:`catdog_lib.deploy.trial.finished_run` loads it.
        cost: of its network (:func:`catdog_lib.inspect.cost`), on this machine.
        measured: on the run's images; None if they are not on this machine.
    """
    sections = {
        "Model details": _details(run, cost),
        "Intended use": _intended_use(),
        "Training data": _data(run, measured),
        "How it was trained": _training(run),
        "Results": _results(run, measured),
        "Can its probabilities be trusted?": _calibration(measured),
        "What it cannot do": _limits(measured),
        "How to use it": _use(run),
        "Licences": _licences(run),
    }
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
    return (
        f"# Model card: cat or dog, by `{run.config['model']}`\n\n"
        f"Written by `catdog card` (version {__version__}) from the folder of the training run, "
        "after Mitchell and others 2019, arXiv 1810.03993. Ranges in brackets are 95% confidence "
        "intervals for the choice of the test images. They do not cover the training: another seed "
        f"gives another network.\n\n{body}\n"
    )


def _details(run: Run, cost: Cost) -> str:
    config, result = run.config, run.config["result"]
    settings = ", ".join(f"{name} {value}" for name, value in config["settings"].items())
    size = config["data"]["size"]
    summary = inspect.getdoc(type(run.model)).splitlines()[0].rstrip(".")
    rows = [
        ["network", f"`{config['model']}`: {escape(summary)}"],
        ["settings", escape(settings)],
        ["input", f"RGB images of {size}×{size} pixels; the network normalizes them itself"],
        ["output", f"two logits: {', then '.join(CLASSES)}"],
        ["parameters", f"{cost.parameters:,}, of which {result['parameters']:,} were trained"],
        ["weights", f"{cost.bytes / 1e6:,.1f} MB"],
        ["cost", f"{cost.multiply_adds:,} multiply-adds for an image"],
        [
            "speed",
            f"{cost.images_per_second:,.0f} images a second in float32 on "
            f"{escape(describe(torch.device('cpu')))}, measured for this card",
        ],
        ["trained on", f"{escape(result['device'])}, in {escape(result['dtype'])}"],
        ["author and date", _UNKNOWN],
    ]
    return table(["", ""], rows)


def _intended_use() -> str:
    return (
        f"The network answers one question about an image of one {CLASSES[0]} or one {CLASSES[1]}: "
        "which of the two is it? It was made in a course, to learn how such networks work. Nothing "
        "that matters to an animal or a person should depend on its answer alone."
    )


def _data(run: Run, measured: Measurements | None) -> str:
    data, result = run.config["data"], run.config["result"]
    # The folder's name without its path: that is private.
    folder = escape(Path(str(data["source"])).name)
    drawn = data["source"] == SKETCHES
    source = "sketches that the course's library drew" if drawn else f"photos in “{folder}”"
    square = {"squash": "squashed", "crop": "cropped", "pad": "padded"}[data["resize"]]
    text = (
        f"It learned from {result['train_images']:,} {source}, each {square} to a square of "
        f"{data['size']}×{data['size']} pixels. Unless the folder has validation images of its "
        f"own, {percent(data['validation'], 0)} of those that are not test images were held out "
        "for validation."
    )
    if data["max_train"] or data["max_test"]:
        text += " The number of images was limited on purpose."
    if measured is None:
        return f"{text}\n\nImages of each class: {_NOT_MEASURED}."
    rows = [
        [name, *(f"{counts[word]:,}" for word in CLASSES)]
        for name, counts in measured.images.items()
    ]
    return f"{text}\n\n{table(['split', *(f'{word}s' for word in CLASSES)], rows)}"


def _training(run: Run) -> str:
    result, settings = run.config["result"], run.config["settings"]
    start = "Its weights were random at first."
    if settings.get("pretrained"):
        start = (
            "Its backbone started with weights from ImageNet: 1.28 million photos of a thousand "
            "kinds of things, many of them cats and dogs."
        )
    if earlier := run.config.get("start"):  # its name without its path: that is private
        start = (
            f"Its weights were those of an earlier run, “{escape(Path(earlier).name)}”, which had "
            "learned from images of its own: see the card of that run."
        )
    if settings.get("frozen"):
        start += f" The first {settings['frozen']} stages of the backbone were frozen."
    end = " It was interrupted before its last epoch." * bool(result["interrupted"])
    if repeats_itself(run.model, run.recipe):
        end += " The features of the frozen backbone were computed once, before the first epoch."
    return (
        f"{start} Training took {result['epochs']} epochs and {result['train_seconds']:,.1f} "
        f"seconds; the weights are those of epoch {result['kept_epoch']}.{end}\n\n"
        f"{recipe_table(run.recipe)}\n\n"
        "All other settings are the defaults of the course's `Recipe`."
    )


def _results(run: Run, measured: Measurements | None) -> str:
    result, recipe = run.config["result"], run.recipe
    count = result["test_images"]
    text = (
        f"At the end of training **{share(round(result['test_accuracy'] * count), count)}** of "
        f"{count:,} test images were classified correctly, with a cross-entropy loss of "
        f"{result['test_loss']:.4f}. On the validation images the accuracy was "
        f"{percent(result['validation_accuracy'])}"
    )
    text += ", the best of all epochs." if recipe.keep == "best" else "."
    views = (1 + recipe.test_flip) * max(1, len(recipe.test_sizes))
    if views > 1:
        text += (
            f" Each answer is the mean over {views} views of the image (test-time augmentation). "
            "An exported file sees one view, so its accuracy may differ."
        )
    if measured is None:
        return f"{text}\n\nAccuracy on each class: {_NOT_MEASURED}."
    rows = [
        [f"{word}s", *(f"{number:,}" for number in row), share(row[label], sum(row))]
        for label, (word, row) in enumerate(zip(CLASSES, measured.confusion, strict=True))
    ]
    rows.append(["both", "", "", share(measured.right, measured.count)])
    header = ["images of", *(f"classified as {word}" for word in CLASSES), "right"]
    return f"{text}\n\nMeasured again for this card, class by class:\n\n{table(header, rows)}"


def _calibration(measured: Measurements | None) -> str:
    if measured is None:
        return f"{_NOT_MEASURED.capitalize()}."
    found, accuracy = measured.calibration, measured.right / measured.count
    if found.temperature is None:
        end = (
            "No temperature makes them better: on the validation images the answers are no better "
            "than chance."
        )
    else:
        end = (
            f"Dividing the logits by the temperature {found.temperature:.2f}, fitted on the "
            f"validation images, brings this error to {found.tempered_error:.3f}."
        )
    return (
        "A network's probabilities are calibrated if 80% of the answers with a probability of "
        "80% are right. On the test images the answers of this one have a mean probability of "
        f"{percent(found.confidence)}, and {percent(accuracy)} of them are right. The expected "
        f"calibration error in ten bins is {found.error:.3f}. A perfectly calibrated network with "
        f"these probabilities would stay below {found.error_by_chance:.3f} in 95 of 100 test sets. "
        f"{end}"
    )


def _limits(measured: Measurements | None) -> str:
    text = (
        "**It cannot say “neither”.** A horse, a sofa or an empty street gets an answer, too, and "
        "sometimes one with a high probability. An image of a cat and a dog gets one answer.\n\n"
        "Whether it does better on some breeds, ages, coats or cameras than on others: unknown, "
        "since nobody has measured it."
    )
    if measured is None:
        return f"{text}\n\nWhat damage does to its answers: {_NOT_MEASURED}."
    strangers = [[escape(kind), percent(part, 0)] for kind, part in measured.strangers.items()]
    damaged = [
        [escape(kind), f"{each.strength:g} ({escape(each.unit)})", share(each.right, each.count)]
        for kind, each in measured.damaged.items()
    ]
    some = next(iter(measured.damaged.values()))
    return (
        f"{text}\n\nImages of neither, made by the course's library, and the share of them whose "
        f"answer had a probability of {percent(SURE, 0)} or more:\n\n"
        f"{table(['images of', 'with such a probability'], strangers)}\n\n"
        "None of them is a photo of another animal, which may mislead it more often.\n\n"
        f"The next table shows what damage does to {some.count:,} test images. Undamaged, "
        f"{share(some.right_before, some.count)} of them are classified correctly.\n\n"
        f"{table(['damage', 'strength', 'right'], damaged)}"
    )


def _use(run: Run) -> str:
    size, resize = run.config["data"]["size"], run.config["data"]["resize"]
    return f"""\
With the course's library, where `RUN` is the folder of the run:

```sh
catdog predict RUN photo.jpg
catdog export RUN --to onnx
```

```python
from catdog_lib.data.loading import load_image
from catdog_lib.runs.run_folder import load_run

model = load_run("RUN").model
image = load_image("photo.jpg", size={size}, resize={resize!r})
probabilities = model(image[None]).softmax(1)[0]  # {", ".join(CLASSES)}
```

Without the library, prepare an image as `load_image` does: turn it upright, make it a square in the
same way, and resize it to {size}×{size} pixels."""


def _licences(run: Run) -> str:
    source = str(run.config["data"]["source"])
    name = Path(source).name
    if source == SKETCHES:
        text = "The library that drew the sketches is under the MIT licence."
    elif name in COLLECTIONS:
        known = COLLECTIONS[name]
        text = (
            f"If “{name}” is what `catdog data get {name}` downloads, the photos are "
            f"{known.title} ({known.licence}). Cite: {known.citation}."
        )
    else:
        text = (
            f"The licence of the photos is {_UNKNOWN}. Read the terms under which you got them "
            "before you publish the network, or any of the photos."
        )
    if run.config["settings"].get("pretrained"):
        text += (
            "\n\nThe backbone's weights are other people's work, and were trained on ImageNet, "
            "whose photos have terms of their own. Read the terms of both before you use the "
            "network for anything but research and teaching."
        )
    return f"{text}\n\nThe course's code is under the MIT licence."
