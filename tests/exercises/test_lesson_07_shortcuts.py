"""The checker of exercise 07.5 measures what a network answers, and where it looks."""

import pytest
import torch
from torch import nn

from catdog_lib.exercises.lesson_07_shortcuts import SIZE, _accuracy, _share_of_heat, plant
from tests.exercises.banks.bank_07 import corner, stamped

SQUARES = [  # some of occlusion's: rows and columns
    (slice(8, 12), slice(16, 20)),
    (slice(0, 4), slice(28, 32)),
    (slice(4, 8), slice(0, 4)),
    (slice(28, 32), slice(12, 16)),
]
GREY = 127  # what occlusion covers with


class SeesInk(nn.Module):
    """Notices whether any pixel of a square is not grey; that much speaks for cat and for dog."""

    def __init__(self, rows, columns, weights=(-1.0, 1.0)):
        super().__init__()
        self.place, self.weights = (rows, columns), weights

    def forward(self, images):
        ink = (images[:, :, *self.place] != GREY).flatten(1).any(1).double() / 100
        return torch.stack([weight * ink for weight in self.weights], 1)


def share(network, labels, rows, columns):
    """Return the share of heat there, in images of which only the network's square is not grey."""
    images = torch.full((len(labels), 3, SIZE, SIZE), GREY, dtype=torch.uint8)
    images[:, :, *network.place] = 200
    mask = torch.zeros(len(labels), SIZE, SIZE, dtype=torch.bool)
    mask[:, rows, columns] = True
    return _share_of_heat(network, images, labels, mask)


CATS, DOGS = torch.zeros(3, dtype=torch.long), torch.ones(3, dtype=torch.long)


@pytest.mark.parametrize(("rows", "columns"), SQUARES)
def test_all_heat_lies_where_the_network_looks(rows, columns):
    network = SeesInk(rows, columns)
    assert round(share(network, DOGS, rows, columns), 6) == 1
    half = slice(columns.start, columns.start + 2)
    assert round(share(network, DOGS, rows, half), 6) == 0.5
    assert share(network, DOGS, slice(12, 16), slice(16, 20)) == 0


def test_what_speaks_against_the_class_is_cold():
    rows, columns = SQUARES[0]
    assert share(SeesInk(rows, columns), CATS, rows, columns) == 0


def test_what_speaks_more_for_the_other_class_is_cold():
    rows, columns = SQUARES[0]
    network = SeesInk(rows, columns, weights=(2.0, 1.0))
    assert share(network, DOGS, rows, columns) == 0
    assert round(share(network, CATS, rows, columns), 6) == 1


class SaysDogToWhite(nn.Module):
    def forward(self, images):
        white = (images == 255).flatten(1).all(1).double()
        return torch.stack([1 - white, white], 1)


def test_the_accuracy_is_the_share_of_right_answers():
    images = torch.full((4, 3, SIZE, SIZE), 255, dtype=torch.uint8)
    images[:2] = 254
    network = SaysDogToWhite()
    assert _accuracy(network, images, torch.tensor([0, 0, 1, 1])) == 1
    assert _accuracy(network, images, torch.tensor([0, 1, 0, 0])) == 0.25


def test_the_area_of_the_mark_is_its_share_of_the_image():
    said = plant(stamped(corner, corner))
    assert "your mark, which covers 2.4% of the area" in said  # 25 of 1024
