"""All variants of one animal, and what a network makes of each of them.

The variants are numbered in the order of ``itertools.product`` over the choices of each trait: the
choice of the last trait changes fastest.

Lesson 07, section 5.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from itertools import product

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from catdog_lib.classes import CLASSES
from catdog_lib.device import device_of
from catdog_lib.errors import CatdogError
from catdog_lib.explain import grad_cam, occlusion
from catdog_lib.explore.convert import encode, heat_bytes, shape_text
from catdog_lib.inspect.hooks import evaluating
from catdog_lib.sketches.variants import TRAITS, draw_variant

COLUMNS = 18  # variants in a row of the sheet
QUALITY = 80  # of the sheet, a JPEG file
HEAT_SIDE = 16  # places of a heat map along each side
METHODS = ("Grad-CAM", "occlusion")
_BATCH_SIZE = 64


def all_variants() -> list[dict[str, str]]:
    """Return the traits of every variant, in the order of their numbers."""
    return [dict(zip(TRAITS, choices, strict=True)) for choices in product(*TRAITS.values())]


def number_of(traits: Mapping[str, str]) -> int:
    """Return the number of the variant with these traits."""
    number = 0
    for trait, choices in TRAITS.items():
        number = number * len(choices) + list(choices).index(traits[trait])
    return number


def draw_sheet(size: int, seed: int) -> str:
    """Return one JPEG file with every variant, row after row, as the text of a data URI.

    Args:
        size: of each, in pixels.
        seed: of all that no trait says.
    """
    variants = all_variants()
    rows = -(-len(variants) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * size, rows * size))
    for number, traits in enumerate(variants):
        row, column = divmod(number, COLUMNS)
        sheet.paste(draw_variant(traits, size, seed), (column * size, row * size))
    file = io.BytesIO()
    sheet.save(file, "JPEG", quality=QUALITY, subsampling=0)  # no colour runs into a neighbour
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def cut_sheet(uri: str, size: int) -> Tensor:
    """Return the images on a sheet, N×3×size×size uint8: the very pixels that the page shows."""
    data = base64.b64decode(uri.partition(",")[2])
    pixels = torch.from_numpy(np.array(Image.open(io.BytesIO(data))))
    tiles = pixels.unfold(0, size, size).unfold(1, size, size)  # rows×columns×3×size×size
    return tiles.flatten(0, 1)[: len(all_variants())].contiguous()


def check_network(name: str, model: nn.Module, size: int) -> None:
    """Raise an error unless the model gives two logits for an image.

    Raises:
        CatdogError: it is no network, or it returns something else.
    """
    if not isinstance(model, nn.Module):
        raise CatdogError(
            f"The network {name!r} is a {type(model).__name__}; pass an nn.Module, or a dictionary "
            "of them, such as {'mine': network}."
        )
    logits = _logits(model, torch.zeros(1, 3, size, size))
    if logits.ndim != 2 or logits.shape[1] != len(CLASSES):
        raise CatdogError(
            f"The network {name!r} gives {shape_text(logits)} numbers for one image of {size} "
            "pixels; the studio needs 1×2, the logits of cat and dog."
        )


def record_network(name: str, model: nn.Module, images: Tensor, method: str) -> dict:
    """Return the network's name, its score of a dog for each image, and the heat maps as text.

    The score is the logit of the dog less that of the cat, so 1 / (1 + e^−score) is the probability
    of a dog. The heat is that of the class that the network predicts, without what is below 0.

    Args:
        name: of the network.
        model: takes N×3×H×W and returns logits, N×2.
        images: N×3×H×W, from 0 to 1.
        method: one of METHODS.
    """
    logits = _logits(model, images)
    if method == "Grad-CAM":
        heat = grad_cam(model, images, size=(HEAT_SIDE, HEAT_SIDE))
    else:
        patch = images.shape[-1] // 4
        lost = occlusion(model, images, patch=patch, stride=patch // 2).relu()
        heat = F.adaptive_avg_pool2d(lost[:, None], HEAT_SIDE)[:, 0]
    return {
        "name": name,
        "scores": (logits[:, 1] - logits[:, 0]).tolist(),
        "heat": encode(heat_bytes(heat)),
    }


def _logits(model: nn.Module, images: Tensor) -> Tensor:
    """Return the logits of all images, float64, on the CPU."""
    device = device_of(model)
    with evaluating(model), torch.no_grad():
        parts = [model(part.to(device)) for part in images.split(_BATCH_SIZE)]
    return torch.cat(parts).cpu().double()
