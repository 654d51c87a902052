"""Figures show the data they were given, and say in words what is to be seen."""

import base64
import io
import re

import matplotlib as mpl
import numpy as np
import pytest
import torch
from PIL import Image

from catdog_lib import models, plots
from catdog_lib.inspect.shape_table import shape_table
from catdog_lib.notebook import show_source
from tests.plots.samples import FIGURES, IMAGES, LABELS, LOGITS, PIXELS, history


def test_a_figure_in_a_file_has_a_sheet_of_its_own():
    """What shows the file may be dark, and nothing puts a sheet below it there."""
    file = io.BytesIO()
    plots.history(history()).savefig(file, format="png")
    assert Image.open(file).convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_says_what_it_shows_and_is_not_empty(name):
    draw, words = FIGURES[name]
    figure = draw()
    page = plots.show(figure).data
    assert words in figure.alt_text
    alt, data = re.fullmatch(
        r'<img alt="([^"]+)" src="data:image/png;base64,([^"]+)" style="[^"]+">', page
    ).groups()
    assert len(alt) > 40
    image = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA")
    assert image.getpixel((0, 0))[3] == 0, "the page is the paper"
    sheet = Image.new("RGBA", image.size, "white")
    pixels = np.asarray(Image.alpha_composite(sheet, image).convert("L"))
    assert pixels.shape[1] > 100 and 0.01 < (pixels < 250).mean() < 0.95


@pytest.mark.parametrize("name", FIGURES)
def test_no_title_is_cut_off_or_meets_another(name):
    figure = FIGURES[name][0]()
    figure.draw_without_rendering()
    titles = [t for axes in figure.axes for t in (axes.title, axes._left_title) if t.get_text()]
    boxes = [title.get_window_extent() for title in titles]
    width = figure.bbox.width
    outside = [t.get_text() for t, box in zip(titles, boxes, strict=True) if box.x1 > width + 1]
    assert outside == []
    assert [one for i, one in enumerate(boxes) if one.count_overlaps(boxes[:i])] == []


def test_every_public_figure_is_tested():
    helpers = {
        "CAT",
        "CLASS_COLOURS",
        "DOG",
        "describe",
        "new_figure",
        "draw_image",
        "show",
        "style",
    }
    assert set(plots.__all__) - helpers == set(FIGURES)


def test_a_figure_without_words_is_refused_and_quotes_are_escaped():
    figure, (axes,) = plots.new_figure()
    axes.plot([1, 2])
    with pytest.raises(ValueError, match="alt="):
        plots.show(figure)
    assert 'alt="a &lt;b&gt; &quot;c&quot;"' in plots.show(figure, 'a <b> "c"').data


def test_the_curves_of_a_history_have_its_values():
    losses, accuracies = plots.history(history()).axes
    assert np.allclose(losses.lines[1].get_ydata(), [0.7, 0.6, 0.5])
    assert np.allclose(accuracies.lines[0].get_ydata(), [60, 70, 80])
    assert accuracies.lines[2].get_xdata()[0] == 3, "the best epoch is marked"


def test_a_broken_script_has_its_curves_and_an_accuracy_for_each_seed():
    runs = {"loss": [[0.8, 0.2], [0.6, 0.4]], "accuracy": [[0.5, 0.9], [0.7, 1]], "known": [0, 1]}
    losses, accuracies = plots.broken_and_fixed({"broken": runs}, {"floor": 0.3}).axes
    first, second, mean, floor = (line.get_ydata() for line in losses.lines)
    assert np.allclose([first, second, mean], [[0.8, 0.2], [0.6, 0.4], [0.7, 0.3]])
    assert np.allclose(floor, 0.3) and losses.get_yscale() == "linear"
    marks = accuracies.lines[3]
    assert np.allclose(marks.get_ydata(), [0, 100]) and min(marks.get_xdata()) > 2
    runs["loss"][0][0] = 90.0
    assert plots.broken_and_fixed({"broken": runs}).axes[0].get_yscale() == "log"


def test_the_confusion_matrix_has_true_classes_in_rows():
    texts = {
        tuple(map(float, text.get_position())): text.get_text()
        for text in plots.confusion(torch.tensor([[30, 10], [5, 15]])).axes[0].texts
    }
    assert texts[(1.0, 0.0)] == "10\n25.0%" and texts[(0.0, 1.0)] == "5\n25.0%"


