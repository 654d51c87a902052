"""Scores, thresholds and curves, held to their definitions."""

import pytest
import torch

from catdog_lib.errors import CatdogError
from catdog_lib.trust import (
    auroc,
    max_probability,
    negative_energy,
    neighbour_similarity,
    pet_share,
    pets_rejected,
    roc_curve,
    threshold_for,
)

PETS = torch.tensor([0.9, 0.8, 0.8, 0.6, 0.5])
STRANGERS = torch.tensor([0.8, 0.4, 0.3])


def scores(shift, count, seed):
    return torch.randn(count, generator=torch.Generator().manual_seed(seed)) + shift


def test_the_area_is_the_share_of_pairs_in_the_right_order():
    pairs = [(p > s) + 0.5 * (p == s) for p in PETS.tolist() for s in STRANGERS.tolist()]
    assert auroc(PETS, STRANGERS) == pytest.approx(sum(pairs) / len(pairs))
    assert auroc(STRANGERS, PETS) == pytest.approx(1 - auroc(PETS, STRANGERS))


@pytest.mark.parametrize("ties", [False, True])
def test_the_area_is_that_under_the_curve(ties):
    pets, strangers = scores(0.7, 80, 0), scores(0, 60, 1)
    if ties:
        pets, strangers = pets.round(), strangers.round()
    x, y = roc_curve(pets, strangers)
    assert torch.trapezoid(y, x).item() == pytest.approx(auroc(pets, strangers))


def test_the_curve_has_a_point_for_each_threshold_and_accepts_equal_scores_together():
    strangers, pets = roc_curve(PETS, STRANGERS)
    assert pets.tolist() == pytest.approx([0, 1 / 5, 3 / 5, 4 / 5, 1, 1, 1])
    assert strangers.tolist() == pytest.approx([0, 0, 1 / 3, 1 / 3, 1 / 3, 2 / 3, 1])


@pytest.mark.parametrize(
    ("accepted", "threshold"), [(1, 0.5), (0.81, 0.5), (0.8, 0.6), (0.6, 0.8), (0.2, 0.9)]
)
def test_the_threshold_accepts_the_share_and_no_higher_one_does(accepted, threshold):
    found = threshold_for(PETS.double(), accepted)
    assert found == pytest.approx(threshold)
    assert (PETS.double() >= found).double().mean() >= accepted - 1e-6
    higher = PETS.double()[PETS.double() > found]
    assert len(higher) < accepted * len(PETS)


def test_pets_that_are_lost_when_most_strangers_are_rejected():
    # Two of three strangers are rejected from 0.5 up, all three only above 0.8.
    assert pets_rejected(PETS, STRANGERS, 0.6) == pytest.approx(0)
    assert pets_rejected(PETS, STRANGERS, 0.95) == pytest.approx(4 / 5)
    assert pets_rejected(PETS, STRANGERS, 0) == 0


def test_energy_orders_opposite_logits_as_the_probability_does_and_others_not():
    z = torch.randn(50, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    opposite = torch.cat([z, -z], 1)
    assert torch.equal(negative_energy(opposite).argsort(), max_probability(opposite).argsort())
    assert torch.allclose(negative_energy(opposite), (2 * z[:, 0].cosh()).log())
    two = torch.tensor([[0.0, 1.0], [9.0, 9.5]])
    assert (
        max_probability(two)[0] > max_probability(two)[1]
        and negative_energy(two)[0] < negative_energy(two)[1]
    )


def test_the_share_of_pets_is_that_of_123_classes():
    assert pet_share(torch.zeros(1, 1000)).item() == pytest.approx(0.123)
    logits = torch.zeros(2, 1000)
    logits[0, 281], logits[1, 0] = 30, 30  # tabby; tench
    assert pet_share(logits).tolist() == pytest.approx([1, 0], abs=1e-6)


def test_similarity_is_that_of_the_ranked_neighbour():
    train = torch.tensor([[1.0, 0], [1, 1], [0, 1]])
    found = [neighbour_similarity(torch.tensor([[5.0, 0]]), train, r).item() for r in (1, 2, 3)]
    assert found == pytest.approx([1, 0.5**0.5, 0])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: auroc(PETS, PETS[:0]), "0 strangers"),
        (lambda: roc_curve(PETS[:0], PETS), "0 pets"),
        (lambda: threshold_for(PETS[:0]), "0 scores"),
        (lambda: threshold_for(PETS, 0), "share of 0"),
        (lambda: threshold_for(PETS, 1.2), "share of 1.2"),
    ],
)
def test_what_gives_no_score_is_one_sentence(call, says):
    with pytest.raises(CatdogError, match=says):
        call()


def test_a_share_that_is_a_whole_number_of_images_is_taken_exactly():
    """0.55 × 100 is a little above 55 in floating point."""
    assert threshold_for(torch.arange(100.0), 0.55) == 45


def test_a_percentage_is_not_taken_for_a_share():
    with pytest.raises(CatdogError, match="rejected is 95; it is a share"):
        pets_rejected(torch.rand(5), torch.rand(5), 95)
