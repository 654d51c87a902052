"""The maps of exercise 01.4 are those of the kernels that their letters stand for."""

import pytest
import torch
import torch.nn.functional as F

from catdog_lib.exercises.lesson_01_gallery import mystery_maps

IMAGE = torch.rand(9, 12, generator=torch.Generator().manual_seed(0))
SOBEL = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
CENTRE = torch.tensor([[0.0, 0, 0], [0, 1, 0], [0, 0, 0]])
PLUS = torch.tensor([[0.0, 1, 0], [1, 1, 1], [0, 1, 0]])
LAPLACE = PLUS - 5 * CENTRE


@pytest.mark.parametrize(
    ("letter", "kernel"),
    [
        ("A", SOBEL.T),
        ("B", LAPLACE),
        ("C", torch.ones(3, 3) / 9),
        ("D", -SOBEL),
        ("E", CENTRE - LAPLACE),
    ],
)
def test_each_map_is_that_of_its_kernel(letter, kernel):
    found = mystery_maps(IMAGE)[letter]
    values = F.conv2d(IMAGE[None, None], kernel[None, None])[0, 0]
    if abs(kernel.sum()) < 1e-6:  # grey is 0, and all but a few of the extremes are shown
        values = 0.5 + values / (2 * values.abs().quantile(0.995))
    assert found.shape == (3, 7, 10)
    assert torch.allclose(found, values.clamp(0, 1).expand(3, -1, -1), atol=1e-6)


@pytest.mark.parametrize(("letter", "grey"), [("A", 0.5), ("B", 0.5), ("C", 0.25), ("E", 0.25)])
def test_an_even_image_makes_an_even_map(letter, grey):
    even = mystery_maps(torch.full((5, 5), 0.25))[letter]
    assert torch.allclose(even, torch.full_like(even, grey), atol=1e-6)
