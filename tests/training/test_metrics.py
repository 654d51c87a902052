"""Loss and accuracy: of a set, along the way, and how far to trust them."""

import pytest
import torch
import torch.nn.functional as F

from catdog_lib.errors import CatdogError
from catdog_lib.training.distributed import DistributedContext
from catdog_lib.training.evaluate import evaluate, predict, predict_tta
from catdog_lib.training.metrics import (
    Evaluation,
    RunningMetrics,
    check_labels,
    confusion_matrix,
    most_wrong,
    wilson_interval,
)
from tests.tiny import plain, small, splits


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

    @pytest.mark.parametrize("wrong", [[2, 0], [-1, 0], [0.0, 1.0], [[0, 1]]])
    def test_confusion_matrix_takes_one_class_for_each_image(self, wrong):
        right = torch.tensor([1, 0])
        with pytest.raises(CatdogError, match=r"^predictions h"):
            confusion_matrix(right, torch.tensor(wrong))
        with pytest.raises(CatdogError, match=r"^labels h"):
            confusion_matrix(torch.tensor(wrong), right)

    def test_a_set_without_images_is_one_sentence(self, pets):
        with pytest.raises(CatdogError, match="There is no image to evaluate on"):
            evaluate(small(), pets.test.subset(torch.arange(0)))

    def test_images_of_fractions_are_resized_as_bytes_are(self, pets):
        images = pets.test[:4][0]
        of_bytes, of_fractions = (
            predict_tta(plain().eval(), x, sizes=(8, 12)) for x in (images, images / 255)
        )
        assert torch.allclose(of_bytes, of_fractions, atol=1e-6)

    def test_a_class_that_never_occurs_has_its_row_and_column(self):
        cats = torch.zeros(3, dtype=torch.int64)
        assert confusion_matrix(cats, cats).tolist() == [[3, 0], [0, 0]]

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

    @pytest.mark.parametrize("count", [1, 5, 23, 100, 12_345])
    def test_at_the_ends_wilsons_interval_has_a_closed_form_and_leaves_no_proportion(self, count):
        # With p = 0, centre and half-width are both z²/2n / (1 + z²/n), so the interval is from 0
        # to z² / (n + z²); with p = 1 it is its mirror image.
        far = 1.96**2 / (count + 1.96**2)
        assert wilson_interval(0, count) == pytest.approx((0, far), rel=1e-12, abs=1e-15)
        assert wilson_interval(count, count) == pytest.approx((1 - far, 1), rel=1e-12)
        for hits in range(count + 1):
            low, high = wilson_interval(hits, count)
            assert 0 <= low < high <= 1

    def test_wilsons_interval_of_another_confidence_solves_its_own_equation(self):
        # Its ends are the proportions q from which p is z standard deviations away.
        for end in wilson_interval(15, 148, z=2.5758):
            assert abs(15 / 148 - end) == pytest.approx(2.5758 * (end * (1 - end) / 148) ** 0.5)

    def test_an_evaluation_says_how_far_to_trust_it(self):
        evaluation = Evaluation(0.69314, 81 / 263, 263)
        assert evaluation.interval() == wilson_interval(81, 263)
        assert str(evaluation) == (
            "accuracy 30.8% (95% interval 25.5% to 36.6%), loss 0.6931, 263 images"
        )
        assert str(Evaluation(0.5, 0.9, 10_000)).endswith("loss 0.5000, 10,000 images")


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

    def test_the_loss_is_summed_in_float32_whatever_the_type_of_the_logits(self):
        logits = torch.tensor([[3.0, 1.0], [0.5, -2.0], [-1.0, 4.0]])
        labels = torch.tensor([0, 1, 1])
        short, full = RunningMetrics(), RunningMetrics()
        short.add(logits.bfloat16(), labels)  # these numbers are exact in bfloat16
        full.add(logits, labels)
        assert short.result() == full.result()

    def test_counting_a_batch_does_not_keep_the_graph_that_made_it(self):
        metrics = RunningMetrics()
        metrics.add(torch.zeros(2, 2, requires_grad=True), torch.tensor([0, 1]))
        assert not metrics._losses[0].requires_grad

    def test_processes_add_up_what_each_has_counted(self):
        class Twins(DistributedContext):
            """Two processes that have seen the same numbers."""

            def all_reduce_sum(self, numbers):
                return 2 * numbers

        metrics = RunningMetrics()
        metrics.add(torch.tensor([[60.0, -60.0]]), torch.tensor([1]))
        metrics.add(torch.tensor([[0.0, 60.0], [60.0, 0.0]]), torch.tensor([1, 0]))
        together = metrics.all_reduce(Twins())
        assert together.result() == Evaluation(40, 2 / 3, 6)
        assert metrics.result() == Evaluation(40, 2 / 3, 3)


def test_labels_that_fit_pass_and_others_are_one_sentence():
    check_labels(torch.tensor([2, 0, 1]), 3, 3)
    check_labels(torch.zeros(0).long(), 0, 2)
    for labels, says in (
        ([0, 5], "labels holds the class 5, which is outside 0 to 1; use"),
        ([-100, 0], "labels holds the class -100"),
        ([0, 1, 0], r"labels has the shape \(3,\)"),
        ([0.0, 1.0], "the type torch.float32; give int64"),
    ):
        with pytest.raises(CatdogError, match=says):
            check_labels(torch.tensor(labels), 2, 2)
    with pytest.raises(CatdogError, match="target holds the class 2"):
        check_labels(torch.tensor([2]), 1, 2, name="target")


def test_the_interval_of_no_image_is_one_sentence():
    with pytest.raises(CatdogError, match="count is 0; a proportion needs one image or more"):
        wilson_interval(0, 0)
