"""What the figures are made of."""

import numpy as np
import pytest
import torch

from catdog_lib import plots
from catdog_lib.plots import primitives


def test_symmetric_limits_have_zero_in_the_middle_even_of_zeros():
    values = torch.tensor([[-1.0, 0.0], [0.5, -4.0]])
    assert primitives.symmetric_limits(values) == {"vmin": -4, "vmax": 4}
    assert primitives.symmetric_limits(values, room=1.5) == {"vmin": -6, "vmax": 6}
    assert primitives.symmetric_limits(0 * values) == {"vmin": -1, "vmax": 1}


def test_zero_is_white_in_the_output_of_a_convolution_with_negative_values():
    step = plots.convolution_step(torch.rand(5, 5), torch.tensor([[1.0, -3.0]]))
    low, high = step.axes[-1].images[0].get_clim()
    assert low == -high < 0


@pytest.mark.parametrize(
    "colour, ink", [("white", "black"), ("#ffe000", "black"), ("black", "white"), ("blue", "white")]
)
def test_ink_is_readable(colour, ink):
    assert primitives.readable_ink(colour) == ink


def test_texts_stand_in_their_cells_in_a_colour_that_can_be_read():
    _, (axes,) = plots.new_figure()
    primitives.draw_map(axes, torch.tensor([[0.0, 1.0]]), cmap="gray")
    primitives.write_cells(axes, [["dark", "light"]], fontsize=8)
    texts = {text.get_text(): (text.get_position(), text.get_color()) for text in axes.texts}
    assert texts == {"dark": ((0, 0), "white"), "light": ((1, 0), "black")}


def test_a_frame_lies_around_whole_pixels():
    _, (axes,) = plots.new_figure()
    primitives.frame(axes, 2, 5, width=3, height=1)
    assert np.allclose(axes.patches[0].get_bbox().extents, (1.5, 4.5, 4.5, 5.5))


@pytest.mark.parametrize("count, columns, shape", [(5, 3, (2, 3)), (2, 3, (1, 2)), (0, 3, (1, 1))])
def test_small_multiples_hide_the_axes_that_are_not_needed(count, columns, shape):
    figure, all_axes = primitives.small_multiples(count, columns, width=2, height=1)
    assert len(all_axes) == shape[0] * shape[1]
    assert [axes.axison for axes in all_axes] == [i < count for i in range(len(all_axes))]
    assert tuple(figure.get_size_inches()) == (2 * shape[1], shape[0])


def test_gray_is_the_same_from_bytes_and_floats():
    image = torch.randint(0, 256, (3, 4, 4), dtype=torch.uint8)
    gray = primitives.to_gray(image)
    assert gray.shape == (4, 4) and torch.allclose(gray, primitives.to_gray(image / 255))


def test_numbers_have_a_true_minus_sign_and_shapes_a_times_sign():
    assert primitives.number_text(-0.12345, ".2g") == "−0.12"
    assert primitives.shape_text((3, 64, 64)) == "3×64×64"
