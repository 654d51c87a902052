"""The checker of exercise 07.5 measures what a network answers, and where it looks."""

import torch
from torch import nn

from catdog_lib.exercises.lesson_07_shortcuts import SIZE, _accuracy, _share_of_heat

ROWS, COLUMNS = slice(8, 12), slice(16, 20)  # one of occlusion's squares


class CountsWhite(nn.Module):
    """Says dog, and is the surer the more pixels of one square are brighter than covered ones."""

    def forward(self, images):
        seen = (images[:, 0, ROWS, COLUMNS] > 127.5 / 255).double().mean((1, 2)) / 100
        return torch.stack([-seen, seen], 1)


def marked(count):
    images = torch.randint(0, 127, (count, 3, SIZE, SIZE), generator=torch.Generator())
    images[:, :, ROWS, COLUMNS] = 128
    return images.to(torch.uint8), torch.ones(count, dtype=torch.long)


def share(images, labels, rows, columns):
    mask = torch.zeros(len(images), SIZE, SIZE, dtype=torch.bool)
    mask[:, rows, columns] = True
    return _share_of_heat(CountsWhite(), images, labels, mask)


def test_all_heat_lies_where_the_network_looks():
    images, labels = marked(3)
    assert round(share(images, labels, ROWS, COLUMNS), 6) == 1
    assert round(share(images, labels, ROWS, slice(16, 18)), 6) == 0.5
    assert share(images, labels, slice(12, 16), COLUMNS) == 0


def test_what_speaks_against_the_class_is_cold():
    images, labels = marked(3)
    assert share(images, 1 - labels, ROWS, COLUMNS) == 0


class SaysDogToWhite(nn.Module):
    def forward(self, images):
        white = (images.mean((1, 2, 3)) >= 1).double()
        return torch.stack([1 - white, white], 1)


def test_the_accuracy_is_the_share_of_right_answers():
    images = torch.full((4, 3, SIZE, SIZE), 255, dtype=torch.uint8)
    images[:2] = 254
    network = SaysDogToWhite()
    assert _accuracy(network, images, torch.tensor([0, 0, 1, 1])) == 1
    assert _accuracy(network, images, torch.tensor([0, 1, 0, 0])) == 0.25
