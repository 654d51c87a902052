"""Interrupt training and go on later: all that has to be saved, and how it is taken up again.

Lesson 10, section 8.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

import torch

from catdog_lib.device import dtype_name
from catdog_lib.errors import CatdogError, warn
from catdog_lib.training import checkpoint
from catdog_lib.training.history import History
from catdog_lib.training.precision import MixedPrecision
from catdog_lib.training.state import TrainingState


def checkpoint_contents(trainer: TrainingState) -> dict[str, Any]:
    """Return all that :func:`resume` needs to go on as if nothing had happened."""
    on_gpu = trainer.device.type == "cuda"
    return {
        "settings": settings(trainer),
        "names": trainer.names,
        "model": trainer.model.state_dict(),
        "optimizer": trainer.optimizer.state_dict(),
        "scaler": trainer.precision.scaler.state_dict(),
        "ema": (trainer.ema.model.state_dict(), trainer.ema.count) if trainer.ema else None,
        "generators": {
            "order and augmentation": trainer.generator.get_state(),
            "dropout": torch.get_rng_state(),
            "dropout on the GPU": torch.cuda.get_rng_state(trainer.device) if on_gpu else None,
        },
        "steps_taken": trainer.steps_taken,
        "micro_batches": trainer.micro_batches,
        "layout": trainer.layout and str(trainer.layout).removeprefix("torch."),
        "history": trainer.history.to_json(),
        "kept_weights": trainer.kept_weights,
    }


def resume(trainer: TrainingState, saved: dict[str, Any]) -> None:
    """Bring the trainer to where it was when :func:`checkpoint_contents` was called.

    Raises:
        CatdogError: it was another recipe, optimizer, network, images or kind of device.
            Nothing has been changed then.
    """
    checkpoint.check_settings_match(
        saved["settings"], settings(trainer), "The training", "name another file"
    )
    if saved.get("names", trainer.names) != trainer.names:  # older checkpoints have none
        raise CatdogError(
            "The training run was begun with other images, though as many; give it those to "
            "continue, or name another file."
        )
    history = History.from_json(saved["history"])
    dtype = getattr(torch, history.dtype)
    fastest = trainer.precision.dtype
    if dtype not in (fastest, torch.float32):
        warn(
            f"This training run was begun in {history.dtype} and goes on in it, to end as it would "
            f"have; {dtype_name(fastest)} is faster on this machine."
        )
    trainer.history, trainer.kept_weights = history, saved["kept_weights"]
    trainer.precision = MixedPrecision(trainer.device, dtype)
    trainer.precision.scaler.load_state_dict(saved["scaler"])
    trainer.model.load_state_dict(saved["model"])
    trainer.optimizer.load_state_dict(saved["optimizer"])
    if trainer.ema:
        weights, trainer.ema.count = saved["ema"]
        trainer.ema.model.load_state_dict(weights)
    generators = saved["generators"]
    trainer.generator.set_state(generators["order and augmentation"])
    torch.set_rng_state(generators["dropout"])
    if trainer.device.type == "cuda":
        torch.cuda.set_rng_state(generators["dropout on the GPU"], trainer.device)
    trainer.steps_taken, trainer.micro_batches = saved["steps_taken"], saved["micro_batches"]
    if layout := saved.get("layout"):  # measured, perhaps, and might be another one today
        trainer.layout = getattr(torch, layout)
        trainer.model.to(memory_format=trainer.layout)


def begin_or_resume(trainer: TrainingState, path: str | os.PathLike) -> None:
    """Go on from the checkpoint if it exists; write it now and after every epoch.

    Raises:
        CatdogError: it is of another training, damaged, or cannot be written.
    """

    def save(trainer: TrainingState) -> None:
        checkpoint.save(checkpoint_contents(trainer), path)

    if saved := trainer.dist.broadcast_object(lambda: checkpoint.load(path)):
        resume(trainer, saved)
    elif trainer.dist.is_main:  # if it cannot be written, better to know now
        save(trainer)
    if trainer.dist.is_main:
        trainer.callbacks["on_epoch_end"].append(save)


def settings(trainer: TrainingState) -> dict[str, Any]:
    """Return what must be the same for training to go on."""
    groups = trainer.optimizer.param_groups
    # The schedule changes lr, and knows initial_lr; dtype is the machine's.
    varying = ("params", "lr", "dtype")
    return {
        "device": trainer.device.type,
        "recipe": asdict(trainer.recipe),
        "train_images": trainer.history.train_images,
        "network": {name: tuple(x.shape) for name, x in trainer.model.state_dict().items()},
        "optimizer": type(trainer.optimizer).__name__,
        "groups": {
            number: {name: value for name, value in group.items() if name not in varying}
            for number, group in enumerate(groups)
        },
    }