def test_titles_of_mistakes_name_answer_and_true_class():
    first = plots.most_wrong(IMAGES, LABELS, LOGITS, ["x/cat.7.jpg", *"bcde"]).axes[0]
    assert first.get_title() == "says dog, 95%\nis a cat" and first.get_xlabel() == "cat.7.jpg"


def test_the_style_ends_with_the_block():
    before = mpl.rcParams["axes.grid"]
    plots.history(history())
    assert mpl.rcParams["axes.grid"] == before


def test_cat_and_dog_colours_differ_for_every_kind_of_colour_vision():
    """Simulate the three kinds of dichromacy.

    Source: Viénot, Brettel and Mollon 1999; tritan by the same projection.
    """
    to_lms = np.array(
        [[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]]
    )
    losses = {
        "protan": [[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]],
        "deutan": [[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]],
        "tritan": [[1, 0, 0], [0, 1, 0], [-0.395913, 0.801109, 0]],
    }
    cat, dog = (np.array(mpl.colors.to_rgb(colour)) ** 2.2 for colour in plots.CLASS_COLOURS)
    for loss in losses.values():
        seen = np.linalg.inv(to_lms) @ np.array(loss) @ to_lms @ np.array([cat, dog]).T
        assert np.linalg.norm(seen[:, 0] - seen[:, 1]) > 0.2


def test_source_shown_is_the_source_that_runs():
    code = show_source(models.FiveConvCNN.forward)
    assert code.data.startswith("def forward(self, images: Tensor) -> Tensor:")


def test_layers_that_use_weights_again_are_hatched():
    hatched = {}
    for tied in (True, False):
        network = models.SixBlockCNN(64, width=2, tied=tied)
        figure = plots.architecture(shape_table(network, torch.zeros(1, 3, 64, 64)))
        patches = [patch for patch in figure.axes[0].patches if "same" not in patch.get_label()]
        hatched[tied] = sum(bool(patch.get_hatch()) for patch in patches)
        assert (", of which 3 use weights again" in figure.alt_text) == tied
    assert hatched == {True: 9, False: 0}, "three faces of three boxes"


def test_dice_add_up_along_diagonals():
    table, sums = plots.dice_sum_distribution(
        torch.full((6,), 1 / 6), torch.full((6,), 1 / 6), total=7
    ).axes
    assert [box.get_x() + box.get_y() + 0.92 for box in table.patches] == pytest.approx([5] * 6)
    bars = sums.patches
    assert np.allclose([bar.get_height() * 0.36 for bar in bars], [1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1])
    assert [bar.get_x() + bar.get_width() / 2 for bar in bars] == pytest.approx(range(2, 13))


def test_maps_of_kernels_that_sum_to_zero_have_grey_for_zero():
    sobel, mean = FIGURES["kernels"][0]().axes[2:]
    low, high = sobel.images[0].get_clim()
    assert low == -high < 0 and mean.images[0].get_clim() == (0, 1)


def test_heat_below_zero_is_drawn_on_a_scale_that_is_white_at_zero():
    figure = plots.heatmaps(
        IMAGES[:1], {"up": PIXELS[None], "both": PIXELS[None] - 2 * PIXELS.max()}
    )
    up, both = (axes.images[1] for axes in figure.axes[1:])
    values = PIXELS.flatten()
    assert up.get_clim() == pytest.approx((0, values.quantile(0.99).item()))
    least = (values - 2 * values.max()).quantile(0.01).item()
    assert both.get_clim() == pytest.approx((least, -least))


def test_bars_of_heat_have_the_mean_over_the_images_and_its_interval():
    shares = torch.tensor([[0.2, 0.8, 0, 0, 0], [0.4, 0.6, 0, 0, 0]])
    figure = plots.attribution_by_part({"a": shares, "b": shares.flip(1)}, shares)
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights == pytest.approx([30, 70, 0, 0, 0, 0, 0, 0, 70, 30], abs=1e-4)
    segment = figure.axes[0].collections[0].get_segments()[0]
    spread = 1.96 * np.std([20, 40], ddof=1) / 2**0.5
    assert segment[:, 1] == pytest.approx([30 - spread, 30 + spread], abs=1e-3)
