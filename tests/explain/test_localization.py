"""The share of heat on each part, and the pointing game."""

import torch

from catdog_lib import explain


def test_heat_and_area_by_part():
    parts = torch.tensor([[[0, 0], [1, 4]], [[2, 2], [2, 3]]], dtype=torch.uint8)
    heatmaps = torch.tensor([[[1.0, 2], [4, 1]], [[-5, 1], [0, 3]]])
    shares = explain.heat_by_part(heatmaps, parts)
    expected = torch.tensor([[3 / 8, 4 / 8, 0, 0, 1 / 8], [0, 0, 1 / 4, 3 / 4, 0]])
    assert explain.BODY_PARTS == ("background", "body", "ears", "eyes", "muzzle")
    assert torch.allclose(shares, expected)
    area = torch.tensor([[2 / 4, 1 / 4, 0, 0, 1 / 4], [0, 0, 3 / 4, 1 / 4, 0]])
    assert torch.allclose(explain.area_by_part(parts), area)
    cold = explain.heat_by_part(-heatmaps.abs(), parts)
    assert torch.allclose(cold, area), "no heat counts as even"


def test_the_pointing_game():
    mask = torch.zeros(4, 5, 6, dtype=torch.bool)
    mask[:, 2, 3] = True
    heatmaps = torch.zeros(4, 5, 6)
    heatmaps[0, 2, 3] = 1  # hit
    heatmaps[1, 3, 2] = 1  # miss
    heatmaps[2] = -1
    heatmaps[2, 2, 3] = 0  # hit: the largest counts, whatever its sign
    assert explain.pointing_game(heatmaps, mask) == 0.5
    assert explain.pointing_game(torch.zeros(4, 5, 6), torch.ones(4, 5, 6)) == 0, (
        "a flat map does not point"
    )
