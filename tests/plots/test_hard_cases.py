"""Figures of what is not as usual: long names, many curves, slow machines, zeros, losses of nan."""

import math
from itertools import combinations

import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.text import Text

from catdog_lib import plots
from catdog_lib.plots import primitives
from catdog_lib.sparsity.quadratic import SHRINKAGE_PENALTIES
from catdog_lib.training.history import Epoch, History
from catdog_lib.trust import reliability_bins
from tests.plots.samples import FIGURES, IMAGES, LABELS, LOGITS, PIXELS

NAN = math.nan
FOUR_ANSWERS = torch.full((4,), 0.6), torch.ones(4, dtype=torch.bool)  # confidence, right
PHONE_NAMES = [
    "IMG_20240131_123456789.jpg",
    "PXL_20240131_123456789.MP.jpg",
    "IMG_20240131_123456789_HDR.jpg",
    "WhatsApp Image 2024-01-31 at 12.34.56 with my two cats.jpeg",
    "cat.7.jpg",
]


def test_file_names_of_a_phone_do_not_meet_and_keep_their_ends():
    figure = plots.most_wrong(
        *(one.repeat(2, *[1] * (one.ndim - 1)) for one in (IMAGES, LABELS, LOGITS)), 2 * PHONE_NAMES
    )
    figure.draw_without_rendering()
    labels = [axes.xaxis.label for axes in figure.axes if axes.axison]
    boxes = [label.get_window_extent() for label in labels]
    assert [
        label.get_text() for i, label in enumerate(labels) if boxes[i].count_overlaps(boxes[:i])
    ] == []
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.width for box in boxes)
    texts = [label.get_text().replace("\n", "") for label in labels[:5]]
    assert texts[:3] == PHONE_NAMES[:3] and texts[4] == "cat.7.jpg"
    assert texts[3].startswith("WhatsApp Image") and texts[3].endswith("my two cats.jpeg")


def test_speeds_below_ten_keep_their_digits():
    figure = plots.speedup_steps({"plain": [0.31, 0.42], "fast": [9.3, 9.64], "gpu": [1234.0]})
    texts = [text.get_text().split()[0] for text in figure.axes[0].texts]
    assert texts == ["0.42", "9.64", "1,234"]
    assert "plain 0.42, 1.0 times the first, at worst 0.31" in figure.alt_text


def test_a_step_that_slows_down_a_hundredfold_is_not_zero_times_as_fast():
    figure = plots.speedup_steps({"plain": [100.0], "debug": [1.0]})
    assert "(×0.01)" in figure.axes[0].texts[1].get_text()
    assert "0.01 times the first" in figure.alt_text


@pytest.mark.parametrize("penalty", SHRINKAGE_PENALTIES)
def test_every_penalty_of_the_slider_has_its_chart(penalty):
    figure = plots.lambda_slider(torch.tensor([-1.0, 0.5]), penalty)
    figure.draw_without_rendering()
    assert figure.alt_text.startswith(f"{penalty} with λ")


@pytest.mark.filterwarnings("error")
def test_weights_that_are_all_zero_are_drawn():
    figure = plots.lambda_slider(torch.zeros(3, 3))
    assert "weights 9 (100.0%) are exactly 0" in figure.alt_text and "nan" not in figure.alt_text
    for axes in plots.templates(torch.zeros(2, 3, 4, 4)).axes:
        assert (axes.images[0].get_array() == 0.5).all()


def _history(losses):
    return History([Epoch(n, loss, 0.5, loss, 0.5, 1e-3, 2.0) for n, loss in enumerate(losses, 1)])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("losses", [[0.7, NAN, NAN], [0.7, math.inf, NAN], [NAN, NAN, NAN]])
@pytest.mark.parametrize(
    "draw",
    [
        lambda losses: plots.history(_history(losses)),
        lambda losses: plots.compare({"a": [_history(losses)]}, loss=True),
        lambda losses: plots.loss_curves({"a": {"training": losses}}),
        lambda losses: plots.line_chart(
            {"a": (torch.arange(1, 4), torch.tensor(losses))}, "epoch", "loss"
        ),
        lambda losses: plots.training_and_validation(
            {"a": {"training": [losses], "validation": [losses]}}
        ),
        lambda losses: plots.broken_and_fixed(
            {"broken": {"loss": [losses], "accuracy": [[0.5] * 3], "known": [0.5]}}
        ),
    ],
)
def test_losses_that_are_no_numbers_are_marked_at_the_upper_edge(draw, losses):
    figure = draw(losses)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    (marks,) = (line for line in axes.lines if line.get_marker() == "x")
    missing = [n for n, loss in enumerate(losses, 1) if not math.isfinite(loss)]
    assert list(marks.get_xdata()) == missing and set(marks.get_ydata()) == {1}
    assert axes.get_xlim()[0] <= missing[0] and axes.get_xlim()[1] >= 3
    assert f"{losses[missing[0] - 1]}" in [text.get_text() for text in axes.texts]


def test_losses_that_are_numbers_are_not_marked():
    for axes in FIGURES["history"][0]().axes:
        assert "x" not in [line.get_marker() for line in axes.lines]


