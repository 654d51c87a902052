"""Each check finds its defect, with three seeds, and stays silent on healthy runs of all kinds."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib import models
from catdog_lib.diagnose import CHECKS, diagnose
from tests.diagnose.healthy import (
    KINDS,
    Functional,
    adam,
    head_on_features,
    healthy,
    images_of_stripes,
    learn,
    sgd,
    with_batchnorm,
    with_dropout,
)

SEEDS = (0, 1, 2)
GOOD = "functions, many epochs"  # 88% to 92% of test images


def first_loss_of_raw_pixels(seed: int) -> dict[str, Any]:
    images, labels, _, _ = images_of_stripes()
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 2))  # nothing normalizes
    return {"first_loss": F.cross_entropy(model(255 * images), labels).item()}


def first_loss_of_a_sum(seed: int) -> dict[str, Any]:
    return {"first_loss": 32 * healthy(GOOD, seed)["first_loss"], "batch_size": 32}


def outputs_after_a_softmax(seed: int) -> dict[str, Any]:
    return {"outputs": healthy(GOOD, seed)["outputs"].softmax(1)}


def losses_with_a_second_softmax(seed: int) -> dict[str, Any]:
    images, labels, _, _ = images_of_stripes()
    model = nn.Sequential(Functional(), nn.Softmax(dim=1))
    losses, accuracies, _ = learn(model, adam(model, 5e-3), images, labels, 40)
    return {"losses": losses, "accuracies": accuracies}


def batch_accuracies(seed: int) -> tuple[list[Tensor], int]:
    """Return whether each answer of a batch was right, for each epoch and batch, and the count."""
    correct = torch.rand(5, 150) < torch.linspace(0.6, 0.9, 5)[:, None]
    return [[batch.double() for batch in epoch.split(32)] for epoch in correct], 150


def accuracies_averaged_over_batches(seed: int) -> dict[str, Any]:
    epochs, count = batch_accuracies(seed)
    means = [sum(batch.mean().item() for batch in epoch) / len(epoch) for epoch in epochs]
    return {"accuracies": means, "image_count": count, "batch_size": 32}


def accuracies_of_the_last_batch(seed: int) -> dict[str, Any]:
    epochs, count = batch_accuracies(seed)
    last = [epoch[-1].mean().item() for epoch in epochs]
    return {"accuracies": last, "image_count": count, "batch_size": 32}


def copies_in_the_test_set(seed: int) -> dict[str, Any]:
    train, _, test, _ = images_of_stripes()
    rows = torch.randperm(len(train))[:5]
    return {"train_images": train, "test_images": torch.cat([test, train[rows]])}


def near_copies_in_the_test_set(seed: int) -> dict[str, Any]:
    train, _, test, _ = images_of_stripes()
    copied = 0.8 * train[torch.randperm(len(train))[:5]].flip(3) + 0.1
    return {"train_images": train, "test_images": torch.cat([test, copied])}


def same_images_unnormalized(seed: int) -> dict[str, Any]:
    images = images_of_stripes()[0]
    return {"train_images": models.Normalize()(images), "test_images": images}


def unnormalized(seed: int) -> dict[str, Any]:
    train, _, test, _ = images_of_stripes()
    return {"train_images": models.Normalize()(train), "test_images": test}


def range_of_bytes(seed: int) -> dict[str, Any]:
    train, _, test, _ = images_of_stripes()
    return {"train_images": train, "test_images": 255 * test}


def blue_for_red(seed: int) -> dict[str, Any]:
    train, _, test, _ = images_of_stripes()
    return {"train_images": train, "test_images": test.flip(1)}


def augmented_test_set(seed: int) -> dict[str, Any]:
    def flipped(images: Tensor) -> Tensor:
        return torch.where(torch.rand(len(images), 1, 1, 1) < 0.5, images, images.flip(3))

    test = images_of_stripes()[2]
    return {"first_pass": flipped(test), "second_pass": flipped(test)}


def batchnorm_in_training_mode(seed: int) -> dict[str, Any]:
    run = healthy("BatchNorm and SGD", seed)
    return {"predict": copy.deepcopy(run["model"]).train(), "test_images": run["test_images"]}


def dropout_in_training_mode(seed: int) -> dict[str, Any]:
    run = healthy("dropout and Adam", seed)
    return {"predict": copy.deepcopy(run["model"]).train(), "test_images": run["test_images"]}


class Detached(Functional):
    def forward(self, images: Tensor) -> Tensor:
        maps = F.max_pool2d(F.relu(self.conv1(self.normalize(images))), 2).detach()
        maps = F.max_pool2d(F.relu(self.conv2(maps)), 2)
        return self.out(F.relu(self.hidden(maps.flatten(1))))


def detached(seed: int) -> dict[str, Any]:
    images, labels, _, _ = images_of_stripes()
    return {"model": Detached(), "train_images": images, "train_labels": labels}


def head_without_an_optimizer(seed: int) -> dict[str, Any]:
    images, labels, _, _ = images_of_stripes()
    model = with_batchnorm()
    optimizer = adam(model)
    model[-1] = nn.Linear(64, 2)
    return {
        "model": model,
        "train_images": images,
        "train_labels": labels,
        "optimizer": optimizer,
    }


def killed_by_the_learning_rate(seed: int) -> dict[str, Any]:
    images, labels, _, _ = images_of_stripes()
    model = Functional()
    before = copy.deepcopy(model.state_dict())
    learn(model, torch.optim.SGD(model.parameters(), 20.0), images, labels, 2)
    return {"model": model, "train_images": images, "before": before}


def frozen_without_its_statistics(seed: int) -> dict[str, Any]:
    images, labels, _, _ = images_of_stripes()
    model = nn.Sequential(with_batchnorm()[:-1].requires_grad_(False), nn.Linear(64, 2))
    before = copy.deepcopy(model.state_dict())
    learn(model, adam(model), images, labels, 1)
    return {"model": model, "before": before}


def forgotten_to_freeze(seed: int) -> dict[str, Any]:
    images, labels, _, _ = images_of_stripes()
    model = head_on_features()
    models.unfreeze(model)
    before = copy.deepcopy(model.state_dict())
    learn(model, adam(model), images, labels, 1)
    return {"model": model, "before": before, "frozen": ["0"]}


def saved_without_training(seed: int) -> dict[str, Any]:
    return {"model": with_batchnorm(), "fresh": with_batchnorm}


def saved_without_training_or_batchnorm(seed: int) -> dict[str, Any]:
    images, labels, _, _ = images_of_stripes()
    return {
        "model": with_dropout(),
        "fresh": with_dropout,
        "train_images": images,
        "train_labels": labels,
    }


def evaluated_with_other_weights(seed: int) -> dict[str, Any]:
    run, other = healthy(GOOD, seed), healthy("functions, stopped early", seed)
    return {
        "recorded_accuracy": run["recorded_accuracy"],
        "test_outputs": other["test_outputs"],
        "test_labels": run["test_labels"],
    }


def tenth_of_the_labels_flipped(seed: int) -> dict[str, Any]:
    run = healthy(GOOD, seed)
    flipped = torch.rand(len(run["test_labels"])) < 0.1
    labels = torch.where(flipped, 1 - run["test_labels"], run["test_labels"])
    return {"test_outputs": run["test_outputs"], "test_labels": labels}


def images_and_labels_shuffled_apart(seed: int) -> dict[str, Any]:
    images, labels, _, _ = images_of_stripes()
    passes = [(images[torch.randperm(150)], labels[torch.randperm(150)]) for _ in range(2)]
    return {
        "train_images": torch.cat([images for images, _ in passes]),
        "train_labels": torch.cat([labels for _, labels in passes]),
    }


def learning_from_shuffled_labels(seed: int) -> dict[str, Any]:
    images, labels, _, _ = images_of_stripes()
    model = Functional()
    optimizer = adam(model)
    losses = [
        learn(model, optimizer, images, labels[torch.randperm(150)], 1)[0][0] for _ in range(15)
    ]
    return {"losses": losses, "model": model, "train_images": images, "train_labels": labels}


def labels_that_count_from_one(seed: int) -> dict[str, Any]:
    run = healthy(GOOD, seed)
    return {"labels": run["labels"] + 1, "outputs": run["outputs"]}


def labels_of_the_next_image(seed: int) -> dict[str, Any]:
    run = healthy(GOOD, seed)
    rows = torch.randperm(len(run["labels"]))
    return {"labels": run["labels"][rows].roll(-1), "outputs": run["outputs"][rows]}


def forgotten_zero_grad(seed: int) -> dict[str, Any]:
    images, labels, _, _ = images_of_stripes()
    model = with_batchnorm()
    optimizer = sgd(model)

    def train() -> None:
        for batch in range(4):
            rows = slice(32 * batch, 32 * (batch + 1))
            F.cross_entropy(model(images[rows]), labels[rows]).backward()
            optimizer.step()

    return {"train": train}


# Defect → the check that must find it, and how sure it is at least.
DEFECTS = {
    first_loss_of_raw_pixels: ("unusual_first_loss", "possible"),
    first_loss_of_a_sum: ("unusual_first_loss", "likely"),
    outputs_after_a_softmax: ("second_softmax", "certain"),
    losses_with_a_second_softmax: ("loss_floor", "likely"),
    accuracies_averaged_over_batches: ("unequal_batches", "certain"),
    accuracies_of_the_last_batch: ("last_batch_only", "likely"),
    copies_in_the_test_set: ("leaked_images", "certain"),
    near_copies_in_the_test_set: ("leaked_images", "likely"),
    same_images_unnormalized: ("changed_preprocessing", "certain"),
    unnormalized: ("changed_preprocessing", "likely"),
    range_of_bytes: ("changed_preprocessing", "certain"),
    blue_for_red: ("changed_preprocessing", "likely"),
    augmented_test_set: ("augmented_test_images", "certain"),
    batchnorm_in_training_mode: ("unstable_predictions", "certain"),
    dropout_in_training_mode: ("unstable_predictions", "certain"),
    detached: ("missing_gradients", "certain"),
    head_without_an_optimizer: ("missing_gradients", "certain"),
    killed_by_the_learning_rate: ("dead_units", "likely"),
    frozen_without_its_statistics: ("moved_statistics", "certain"),
    forgotten_to_freeze: ("drifting_weights", "certain"),
    saved_without_training: ("untrained_weights", "certain"),
    saved_without_training_or_batchnorm: ("untrained_weights", "likely"),
    evaluated_with_other_weights: ("other_weights", "likely"),
    tenth_of_the_labels_flipped: ("label_suspects", "likely"),
    images_and_labels_shuffled_apart: ("conflicting_labels", "certain"),
    learning_from_shuffled_labels: ("unlearned_labels", "likely"),
    labels_that_count_from_one: ("labels_off_by_one", "certain"),
    labels_of_the_next_image: ("labels_off_by_one", "likely"),
    forgotten_zero_grad: ("accumulated_gradients", "certain"),
}
ORDER = ("possible", "likely", "certain")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__)
def test_a_check_finds_its_defect(defect, seed):
    torch.manual_seed(seed)
    check, certainty = DEFECTS[defect]
    found = [f for f in diagnose(**defect(seed)).findings if f.check == check]
    assert found, f"{check} found nothing"
    assert ORDER.index(found[0].certainty) >= ORDER.index(certainty), str(found[0])
    assert found[0].saw.endswith((".", "…")) and found[0].advice.endswith(".")


def test_every_check_has_a_defect_that_it_must_find():
    elsewhere = {"unusual_learning_rate"}  # its search trains: test_rates.py
    assert {check for check, _ in DEFECTS.values()} | elsewhere == set(CHECKS)


def test_no_false_alarm_in_healthy_runs_of_any_kind():
    """A table: kind of run, and how many findings all checks together had in three runs of it."""
    alarms = {
        kind: [str(f) for seed in SEEDS for f in diagnose(**healthy(kind, seed)).findings]
        for kind in KINDS
    }
    assert alarms == {kind: [] for kind in KINDS}


def test_healthy_runs_are_examined_by_all_checks_but_the_search():
    for kind in KINDS:
        assert set(diagnose(**healthy(kind, 0)).left_out) == {"unusual_learning_rate"}
