"""Channels that are worth a look: selective, alive, and unlike each other."""

import pytest
import torch
from torch import nn

from catdog_lib import inspect
from catdog_lib.errors import CatdogError


class Channels(nn.Module):
    """Six channels made by hand from a single-channel image."""

    def __init__(self):
        super().__init__()
        self.made = nn.Identity()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, images):
        x = images[:, 0]
        peak = (x - 0.9).clamp(min=0)  # at the few brightest places
        dark = (0.1 - x).clamp(min=0)  # at the few darkest ones
        maps = torch.stack([x, 0 * x, peak, peak * 3, dark, 0.5 + x * 0.01], 1)
        return self.made(maps).mean((2, 3))


def test_the_chosen_are_selective_and_unlike_each_other():
    images = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    chosen = inspect.diverse_channels(Channels(), images, "made", 2)
    assert 4 in chosen and set(chosen) & {2, 3}, "the peaks twice would be the same row twice"
    every = inspect.diverse_channels(Channels(), images, "made", 6)
    assert len(set(every)) == 5 and 1 not in every, "the dead one is left out"


def test_where_all_channels_are_dead_none_is_chosen():
    assert inspect.diverse_channels(Channels(), torch.zeros(2, 1, 8, 8), "made") == []


def test_a_layer_without_maps_is_one_sentence():
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    with pytest.raises(CatdogError, match="'1' gave no feature maps"):
        inspect.diverse_channels(model, torch.rand(1, 1, 8, 8), "1")
