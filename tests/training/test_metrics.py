"""Loss and accuracy: of a set, along the way, and how far to trust them."""

import pytest
import torch
import torch.nn.functional as F

from catdog_lib.training.evaluate import predict
from catdog_lib.training.metrics import (
    RunningMetrics,
    confusion_matrix,
    most_wrong,
    wilson_interval,
)
from tests.tiny import small, splits


@pytest.fixture
def pets():
    return splits()


class TestEvaluate:
    def test_every_image_counts_the_same_whatever_the_batches(self, pets):
        model = small().eval()
        whole = predict(model, pets.train, torch.float32)
        with torch.no_grad():
            assert torch.allclose(whole, model(pets.train[:][0]), atol=1e-5)
        metrics = RunningMetrics()
        for which in (slice(0, 64), slice(64, 89), slice(89, 90)):
            labels = pets.train.labels[which]
            metrics.add(whole[which], labels)
        assert metrics.result().loss == pytest.approx(
            F.cross_entropy(whole, pets.train.labels).item(), rel=1e-5
        )
        assert (
            metrics.result().accuracy
            == (whole.argmax(1) == pets.train.labels).double().mean().item()
        )

    def test_predict_uses_evaluation_mode_and_puts_the_mode_back(self, pets):
        model = small().train()
        one, all_ = predict(model, pets.test.subset(torch.tensor([0]))), predict(model, pets.test)
        assert model.training
        assert torch.allclose(one[0], all_[0], atol=0.02)

    def test_confusion_matrix_has_truth_in_rows(self):
        labels, answers = torch.tensor([0, 0, 0, 1, 1]), torch.tensor([0, 1, 1, 1, 0])
        assert confusion_matrix(labels, answers).tolist() == [[1, 2], [1, 1]]

    def test_most_wrong_lists_only_mistakes_the_surest_first(self):
        logits = torch.tensor([[0.0, 9.0], [5.0, 0.0], [0.0, 1.0], [0.0, 5.0]])
        assert most_wrong(logits, torch.tensor([1, 1, 0, 0])).tolist() == [1, 3, 2]

    def test_wilson_interval_equals_published_values(self):
        # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I: 81/263, 15/148, 0/20, 1/29 by
        # the score method.
        for hits, count, low, high in (
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ):
            assert wilson_interval(hits, count) == pytest.approx((low, high), abs=6e-5)


class TestRunningMetrics:
    def test_the_first_batch_with_a_non_finite_loss_is_named(self):
        metrics = RunningMetrics()
        for value in (0.0, 1.0, float("inf"), float("nan")):
            metrics.add(torch.tensor([[value, 0.0]]), torch.tensor([1]))
        assert metrics.first_non_finite() == 3

    def test_with_finite_losses_there_is_none(self):
        metrics = RunningMetrics()
        metrics.add(torch.tensor([[60.0, -60.0]]), torch.tensor([1]))
        assert metrics.first_non_finite() is None
        assert (metrics.result().loss, metrics.result().accuracy) == (120, 0)