@pytest.mark.parametrize("size", [7, 64, 224])
def test_the_grid_over_an_image_never_covers_it(size):
    figure = plots.shape_windows(size, 7, stride=2, padding=3)
    cell = 72 * figure.get_figwidth() / (size + 6)  # points, at most
    assert all(lines.get_linewidth()[0] < cell / 10 for lines in figure.axes[0].collections)


def test_every_part_of_a_bar_looks_different_and_all_names_are_on_the_sheet():
    parts = {f"a part with a name, {n}": 1.0 + n for n in range(9)}
    figure = plots.stacked_bars({"one": parts, "two": dict(reversed(parts.items()))}, "ms")
    figure.draw_without_rendering()
    looks = [(to_hex(bar.get_facecolor()), bar.get_hatch()) for bar in figure.axes[0].patches]
    assert len(set(looks)) == 9 and looks[:9] == looks[:8:-1], "a part looks the same in each bar"
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == list(parts)
    box = legend.get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.width
    keys = [(to_hex(key.get_facecolor()), key.get_hatch()) for key in legend.get_patches()]
    assert keys == looks[:9]


def _looks(axes):
    lines = [line for line in axes.lines if not line.get_label().startswith("_")]
    with plots.style():  # C6 is C0
        colours = [to_hex(line.get_color()) for line in lines]
    looks = [(line.get_marker(), line.get_linestyle()) for line in lines]
    return list(zip(colours, looks, strict=True))


@pytest.mark.parametrize(
    "draw",
    [
        lambda names: plots.feature_drift(
            {n: [(0, 0.0, 0.9, 0.8), (8, 0.1, 0.9, 0.8)] for n in names}
        ),
        lambda names: plots.learning_curves({n: {10: [0.5], 100: [0.6, 0.7]} for n in names}),
        lambda names: plots.compare({n: [_history([0.7, 0.6])] for n in names}),
        lambda names: plots.line_chart(
            {n: (torch.arange(3), torch.rand(3)) for n in names}, "x", "y"
        ),
    ],
)
def test_seven_curves_look_different(draw):
    looks = _looks(draw("ABCDEFG").axes[0])
    assert len(looks) == len(set(looks)) == 7
    assert {line for _, (_, line) in looks[:6]} == {"-"}


def test_the_looks_of_curves_differ_in_three_rounds_and_are_those_of_the_style():
    with plots.style():
        looks = [primitives.curve_look(number) for number in range(18)]
    assert len({tuple(look.values()) for look in looks}) == 18
    assert looks[0]["color"].lower().endswith("0072b2"), "also in a file that is saved later"


@pytest.mark.parametrize(
    "draw, part, axis",
    [
        (lambda: plots.gradients_by_layer({"plain": [[1e-4, 1e-2, 1]]}), 0, "x"),
        (FIGURES["channel_statistics"][0], 0, "x"),
        (FIGURES["channel_statistics"][0], 1, "x"),
        (lambda: plots.optimizer_race("bowl", ["SGD"], lr=0.1, step=3), 1, "x"),
        (FIGURES["feature_map_browser"][0], -1, "x"),
        (FIGURES["image_sizes"][0], 1, "y"),
        (FIGURES["multiple_comparisons"][0], 0, "y"),
        (lambda: plots.reliability_diagram({"a": reliability_bins(*FOUR_ANSWERS, 2)}), 1, "y"),
        (lambda: plots.weight_matrix({"a": PIXELS[:2, :3]}), 0, "x"),
        (lambda: plots.weight_matrix({"a": PIXELS[:2, :3]}), 0, "y"),
    ],
)
def test_ticks_of_whole_numbers_are_whole(draw, part, axis):
    figure = draw()
    figure.draw_without_rendering()
    ticks = getattr(figure.axes[part], f"get_{axis}ticks")()
    assert [tick for tick in ticks if tick != round(tick)] == []


def test_a_rooflines_labels_cover_neither_each_other_nor_a_dot():
    points = {"Conv2d 1": (12, 2e11), "ReLU 1": (0.12, 3e9), "ReLU 2": (0.13, 6e9)}
    slow = [(0.4, 5e9), (0.41, 9e9), (0.6, 8e9), (0.61, 1.2e10)]
    for number, (intensity, speed) in enumerate(slow):
        points[f"BatchNorm2d {number}"] = (intensity, speed)
    points |= {"Conv2d 2": (90, 4e11), "Conv2d 3": (110, 4.3e11), "Conv2d 4": (130, 3e11)}
    figure = plots.roofline(points, 5e11, 8e9)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    places = [Text.get_window_extent(label) for label in axes.texts]
    assert len(places) == len(points)
    assert not [1 for a, b in combinations(places, 2) if a.overlaps(b)]
    assert all(axes.bbox.y0 < place.y0 and place.y1 < axes.bbox.y1 for place in places)
    dots = axes.transData.transform([(x, y / 1e9) for x, y in points.values()])
    assert not any(place.contains(*dot) for place in places for dot in dots)


def test_a_map_without_heat_is_hottest_nowhere():
    images = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
    heat = torch.zeros(2, 8, 8)
    heat[1, 0, 0] = 1
    alt_text = plots.heatmaps(images, {"Grad-CAM": heat}).alt_text
    assert "Grad-CAM: hottest nowhere, upper left" in alt_text
