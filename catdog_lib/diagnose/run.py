"""Diagnose a run folder: every check for which the folder and its images hold the inputs.

Longer than 200 lines because every check's inputs are found here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib import models
from catdog_lib.data.image_set import ImageSet, Splits
from catdog_lib.data.loading import load
from catdog_lib.diagnose.accuracies import last_batch_only, unequal_batches
from catdog_lib.diagnose.copies import (
    Fingerprints,
    conflicting_labels,
    conflicts_among,
    fingerprints,
    leaked_images,
    leaks_between,
)
from catdog_lib.diagnose.finding import Diagnosis, Finding, surest_first
from catdog_lib.diagnose.front import CHECKS
from catdog_lib.diagnose.frozen import drifting_weights, moved_statistics
from catdog_lib.diagnose.inputs import changed_preprocessing
from catdog_lib.diagnose.labels import unlearned_labels
from catdog_lib.diagnose.layers import dead_units, missing_gradients
from catdog_lib.diagnose.losses import loss_floor, unusual_first_loss
from catdog_lib.diagnose.rates import unusual_learning_rate
from catdog_lib.diagnose.suspects import label_suspects
from catdog_lib.diagnose.weights import other_weights, untrained_weights
from catdog_lib.errors import CatdogError
from catdog_lib.runs.answers import answers
from catdog_lib.runs.evaluation_images import has_learned_from
from catdog_lib.runs.run_folder import Run, load_run
from catdog_lib.training.lr_finder import find_learning_rate

_LEAST, _MOST = 32, 256  # images for the checks that look into images and networks,
_PIXELS = 2**21  # which together have about so many pixels: 32 images of 256×256


def diagnose_run(
    folder: str | os.PathLike,
    source: str | None = None,
    *,
    search_rate: bool = False,
    device: str | None = None,
    progress: bool = True,
) -> Diagnosis:
    """Run every check for which a run folder and its images hold the inputs.

    Args:
        folder: a run folder, finished or not (:mod:`catdog_lib.runs.run_folder`).
        source: where its images are now, if they have moved.
        search_rate: also search for a learning rate, which takes up to a hundred training steps.
        device, progress: as for :func:`catdog_lib.training.fit.fit`.

    Raises:
        CatdogError: the folder or its images cannot be read.
    """
    run = load_run(folder)
    arguments = {**run.config["data"], **({"source": source} if source else {})}
    data = load(**arguments, progress=progress)
    examined = _RunChecks(run, data, device, progress)
    planned = [
        *examined.of_history(),
        *(examined.of_images() if examined.same else ()),
        *examined.of_network(),
        *examined.of_answers(),
    ]
    if search_rate:
        planned.append((unusual_learning_rate, examined.learning_rate))
    findings = [finding for _, check in planned for finding in check()]
    names = tuple(dict.fromkeys(check.__name__ for check, _ in planned))
    why = "this run folder holds no inputs for it"
    if not examined.same:
        why += ", or the images are not those that the run has learned from"
    left_out = dict.fromkeys(CHECKS.keys() - set(names), why)
    return Diagnosis(surest_first(findings), names, left_out)


Planned = list[tuple[Callable[..., list[Finding]], Callable[[], list[Finding]]]]


@dataclass(frozen=True)
class _RunChecks:
    """The checks of a run: each function with a call of it that has its inputs.

    Attributes:
        run: what was trained.
        data: the images that it was trained and tested on.
        device, progress: for its answers.
    """

    run: Run
    data: Splits
    device: str | None
    progress: bool

    @property
    def same(self) -> bool:
        """Whether the run has learned from these images: the folder may have changed."""
        return has_learned_from(self.run, self.data)

    def of_history(self) -> Planned:
        """Return the checks of the losses and accuracies that were recorded."""
        epochs, size = self.run.history.epochs, self.run.recipe.batch_size
        losses = [epoch.train_loss for epoch in epochs]
        trained = ([e.train_accuracy for e in epochs], self.run.history.train_images, size)
        validated = ([e.validation_accuracy for e in epochs], len(self.data.validation), size)
        planned: Planned = [
            (loss_floor, lambda: loss_floor(losses, trained[0])),
            *((c, lambda c=c: c(*trained)) for c in (unequal_batches, last_batch_only)),
        ]
        if self.same:
            planned += [
                *((c, lambda c=c: c(*validated)) for c in (unequal_batches, last_batch_only)),
                (
                    unlearned_labels,
                    lambda: unlearned_labels(losses, self.run.model, *self._sample()),
                ),
            ]
        return planned

    def of_images(self) -> Planned:
        """Return the checks of the images themselves."""
        train, held_out = self.data.train, (self.data.test, self.data.validation)
        known = _fingerprints(train)
        shown = [_few(each)[0].float() / 255 for each in (train, self.data.test)]
        return [
            (conflicting_labels, lambda: conflicts_among(known, train.labels)),
            (changed_preprocessing, lambda: changed_preprocessing(*shown)),
            *(
                (leaked_images, lambda s=s: leaks_between(known, _fingerprints(s), s.names))
                for s in held_out
            ),
        ]

    def of_network(self) -> Planned:
        """Return the checks of the network and its weights."""
        model, sample = self.run.model, _few(self.data.train)
        batch = [each[: min(32, max(8, len(each) // 4))] for each in sample]
        planned: Planned = [
            (dead_units, lambda: dead_units(model, sample[0])),
            (missing_gradients, lambda: missing_gradients(model, *batch)),
            (untrained_weights, lambda: untrained_weights(model, self._fresh, *sample)),
        ]
        if not self.run.config["settings"].get("pretrained"):
            planned.append((unusual_first_loss, lambda: unusual_first_loss(self._first_loss())))
        elif (before := self._pretrained()) is not None:
            planned += [
                (check, lambda check=check: check(model, before))
                for check in (moved_statistics, drifting_weights)
            ]
        return planned

    def of_answers(self) -> Planned:
        """Return the checks of the answers to validation and test images."""
        held_out = (self.data.validation, self.data.test)
        outputs = [
            answers(self.run, each, device=self.device, progress=self.progress) for each in held_out
        ]
        both, labels = torch.cat(outputs), torch.cat([each.labels for each in held_out])
        names = [name for each in held_out for name in each.names]
        planned: Planned = [(label_suspects, lambda: label_suspects(both, labels, names))]
        if self.run.finished:
            recorded = self.run.config["result"]
            if recorded["test_images"] == len(self.data.test):
                facts = (recorded["test_accuracy"], outputs[1], self.data.test.labels)
                planned.append((other_weights, lambda: other_weights(*facts)))
        return planned

    def learning_rate(self) -> list[Finding]:
        """Search for a learning rate, on a fresh network, and compare."""
        torch.manual_seed(self.run.recipe.seed)
        model = models.build(self.run.config["model"], **self.run.config["settings"])
        found = find_learning_rate(model, self.data, self.run.recipe, device=self.device)
        return unusual_learning_rate(self.run.recipe.lr, found)

    def _fresh(self) -> nn.Module:
        """Return a new network of the same kind; a backbone in it is random, too."""
        return models.rebuild(self.run.config["model"], self.run.config["settings"])

    def _pretrained(self) -> dict[str, Tensor] | None:
        """Return the state dict that the training began with; None without ImageNet's weights."""
        try:
            return models.build(
                self.run.config["model"], **self.run.config["settings"]
            ).state_dict()
        except CatdogError:  # they would have to be downloaded
            return None

    @torch.no_grad()
    def _first_loss(self) -> float:
        """Return the loss of a fresh network on a batch, before any update."""
        torch.manual_seed(self.run.recipe.seed)
        images, labels = self.data.train.sample(self.run.recipe.batch_size)[:]
        return F.cross_entropy(self._fresh().train()(images), labels).item()

    def _sample(self) -> tuple[Tensor, Tensor]:
        """Return some training images at random, in the proportion of the classes."""
        generator = torch.Generator().manual_seed(0)
        return self.data.train[torch.randperm(len(self.data.train), generator=generator)[:1000]]


def _fingerprints(dataset: ImageSet) -> Fingerprints:
    return fingerprints(dataset[first : first + 64][0] for first in range(0, len(dataset), 64))


def _few(dataset: ImageSet) -> tuple[Tensor, Tensor]:
    """Return some dozens of images, as many of each class, for what is slow or takes memory."""
    return dataset.sample(min(_MOST, max(_LEAST, _PIXELS // dataset.size**2)))[:]
