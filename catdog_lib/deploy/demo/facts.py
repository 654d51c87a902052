"""What the page knows: the numbers that it computes with, and sentences about its network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from catdog_lib.classes import CLASSES
from catdog_lib.data.download.npm import NpmPackage
from catdog_lib.data.image_set import Splits
from catdog_lib.deploy.demo.network import DemoNetwork
from catdog_lib.deploy.demo.reference import COLUMNS, THUMBNAIL, Reference
from catdog_lib.errors import CatdogError
from catdog_lib.models import count_parameters
from catdog_lib.runs.run_folder import Run
from catdog_lib.trust.rejection import neighbour_similarity, threshold_for
from catdog_lib.trust.temperature import fit_temperature

RANK = 5  # the nearest training image that decides whether a photo is like them
ACCEPTED = 0.95  # of the validation images
FLAT = 1e9  # a temperature that makes every probability 50%
# MIT licence; two files of the package, which run a network in WebAssembly.
RUNTIME = NpmPackage(
    "onnxruntime-web",
    "1.30.0",
    "sha512-"
    "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ==",
    ("dist/ort.wasm.bundle.min.mjs", "dist/ort-wasm-simd-threaded.wasm"),
)


@dataclass(frozen=True)
class Confidence:
    """What turns logits and features into an honest answer, found on the validation images.

    Attributes:
        temperature: that logits are divided by; FLAT if the network is no better than chance.
        threshold: the least similarity to the RANK-th nearest training image.
        images: how many validation images there were.
    """

    temperature: float
    threshold: float
    images: int


def confidence_of(
    logits: Tensor, features: Tensor, labels: Tensor, reference: Reference
) -> Confidence:
    """Return the temperature and the threshold that fit the validation images.

    Args:
        logits: N×2, of the validation images.
        features: N×D, of the same.
        labels: N.
        reference: what the page compares a photo with.
    """
    similarity = neighbour_similarity(features, reference.features, rank=RANK)
    try:
        temperature = fit_temperature(logits, labels)
    except CatdogError:  # the network is no better than chance
        temperature = FLAT
    return Confidence(temperature, threshold_for(similarity, ACCEPTED), len(labels))


def facts_of(
    run: Run,
    name: str,
    network: DemoNetwork,
    data: Splits,
    reference: Reference,
    confidence: Confidence,
) -> dict[str, Any]:
    """Return what the page has to know, for its ``demo.json``."""
    return {
        "name": name,
        "classes": CLASSES,
        "size": data.train.size,
        "heat": "heat" in network.names,
        "temperature": confidence.temperature,
        "rank": RANK,
        "threshold": confidence.threshold,
        "accepted": round(100 * ACCEPTED),
        "labels": "".join(map(str, reference.images.labels.tolist())),
        "thumbnails": {"size": THUMBNAIL, "columns": COLUMNS},
        "about": _sentences(run, name, data, reference, confidence),
    }


def _sentences(
    run: Run, name: str, data: Splits, reference: Reference, confidence: Confidence
) -> list[str]:
    """Return what a visitor should know of the network."""
    settings, result, size = run.config["settings"], run.config["result"], data.train.size
    kind = settings.get("backbone", run.config["model"])
    start = ", and from nothing else"
    if settings.get("pretrained"):
        start = ", starting from weights learned from ImageNet's 1.28 million photos"
    calibration = (
        f"Its logits are divided by the temperature {confidence.temperature:.2f}, for which the "
        f"probabilities fit {confidence.images:,} validation images best."
    )
    if confidence.temperature == FLAT:
        calibration = (
            f"On {confidence.images:,} validation images it is no better than chance, so it gives "
            "every answer a probability of 50%."
        )
    return [
        f"{name}: {kind}, {count_parameters(run.model):,} trained parameters; it sees images of "
        f"{size}×{size} pixels.",
        f"It has learned from {len(data.train):,} images of cats and dogs{start}.",
        f"It classifies {result['test_accuracy']:.1%} of {result['test_images']:,} test images "
        "correctly.",
        calibration,
        f"It says “I don't know” if the similarity to the {RANK}th nearest of "
        f"{len(reference.images):,} training images is below {confidence.threshold:.3f}. That "
        f"also rejects {1 - ACCEPTED:.0%} of the validation images, and it does not reject every "
        "photo of something else.",
        f"It runs with {RUNTIME.name} {RUNTIME.version} (MIT licence, © Microsoft Corporation).",
    ]
