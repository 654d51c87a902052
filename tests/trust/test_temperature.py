"""The temperature that is fitted has the smallest loss, and is the one that was planted."""

import pytest
import torch
from torch.nn import functional as F

from catdog_lib.errors import CatdogError
from catdog_lib.trust import fit_temperature


def planted(temperature, count=4000, classes=2, seed=0):
    """Return logits, and labels drawn with the probabilities softmax(logits / temperature)."""
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(count, classes, generator=generator, dtype=torch.float64)
    chances = (logits / temperature).softmax(1)
    return logits, torch.multinomial(chances, 1, generator=generator)[:, 0]


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
@pytest.mark.parametrize("classes", [2, 5])
def test_the_planted_temperature_is_found(temperature, classes):
    found = fit_temperature(*planted(temperature, classes=classes))
    assert found == pytest.approx(temperature, rel=0.1)


def test_no_temperature_nearby_has_a_smaller_loss():
    logits, labels = planted(2.5)
    found = fit_temperature(logits, labels)
    losses = [F.cross_entropy(logits / (found * f), labels) for f in (0.98, 1, 1.02)]
    assert losses[1] < losses[0] and losses[1] < losses[2]


@pytest.mark.parametrize("scale", [0.05, 1.0, 300.0])
def test_the_steps_arrive_from_far_away_too(scale):
    logits, labels = planted(1.0)
    assert fit_temperature(scale * logits, labels) == pytest.approx(scale, rel=0.25)


def test_images_that_are_all_right_still_have_a_temperature():
    logits = torch.tensor([[4.0, -4.0], [-3.0, 3.0], [5.0, -5.0]], dtype=torch.float64)
    labels = torch.tensor([0, 1, 0])
    betas = torch.linspace(0.5, 5, 4501, dtype=torch.float64)
    losses = [F.cross_entropy(b * logits, labels) + (b - 1) ** 2 / 18 / 3 for b in betas]
    best = betas[torch.stack(losses).argmin()].item()
    assert 0.5 < best < 5
    assert 1 / fit_temperature(logits, labels) == pytest.approx(best, abs=0.001)


@pytest.mark.parametrize(
    ("logits", "labels", "says"),
    [
        (torch.randn(4), torch.zeros(4).long(), "give N×K logits"),
        (torch.zeros(0, 2), torch.zeros(0).long(), "give N×K logits"),
        (torch.zeros(3, 2), torch.zeros(2).long(), "give N×K logits"),
        (
            torch.zeros(3, 2),
            torch.tensor([0, 1, 5]),
            "labels holds the class 5, which is outside 0 to 1",
        ),
        (torch.zeros(3, 2), torch.tensor([0, 1, -1]), "labels holds the class -1"),
        (torch.zeros(3, 2), torch.zeros(3), "give int64"),
    ],
)
def test_what_has_no_temperature_is_one_sentence(logits, labels, says):
    with pytest.raises(CatdogError, match=says):
        fit_temperature(logits, labels)


def test_labels_in_the_wrong_order_are_noticed():
    logits, labels = planted(0.5)
    with pytest.raises(CatdogError, match="no better than chance"):
        fit_temperature(logits, 1 - labels)
