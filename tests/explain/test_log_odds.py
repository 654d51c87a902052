"""The log odds are those of the softmax, and blind to what all logits have in common."""

import pytest
import torch
from torch import nn

from catdog_lib import explain
from tests.explain.examples import Colours, red_and_blue


class Shifted(nn.Module):
    """A model with the brightness of the image added to every logit."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x) + 50 * x.mean((1, 2, 3))[:, None]


@pytest.mark.parametrize("classes", [2, 5])
def test_the_log_odds_are_those_of_the_probability(classes):
    logits = nn.Sequential(nn.Flatten(), nn.Linear(12, classes)).double()
    x = torch.rand(4, 3, 2, 2, dtype=torch.float64)
    probability = logits(x).softmax(1)
    expected = (probability / (1 - probability)).log()
    assert torch.allclose(explain.LogOdds(logits)(x), expected)


def test_a_shift_of_all_logits_changes_a_logits_heatmap_and_not_that_of_the_log_odds():
    model, (x, *_) = Colours(), red_and_blue()
    shifted = Shifted(model)
    ours, theirs = (explain.saliency(one, x, 0) for one in (model, shifted))
    assert not torch.allclose(ours, theirs, rtol=0.1)
    ours, theirs = (explain.saliency(explain.LogOdds(one), x, 0) for one in (model, shifted))
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_every_method_takes_it():
    model, (x, *_) = explain.LogOdds(Colours()), red_and_blue()
    assert explain.grad_cam(model, x, 0, layer="model.detect").shape == (1, 16, 16)
    assert explain.grad_cam(model, x, 0).max() > 0
