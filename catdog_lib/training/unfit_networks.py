"""Say in a sentence why a network cannot be trained, where PyTorch says it in its own terms."""

from __future__ import annotations

import re
from collections.abc import Iterable

import torch
from torch import nn

from catdog_lib.errors import CatdogError
from catdog_lib.inspect.hooks import evaluating

# What PyTorch says → what it means here, with the numbers that PyTorch names.
NOT_TWO_LOGITS = (
    "The network does not return two logits for each image, one for each class; let its last layer "
    "have two outputs."
)
_MEANINGS = {
    r"InvalidCxxCompiler|No working C\+\+ compiler": (
        "torch.compile needs a C++ compiler, and there is none here; install one, or leave compile "
        "out."
    ),
    r"unsigned char|\bByte\b|uint8": (
        "The network cannot take images as bytes; put catdog_lib.models.Normalize() before its "
        "first layer."
    ),
    r"Target \d+ is out of bounds|target with class prob|batches of spatial": NOT_TWO_LOGITS,
    r"mat1 and mat2 shapes cannot be multiplied \(\d+x(\d+) and (\d+)x\d+\)": (
        "A linear layer of the network gets {0} values and takes {1}; flatten the maps before it, "
        "let it take {0}, or load images of the size that the network is made for."
    ),
    r"to have (\d+) channels, but got (\d+) channels": (
        "A convolution of the network gets {1} channels and takes {0}; let it take {1}. Images "
        "have 3."
    ),
    r"Output size is too small": (
        "Pooling makes the maps smaller than one pixel; use larger images, also in train_sizes and "
        "test_sizes."
    ),
    r"Expected more than 1 value per channel": (
        "BatchNorm cannot normalize a batch that has one value for each channel; use a larger "
        "batch_size, fewer accumulation_steps, or larger images."
    ),
}


def reason_of(error: Exception, model: nn.Module) -> CatdogError | None:
    """Return an error in the course's words, or None if it is not one of those that are known.

    Args:
        error: what a step of training raised.
        model: the network.
    """
    if not any(parameter.requires_grad for parameter in model.parameters()):
        return CatdogError(
            "The network has no parameter that can learn, since all are frozen; unfreeze some "
            "with catdog_lib.models.unfreeze, or give it a new head."
        )
    for said, meaning in _MEANINGS.items():
        if found := re.search(said, str(error)):
            return CatdogError(meaning.format(*found.groups()))
    return None


def require_sizes(model: nn.Module, sizes: Iterable[int]) -> None:
    """Raise a CatdogError if the network cannot take square images of one of these sizes (pixels).

    One black image of each tells, before thousands are decoded.
    """
    try:
        with evaluating(model), torch.no_grad():
            for size in sorted(set(sizes)):
                model(torch.zeros(1, 3, size, size, dtype=torch.uint8))
    except RuntimeError as error:
        if not (reason := reason_of(error, model)):
            raise
        why = str(reason)
        raise CatdogError(f"With images of {size} pixels, {why[0].lower()}{why[1:]}") from None
