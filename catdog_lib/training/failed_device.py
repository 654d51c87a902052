"""A GPU that fails in the middle of a training run: what is kept, and what to say.

It may fall off the bus, lose its driver, or be stopped by an error in a kernel. Nothing can then be
read from it, and no new work be given to it, until another process begins.
"""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.training.state import TrainingState

# What PyTorch says in a plain RuntimeError, where a library of the vendor reports the failure.
_FAILURES = re.compile(
    r"\b(CUDA|HIP|cuDNN|MIOpen|CUDNN|CUBLAS|NCCL)\w* (driver )?error|_STATUS_\w+"
)
# Of these, what only says that memory has run out, or that a call is not for this device.
_USABLE = re.compile(r"out of memory|_ALLOC_FAILED|_NOT_SUPPORTED|_BAD_PARAM")


def has_failed(error: Exception) -> bool:
    """Return whether an error says that the device itself has failed, not merely its memory."""
    if isinstance(error, torch.OutOfMemoryError) or _USABLE.search(str(error)):
        return False
    return isinstance(error, torch.AcceleratorError) or bool(_FAILURES.search(str(error)))


def unsaved_buffers(model: nn.Module) -> dict[str, Tensor]:
    """Return copies, on the CPU, of the buffers that a network's state dict leaves out."""
    saved = model.state_dict().keys()
    return {n: b.to("cpu", copy=True) for n, b in model.named_buffers() if n not in saved}


def leave_device(model: nn.Module, buffers: dict[str, Tensor]) -> None:
    """Move a network to the CPU without reading anything from where it is.

    Its parameters and buffers then hold no numbers, until a state dict is loaded.

    Args:
        model: the network.
        buffers: those that no state dict has, from :func:`unsaved_buffers`.
    """
    model.zero_grad()
    model.to_empty(device="cpu")
    for name, buffer in model.named_buffers():
        if name in buffers:
            buffer.copy_(buffers[name])


def failure(trainer: TrainingState, error: Exception) -> CatdogError:
    """Return what to tell of a failure in this training run: what happened, is kept, and to do."""
    epochs, reason = trainer.history.epochs, str(error).splitlines()[0].rstrip(". ")
    weights = "as it was before training"
    if epochs:
        weights = f"with the weights of epoch {trainer.history.kept(trainer.recipe.keep).epoch}"
    return CatdogError(
        f"The device {trainer.device} failed in epoch {trainer.epoch} ({reason}); the network is "
        f"now on the CPU, {weights}: save it, then restart Python or the notebook's kernel, since "
        "only a new process can use that device again."
    )
