"""Callbacks: what happens at certain moments of training, as a plain dict of lists of functions.

Each function takes the trainer. Add your own with ``trainer.callbacks["on_epoch_end"].append(f)``.
The idea is that of A. Karpathy's minGPT.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tqdm.auto import tqdm

from catdog_lib.sparsity import proximal_step
from catdog_lib.training.schedules import SCHEDULES
from catdog_lib.training.state import TrainingState


def add_recipe_callbacks(trainer: TrainingState) -> None:
    """Add what the recipe asks for around each step."""
    recipe, callbacks = trainer.recipe, trainer.callbacks
    callbacks["on_step_begin"].append(set_learning_rate)
    if recipe.max_grad_norm:
        callbacks["on_backward_end"].append(clip_gradients)
    if recipe.penalty == "proximal":
        proximal = ProximalStep()
        callbacks["on_backward_end"].append(proximal.note_scale)
        callbacks["on_step_end"].append(proximal.shrink)
    if recipe.ema_decay:
        callbacks["on_step_end"].append(update_ema)


def set_learning_rate(trainer: TrainingState) -> None:
    """Set the rate of every parameter group to what the schedule says for the next step."""
    progress = trainer.steps_taken / (trainer.steps_in_epoch * trainer.recipe.epochs)
    factor = SCHEDULES[trainer.recipe.schedule](progress)
    for group in trainer.optimizer.param_groups:
        group["lr"] = group["initial_lr"] * factor


def clip_gradients(trainer: TrainingState) -> None:
    """Scale the gradients down to the norm that the recipe allows."""
    parameters = trainer.model.parameters()
    trainer.precision.clip_gradients(trainer.optimizer, parameters, trainer.recipe.max_grad_norm)


def update_ema(trainer: TrainingState) -> None:
    """Take the new weights into the moving average."""
    trainer.ema.update(trainer.model)


class ProximalStep:
    """The proximal step that follows each step of the optimizer."""

    def __init__(self):
        self.scale = 1.0

    def note_scale(self, trainer: TrainingState) -> None:
        """Remember the gradient scale from before the optimizer's step."""
        self.scale = trainer.precision.scaler.get_scale()

    def shrink(self, trainer: TrainingState) -> None:
        """Soft-threshold the weights, unless the scaler skipped the step and lowered the scale."""
        if trainer.precision.scaler.get_scale() >= self.scale:
            recipe = trainer.recipe
            proximal_step(trainer.optimizer, trainer.model, recipe.l1, recipe.group_l1)


@contextmanager
def progress_bar(trainer: TrainingState, visible: bool) -> Iterator[None]:
    """Show a bar with the images trained on, the epoch and the validation accuracy."""
    epochs, count = trainer.recipe.epochs, trainer.history.train_images
    done = len(trainer.history.epochs) * count
    with tqdm(total=epochs * count, initial=done, unit="image", disable=not visible) as bar:

        def show_epoch(trainer: TrainingState) -> None:
            bar.set_description(f"Epoch {trainer.epoch}/{epochs}")

        def show_accuracy(trainer: TrainingState) -> None:
            accuracy = trainer.history.epochs[-1].validation_accuracy
            bar.set_postfix_str(f"validation accuracy {accuracy:.1%}")

        trainer.callbacks["on_epoch_begin"].append(show_epoch)
        trainer.callbacks["on_batch_end"].append(lambda trainer: bar.update(trainer.batch_size))
        trainer.callbacks["on_epoch_end"].append(show_accuracy)
        yield
