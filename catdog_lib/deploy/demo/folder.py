"""Write the folder of a demo: the network, what it is compared with, and the page around it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from PIL import Image

from catdog_lib.data.download.npm import npm_files
from catdog_lib.data.image_set import ImageSet, Splits
from catdog_lib.deploy.demo.facts import RANK, RUNTIME, Confidence, confidence_of, facts_of
from catdog_lib.deploy.demo.network import DemoNetwork
from catdog_lib.deploy.demo.outputs import outputs_of
from catdog_lib.deploy.demo.reference import COUNT, Reference, contact_sheet, quantized
from catdog_lib.deploy.export import export_named
from catdog_lib.deploy.trial import run_images
from catdog_lib.errors import CatdogError
from catdog_lib.runs.run_folder import Run
from catdog_lib.transfer.fine_tuning import positions

FACTS = "demo.json"  # marks a folder as a demo
_EXAMPLES = 4


def write_demo(
    run: Run,
    folder: Path,
    *,
    name: str,
    source: str | None = None,
    progress: bool = True,
    log: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Write a page that runs the network of ``run`` in a browser; return what it knows of itself.

    An older demo in ``folder`` is replaced in one step, at the end.

    Args:
        run: from :func:`catdog_lib.runs.run_folder.load_run`.
        folder: for the page; new, empty, or an older demo.
        name: of the run, for the page.
        source: where the run's images are now; None takes where they came from.
        progress: show bars.
        log: is given a line of text at each stage.

    Raises:
        CatdogError: the folder holds something else or cannot be written, the runtime or the run's
            images cannot be loaded, there are more or fewer images than the run had, or the network
            cannot be exported.
    """
    folder = folder.resolve()  # so that "." and a link are replaced as a whole
    _require_free(folder)
    runtime = npm_files(RUNTIME)
    data = run_images(run, source, progress=progress)
    if len(data.train) < RANK:
        raise CatdogError(
            f"A demo compares each photo with the {RANK} nearest training images, and the run has "
            f"{len(data.train)}; train it on more."
        )
    some, _ = data.validation[:8]
    recipe = run.recipe
    network = DemoNetwork(run.model, some / 255, flip=recipe.test_flip, sizes=recipe.test_sizes)
    log(f"comparing with the training images, {len(data.train):,} of them")
    reference, confidence = _compare(network, run, data, progress)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.") as temporary:
            part = Path(temporary) / "demo"
            part.mkdir()
            log("writing the network")
            export_named(network, part / "network.onnx", some / 255)
            facts = facts_of(run, name, network, data, reference, confidence)
            facts["examples"] = _write_examples(data.test, part)
            (part / "neighbours.bin").write_bytes(reference.rows.numpy().tobytes())
            (part / "neighbours.jpg").write_bytes(contact_sheet(reference.images))
            _copy_page(part, runtime)
            (part / FACTS).write_text(json.dumps(facts, indent=1), encoding="utf-8")
            if folder.exists():
                folder.rename(Path(temporary) / "older")
            part.rename(folder)
    except OSError as error:
        raise CatdogError(
            f"The demo cannot be written to {str(folder)!r} ({error}); use another --out."
        ) from None
    return facts


def _require_free(folder: Path) -> None:
    """Raise :class:`CatdogError` unless the folder is new, empty, or an older demo."""
    with suppress(OSError, ValueError, TypeError):
        if "thumbnails" in json.loads((folder / FACTS).read_bytes()):
            return
    if not folder.exists():
        return
    if not folder.is_dir() or any(folder.iterdir()):
        raise CatdogError(f"{str(folder)!r} already exists and is not a demo; use another --out.")


def _compare(
    network: DemoNetwork, run: Run, data: Splits, progress: bool
) -> tuple[Reference, Confidence]:
    """Return the training images to compare with, and what the validation images teach."""
    chosen = positions(data.train, COUNT, seed=0)
    _, features = outputs_of(network, run.model, data.train, chosen, progress=progress)
    reference = Reference(data.train.subset(chosen), quantized(features))
    logits, features = outputs_of(network, run.model, data.validation, progress=progress)
    return reference, confidence_of(logits, features, data.validation.labels, reference)


def _write_examples(test: ImageSet, folder: Path) -> list[dict[str, str]]:
    """Write a few test images as PNG files; return the name of each file, and what it shows."""
    examples = []
    (folder / "examples").mkdir()
    for position in positions(test, _EXAMPLES, seed=0).tolist():
        pixels, _ = test[position]
        file = f"examples/{len(examples)}.png"
        Image.fromarray(pixels.permute(1, 2, 0).numpy()).save(folder / file)
        examples.append({"file": file, "name": f"Test image {len(examples) + 1}"})
    return examples


def _copy_page(folder: Path, runtime: Path) -> None:
    """Copy the page, its scripts and its style, and the runtime."""
    own, shared = files("catdog_lib.deploy.demo"), files("catdog_lib.explore") / "js"
    with as_file(own) as source:
        shutil.copy(source / "page.html", folder / "index.html")
        for name in ("style.css", "icon.svg"):
            shutil.copy(source / name, folder)
        shutil.copytree(source / "js", folder / "js")
    for name in ("colour.js", "math.js"):  # what the explorables have already
        text = (shared / name).read_text(encoding="utf-8")
        (folder / "js" / name).write_text(text, encoding="utf-8")
    (folder / "vendor").mkdir()
    for name in RUNTIME.files:
        shutil.copy(runtime / name, folder / "vendor")
