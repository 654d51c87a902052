"""One step of training: the loss, its gradients, and the change of the weights that follows from them."""

from __future__ import annotations

import math
import warnings
from dataclasses import asdict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn
from torch.optim import Optimizer

from catdog_lib.averaging import Average
from catdog_lib.device import autocast, fast_dtype
from catdog_lib.distributed import team
from catdog_lib.errors import CatdogError
from catdog_lib.history import History
from catdog_lib.optimizers import make_optimizer
from catdog_lib.recipe import Recipe
from catdog_lib.schedules import SCHEDULES
from catdog_lib.sparsity import l1_penalty


class Training:
    """A network in training: everything that a step reads or changes.

    Attributes:
        model: the network, on ``device``; ``learner`` is the same one, compiled or shared out to several processes.
        recipe: how to train it.
        optimizer: changes its weights.
        device, dtype: where, and in which number format, the convolutions are computed.
        average: the running average of the weights, if the recipe wants one.
        generator: draws the order of the pictures and their augmentation.
        parts: into how many each batch is cut, to need less memory.
        steps_in_epoch, steps_taken: where the training stands.
    """

    def __init__(
        self,
        model: nn.Module,
        recipe: Recipe,
        optimizer: Optimizer | None,
        device: torch.device,
        steps_in_epoch: int,
    ):
        self.model = model.to(device, memory_format=torch.channels_last)
        self.recipe, self.device = recipe, device
        self.dtype = fast_dtype(device) if recipe.precision == "auto" else torch.float32
        self.optimizer = optimizer or make_optimizer(
            recipe.optimizer, model, recipe.lr, recipe.momentum, recipe.weight_decay
        )
        for group in self.optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        # In float16 small gradients would round to 0; the scaler makes them larger for the while.
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.dtype == torch.float16)
        self.average = Average(model, recipe.average) if recipe.average else None
        self.team = team()
        self.learner = self.team.wrap(torch.compile(model) if recipe.compile else model)
        self.generator = Generator().manual_seed(recipe.seed)
        self.parts = recipe.accumulate
        self.steps_in_epoch, self.steps_taken = steps_in_epoch, 0

    @property
    def epoch(self) -> int:
        """The epoch that the next step belongs to, counted from 1."""
        return self.steps_taken // self.steps_in_epoch + 1

    def step(self, pictures: Tensor, labels: Tensor, of: int) -> Tensor:
        """Learn from one batch of ``of`` pictures, or this process's share of it, N×3×H×W and N.

        Returns the logits, N×2.

        Raises:
            CatdogError: the loss is no number, or the memory is too small for one picture.
        """
        self._set_learning_rate()
        self.optimizer.zero_grad()
        logits = self._gradients_that_fit(pictures, labels, of)
        if self.recipe.clip:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.average:
            self.average.update(self.model)
        self.steps_taken += 1
        return logits

    def gradients(self, pictures: Tensor, labels: Tensor, of: int) -> Tensor:
        """Forward and backward, one part of the batch after the other; each adds its share to the gradients."""
        logits = []
        parts = min(self.parts, len(labels))
        for some, truth in zip(
            pictures.tensor_split(parts), labels.tensor_split(parts), strict=True
        ):
            with autocast(self.device, self.dtype):
                scores = self.learner(some).float()
            loss = F.cross_entropy(
                scores, truth, reduction="sum", label_smoothing=self.recipe.label_smoothing
            )
            loss = loss * self.team.size / of  # the team takes the mean over its processes
            if self.recipe.l1:
                loss = loss + self.recipe.l1 * l1_penalty(self.model) / parts
            if self.device.type == "cpu" and not loss.isfinite():
                batch = self.steps_taken % self.steps_in_epoch + 1
                raise self.no_number(self.epoch, batch, loss.item())
            self.scaler.scale(loss).backward()
            logits.append(scores.detach())
        return torch.cat(logits)

    def _gradients_that_fit(self, pictures: Tensor, labels: Tensor, of: int) -> Tensor:
        """:meth:`gradients`, with the batch cut into halves for as long as it is too large for the GPU's memory."""
        while True:
            try:
                return self.gradients(pictures, labels, of)
            except torch.OutOfMemoryError:
                if self.parts >= len(labels) or self.team.size > 1:  # the others are not told
                    raise CatdogError(
                        f"The memory of {self.device} is too small for {-(-len(labels) // self.parts)} pictures at "
                        "once; use a smaller batch_size, smaller pictures or a narrower network."
                    ) from None
            self.optimizer.zero_grad()
            self.parts *= 2
            warnings.warn(
                f"The memory of {self.device} is too small for the batch: its gradients are now added up from "
                f"{self.parts} parts.",
                stacklevel=2,
            )

    def _set_learning_rate(self) -> None:
        factor = SCHEDULES[self.recipe.schedule](
            self.steps_taken / (self.steps_in_epoch * self.recipe.epochs)
        )
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor

    def no_number(self, epoch: int, batch: int, loss: float = math.nan) -> CatdogError:
        """What to say when the loss of a batch is infinite or no number; epoch and batch are counted from 1."""
        return CatdogError(
            f"The loss became {loss} in epoch {epoch}, batch {batch} of {self.steps_in_epoch}, at a learning rate "
            f"of {self.optimizer.param_groups[0]['lr']:g}; build the model anew and train it with a smaller one."
        )

    def state(self, history: History, kept: dict[str, Tensor]) -> dict[str, Any]:
        """All that :meth:`resume` needs to go on as if nothing had happened."""
        return {
            "recipe": asdict(self.recipe),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "average": (self.average.model.state_dict(), self.average.count)
            if self.average
            else None,
            "generators": (
                self.generator.get_state(),
                torch.get_rng_state(),
            ),  # the second is dropout's
            "steps": (self.steps_taken, self.steps_in_epoch),
            "parts": self.parts,
            "history": history.to_json(),
            "kept": kept,
        }

    def resume(self, saved: dict[str, Any]) -> tuple[History, dict[str, Tensor]]:
        """Take up a training where :meth:`state` left it; its history and the weights to keep.

        Raises:
            CatdogError: it was another recipe, network or number of pictures.
        """
        asked = asdict(self.recipe)
        for name, value in asdict(Recipe(**saved["recipe"])).items():
            if asked[name] != value:
                raise CatdogError(
                    f"The training was begun with {name}={value!r}, not {asked[name]!r}; ask for that to go on, "
                    "or begin a new one."
                )
        if saved["steps"][1] != self.steps_in_epoch:
            raise CatdogError(
                "The training was begun with another number of pictures; begin a new one."
            )
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.scaler.load_state_dict(saved["scaler"])
        if self.average:
            weights, self.average.count = saved["average"]
            self.average.model.load_state_dict(weights)
        mine, dropouts = saved["generators"]
        self.generator.set_state(mine)
        torch.set_rng_state(dropouts)
        self.steps_taken, self.parts = saved["steps"][0], saved["parts"]
        return History.from_json(saved["history"]), saved["kept"]
