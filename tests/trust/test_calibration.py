"""Bins, the calibration error, and how large it is for a perfect network."""

import numpy as np
import pytest
import torch

from catdog_lib.errors import CatdogError
from catdog_lib.trust import expected_calibration_error, reliability_bins, simulated_errors


def answers(count, seed=1000, gap=0.0):
    """Return confidences, and answers that are right as often as these say, less ``gap``."""
    generator = torch.Generator().manual_seed(seed)
    confidence = 0.5 + 0.5 * torch.rand(count, generator=generator, dtype=torch.float64)
    right = torch.rand(count, generator=generator, dtype=torch.float64) < confidence - gap
    return confidence, right


def by_hand(confidence, right, edges):
    """Compute the error answer by answer, in NumPy."""
    confidence, right = confidence.numpy(), right.numpy()
    which = np.clip(np.searchsorted(edges, confidence, side="right") - 1, 0, len(edges) - 2)
    total = 0.0
    for b in range(len(edges) - 1):
        inside = which == b
        if inside.any():
            total += inside.sum() * abs(right[inside].mean() - confidence[inside].mean())
    return total / len(confidence)


def test_bins_hold_their_lower_edge_and_the_last_one_both():
    confidence = torch.tensor([0.5, 0.6, 0.75, 0.8, 1.0], dtype=torch.float64)
    bins = reliability_bins(confidence, torch.tensor([1, 0, 1, 1, 1]), bins=2)
    assert bins.edges.tolist() == [0.5, 0.75, 1.0]
    assert bins.counts.tolist() == [2, 3]
    assert bins.confidence.tolist() == pytest.approx([0.55, 0.85])
    assert bins.accuracy.tolist() == pytest.approx([0.5, 1])
    expected = 2 / 5 * 0.05 + 3 / 5 * 0.15
    assert expected_calibration_error(bins) == pytest.approx(expected)


@pytest.mark.parametrize("gap", [0.0, 0.2])
def test_the_error_is_that_of_the_definition(gap):
    confidence, right = answers(300, gap=gap)
    bins = reliability_bins(confidence, right, 7)
    assert expected_calibration_error(bins) == pytest.approx(
        by_hand(confidence, right, np.linspace(0.5, 1, 8))
    )


def test_an_empty_bin_counts_nothing():
    confidence = torch.tensor([0.99, 0.98])
    bins = reliability_bins(confidence, torch.tensor([True, True]))
    assert bins.counts.tolist() == [0] * 9 + [2] and bins.accuracy[0].isnan()
    assert expected_calibration_error(bins) == pytest.approx(0.015)


def test_bins_of_equal_mass_hold_as_many_answers_each_and_ties_do_not_matter():
    confidence, right = answers(103)
    bins = reliability_bins(confidence, right, 10, equal_mass=True)
    assert set(bins.counts.tolist()) == {10, 11} and bins.counts.sum() == 103
    assert (bins.edges.diff() > 0).all() and (bins.confidence.diff() > 0).all()
    same = reliability_bins(torch.full((20,), 0.9), torch.arange(20) % 2 == 0, 4, equal_mass=True)
    assert same.counts.tolist() == [5] * 4


@pytest.mark.parametrize("count", [200, 5000])
def test_a_perfect_network_has_an_error_above_zero_that_falls_with_the_answers(count):
    """In a bin of m answers, the mean of |accuracy − confidence| is √(2/π) √(p(1 − p) / m)."""
    confidence, _ = answers(count)
    p = torch.linspace(0.5, 1, 11, dtype=torch.float64)[:-1] + 0.025
    expected = (2 / torch.pi * p * (1 - p) / (count / 10)).sqrt().mean().item()
    simulated = simulated_errors(confidence, draws=100)
    assert simulated.mean().item() == pytest.approx(expected, rel=0.08)


def test_the_simulation_is_right_about_calibrated_answers_and_rejects_bad_ones():
    inside = 0
    for seed in range(40):
        confidence, right = answers(200, 2000 + seed)
        error = expected_calibration_error(reliability_bins(confidence, right))
        inside += error <= simulated_errors(confidence, draws=100, seed=seed).quantile(0.95)
    assert 33 <= inside <= 40  # 95% of 40 are 38
    confidence, right = answers(200, gap=0.2)
    error = expected_calibration_error(reliability_bins(confidence, right))
    assert error > simulated_errors(confidence, draws=100).max()


def test_the_same_seed_gives_the_same_errors():
    confidence, _ = answers(50)
    assert torch.equal(simulated_errors(confidence, draws=5), simulated_errors(confidence, draws=5))
    other = simulated_errors(confidence, draws=5, seed=1)
    assert not torch.equal(simulated_errors(confidence, draws=5), other)


@pytest.mark.parametrize(
    ("confidence", "right", "options", "says"),
    [
        (torch.tensor([]), torch.tensor([]), {}, "one number of each"),
        (torch.tensor([0.9]), torch.tensor([1, 0]), {}, "one number of each"),
        (torch.tensor([0.3]), torch.tensor([1]), {}, "A confidence is 0.3"),
        (torch.tensor([0.9]), torch.tensor([1]), {"bins": 0}, "cannot fill 0 bins"),
        (torch.tensor([0.9]), torch.tensor([1]), {"bins": 2, "equal_mass": True}, "use 1 to 1"),
    ],
)
def test_what_cannot_be_binned_is_one_sentence(confidence, right, options, says):
    with pytest.raises(CatdogError, match=says):
        reliability_bins(confidence, right, **options)
