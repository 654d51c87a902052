"""One step of training: the loss, its gradients, and the change of the weights that follows from
them.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import asdict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn
from torch.optim import Optimizer

from catdog_lib.device import autocast, dtype_name, fast_dtype, keep_freed_memory
from catdog_lib.errors import CatdogError
from catdog_lib.sparsity import group_l1_penalty, l1_penalty, proximal_step
from catdog_lib.training.checkpoint import check_settings_match
from catdog_lib.training.distributed import team
from catdog_lib.training.ema import EMA
from catdog_lib.training.history import History
from catdog_lib.training.optimizers import make_optimizer
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.schedules import SCHEDULES


class Trainer:
    """A network in training: everything that a step reads or changes.

    Attributes:
        model: the network, on ``device``; ``wrapped_model`` is the same one, compiled or shared out to
            several processes.
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
        keep_freed_memory()
        self.team = team()
        self.model = self.team.prepare(model.to(device, memory_format=torch.channels_last), device)
        self.recipe, self.device = recipe, device
        self._compute_in(
            self.team.broadcast_object(
                lambda: fast_dtype(device)
            )  # the others may measure otherwise
            if recipe.precision == "auto"
            else torch.float32
        )
        self.optimizer = optimizer or make_optimizer(
            recipe.optimizer, model, recipe.lr, recipe.momentum, recipe.weight_decay, recipe.lr_decay,
            self.dtype,
        )  # fmt: skip
        for group in self.optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.wrapped_model = self.team.wrap(torch.compile(model) if recipe.compile else model)
        self.average = EMA(model, recipe.ema_decay) if recipe.ema_decay else None
        self.generator = Generator().manual_seed(recipe.seed)
        self.parts = recipe.accumulation_steps
        self.steps_in_epoch, self.steps_taken = steps_in_epoch, 0

    @property
    def epoch(self) -> int:
        """The epoch that the next step belongs to, counted from 1."""
        return self.steps_taken // self.steps_in_epoch + 1

    def step(self, pictures: Tensor, labels: Tensor, of: int) -> Tensor:
        """Learn from one batch of ``of`` pictures, or what this process takes of it, N×3×H×W and N.

        Returns the logits, N×2.

        Raises:
            CatdogError: the loss is no number, or the memory is too small for one picture.
        """
        self._set_learning_rate()
        self.optimizer.zero_grad()
        logits = self._backward_with_oom_retry(pictures, labels, of)
        if self.recipe.max_grad_norm:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.max_grad_norm)
        self._change_weights()
        if self.average:
            self.average.update(self.model)
        self.steps_taken += 1
        return logits

    def gradients(self, pictures: Tensor, labels: Tensor, of: int) -> Tensor:
        """Forward and backward, one part of the batch after the other; each adds its share to the
        gradients.
        """
        logits = []
        parts = min(self.parts, of)
        sizes = self.team.share_sizes(of, parts)
        for some, truth in zip(pictures.split(sizes), labels.split(sizes), strict=True):
            with autocast(self.device, self.dtype):
                scores = self.wrapped_model(some).float()
            loss = F.cross_entropy(
                scores, truth, reduction="sum", label_smoothing=self.recipe.label_smoothing
            )
            loss = loss * self.team.size / of  # the team takes the mean over its processes
            if self.recipe.penalty == "gradient":
                loss = loss + self._penalty() / parts
            if self.device.type == "cpu" and not loss.isfinite():
                batch = self.steps_taken % self.steps_in_epoch + 1
                raise self.non_finite_loss_error(self.epoch, batch, loss.item())
            self.scaler.scale(loss).backward()
            logits.append(scores.detach())
        return torch.cat(logits)

    def _penalty(self) -> Tensor | float:
        """What the recipe wants to be paid for the weights."""
        penalty = 0.0
        if self.recipe.l1:
            penalty = penalty + self.recipe.l1 * l1_penalty(self.model)
        if self.recipe.group_l1:
            penalty = penalty + self.recipe.group_l1 * group_l1_penalty(self.model)
        return penalty

    def _change_weights(self) -> None:
        """The optimizer's step, and the proximal one if the recipe wants it."""
        proximal = self.recipe.penalty == "proximal"
        scale = self.scaler.get_scale() if proximal else 0.0
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if proximal and self.scaler.get_scale() >= scale:  # lower: the scaler left the step out
            proximal_step(self.optimizer, self.model, self.recipe.l1, self.recipe.group_l1)

    def _backward_with_oom_retry(self, pictures: Tensor, labels: Tensor, of: int) -> Tensor:
        """:meth:`gradients`, with the batch cut into halves for as long as it is too large for the
        GPU's memory.
        """
        while True:
            try:
                return self.gradients(pictures, labels, of)
            except torch.OutOfMemoryError:
                if self.parts >= of or self.team.size > 1:  # the others are not told
                    raise CatdogError(
                        f"The memory of {self.device} is too small for "
                        f"{-(-len(labels) // self.parts)} pictures at once; use a smaller "
                        "batch_size, smaller pictures or a narrower network."
                    ) from None
            self.optimizer.zero_grad()
            self.parts *= 2
            warnings.warn(
                f"The memory of {self.device} is too small for the batch: its gradients are now "
                f"added up from {self.parts} parts.",
                stacklevel=2,
            )

    def _set_learning_rate(self) -> None:
        factor = SCHEDULES[self.recipe.schedule](
            self.steps_taken / (self.steps_in_epoch * self.recipe.epochs)
        )
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor

    def non_finite_loss_error(self, epoch: int, batch: int, loss: float = math.nan) -> CatdogError:
        """What to say when the loss of a batch is infinite or no number; epoch and batch are
        counted from 1.
        """
        return CatdogError(
            f"The loss became {loss} in epoch {epoch}, batch {batch} of {self.steps_in_epoch}, at "
            f"a learning rate of {self.optimizer.param_groups[0]['lr']:g}; build the model anew "
            "and train it with a smaller one."
        )

    def state(self, history: History, kept: dict[str, Tensor]) -> dict[str, Any]:
        """All that :meth:`resume` needs to go on as if nothing had happened."""
        return {
            "settings": self._settings(history.train_images),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "ema_decay": (self.average.model.state_dict(), self.average.count)
            if self.average
            else None,
            "generators": {
                "ours": self.generator.get_state(),
                "dropout's": torch.get_rng_state(),
                "dropout's on the GPU": torch.cuda.get_rng_state(self.device)
                if self.device.type == "cuda"
                else None,
            },
            "steps_taken": self.steps_taken,
            "parts": self.parts,
            "history": history.to_json(),
            "kept": kept,
        }

    def resume(self, saved: dict[str, Any], train_images: int) -> tuple[History, dict[str, Tensor]]:
        """Take up a training where :meth:`state` left it; its history and the weights to keep.

        Raises:
            CatdogError: it was another recipe, optimizer, network, number of pictures or kind of
                device. Nothing has been changed then.
        """
        check_settings_match(
            saved["settings"], self._settings(train_images), "The training", "name another file"
        )
        history = History.from_json(saved["history"])
        begun_in = getattr(torch, history.dtype)
        if begun_in not in (self.dtype, torch.float32):
            warnings.warn(
                f"This training was begun in {history.dtype} and goes on in it, to end as it would "
                f"have; {dtype_name(self.dtype)} is faster on this machine.",
                stacklevel=2,
            )
        self._compute_in(begun_in)
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.scaler.load_state_dict(saved["scaler"])
        if self.average:
            weights, self.average.count = saved["average"]
            self.average.model.load_state_dict(weights)
        self.generator.set_state(saved["generators"]["ours"])
        torch.set_rng_state(saved["generators"]["dropout's"])
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(saved["generators"]["dropout's on the GPU"], self.device)
        self.steps_taken, self.parts = saved["steps_taken"], saved["parts"]
        return history, saved["kept"]

    def _settings(self, train_images: int) -> dict[str, Any]:
        """What must be the same for a training to go on."""
        return {
            "device": self.device.type,
            "recipe": asdict(self.recipe),
            "train_images": train_images,
            "network": {name: tuple(x.shape) for name, x in self.model.state_dict().items()},
            "optimizer": type(self.optimizer).__name__,
            "groups": {  # of its parameters; the schedule changes lr, and knows initial_lr; dtype is the machine's
                number: {k: v for k, v in group.items() if k not in ("params", "lr", "dtype")}
                for number, group in enumerate(self.optimizer.param_groups)
            },
        }

    def _compute_in(self, dtype: torch.dtype) -> None:
        self.dtype = dtype
        # In float16 small gradients would round to 0; the scaler makes them larger for the while.
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=dtype == torch.float16)
