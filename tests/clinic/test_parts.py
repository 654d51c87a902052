"""The log counts every image the same, and a run predicts folder by folder."""

import pytest
import torch
from torch import nn

from catdog_lib.clinic import Log, Run, normalized, small_cnn


def test_the_log_counts_every_image_of_an_epoch_the_same():
    log, labels = Log(), torch.tensor([0, 1, 1, 1])
    right = nn.functional.one_hot(labels, 2).double()
    log.note(0, torch.tensor(1.0), right[:3], labels[:3])
    log.note(0, torch.tensor(5.0), right[:1], labels[3:])  # says cat, is a dog
    log.note(1, torch.tensor(0.5), right, labels)
    assert log.losses == pytest.approx([2.0, 0.5])
    assert log.accuracies == pytest.approx([0.75, 1.0])


def test_a_run_is_asked_for_all_cats_and_then_for_all_dogs():
    asked = []

    def predict(images):
        asked.append(images[:, 0, 0, 0].tolist())
        return torch.zeros(len(images), dtype=torch.int64)

    images = torch.arange(5, dtype=torch.uint8).view(5, 1, 1, 1).expand(5, 3, 2, 2)
    run = Run(nn.Identity(), Log(), predict)
    assert run.accuracy(images, torch.tensor([1, 0, 1, 0, 1])) == pytest.approx(2 / 5)
    assert asked == [[1, 3], [0, 2, 4]]


def test_pixels_lie_between_minus_two_and_two():
    ends = normalized(torch.tensor([0, 255], dtype=torch.uint8))
    assert ends.tolist() == pytest.approx([-2, 2])


@pytest.mark.parametrize("batchnorm", [True, False])
def test_the_network_has_a_logit_a_class_for_any_multiple_of_eight(batchnorm):
    network = small_cnn(24, classes=3, batchnorm=batchnorm)
    assert network(torch.zeros(2, 3, 24, 24)).shape == (2, 3)
    kinds = [isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) for layer in network]
    assert sum(kinds) == (4 if batchnorm else 0)
