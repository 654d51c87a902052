"""Pictures show the data they were given, and say in words what is to be seen."""

import base64
import io
import re

import matplotlib as mpl
import numpy as np
import pytest
import torch
from PIL import Image

from catdog_lib import models, plots
from catdog_lib.inspect.activations import TopActivation
from catdog_lib.inspect.autograd_graph import trace
from catdog_lib.inspect.gradient_flow import LayerSignal
from catdog_lib.inspect.receptive_field import Box
from catdog_lib.inspect.shape_table import shape_table
from catdog_lib.notebook import show_source
from catdog_lib.sparsity import LayerSparsity
from catdog_lib.training.history import Epoch, History
from catdog_lib.training.lr_finder import RateSearch


def history(offset=0.0):
    return History(
        [
            Epoch(n, 0.7 - 0.1 * n, 0.5 + 0.1 * n, 0.8 - 0.1 * n, 0.4 + 0.1 * n + offset, 1e-3, 2.0)
            for n in (1, 2, 3)
        ],
        100,
    )


PICTURES = torch.randint(
    0, 256, (5, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
LABELS = torch.tensor([0, 1, 0, 1, 1])
LOGITS = torch.tensor([[0.0, 3.0], [2.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.5, 0.0]])
USES = shape_table(models.FiveConvCNN(64, 4), torch.zeros(1, 3, 64, 64))
SOBEL = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
PIXELS = PICTURES[0, 0] / 255
LAYER = torch.nn.Linear(4, 2)
LOSS = torch.nn.functional.cross_entropy(LAYER(torch.rand(3, 4)), LABELS[:3])
GRAPH = trace(LOSS, dict(LAYER.named_parameters()))
SIGNALS = [
    LayerSignal("0", "Linear", 2.0, 1e-6, 0.1, 5e-7),
    LayerSignal("2", "Linear", 0.03, 1.0, 0.1, 0.4),
]


def l1_row(name, l1, accuracy, zeros=(0.0, 0.0), penalty="gradient"):
    facts = {"mean": accuracy, "values": [accuracy - 0.02, accuracy + 0.02]}
    return {"name": name, "l1": l1, "penalty": penalty, "test_accuracy": facts, "validation_accuracy": facts,
            "zeros": {"mean": sum(zeros) / 2, "values": list(zeros)},
            "curves": [[0.5, accuracy], [0.55, accuracy]]}  # fmt: skip


L1 = {"table": [l1_row("a", 0.01, 0.75), l1_row("b", 0.0, 0.8), l1_row("c", 0.01, 0.85)]}
L1["path"] = [*L1["table"][1:], l1_row(None, 0.01, 0.7, (0.3, 0.5), "proximal")]
EXCITING = [
    TopActivation(0, 1, 1, 2.5, Box(0, 3, 2, 5), PICTURES[0, :, :4, 2:6]),
    TopActivation(1, 0, 0, 1.5, Box(0, 2, 0, 2), PICTURES[1, :, :3, :3]),
]
FIGURES = {
    "grid": (lambda: plots.grid(PICTURES, LABELS), "2 cats and 3 dogs"),
    "most_wrong": (lambda: plots.most_wrong(PICTURES, LABELS, LOGITS, list("abcde")), "gave 95% to the wrong class"),
    "history": (lambda: plots.history(history()), "validation accuracy from 50% to 70%"),
    "compare": (lambda: plots.compare({"a": [history(), history(0.1)], "b": [history()]}), "a: 75.0% on average"),
    "confusion": (lambda: plots.confusion(torch.tensor([[30, 10], [5, 15]])), "Of 40 cats, 30 (75.0%) are called cat"),
    "architecture": (lambda: plots.architecture(USES, "Five"), "5 convolution layers, 4 pooling layers, 4 fully"),
    "forward_pass": (lambda: plots.forward_pass(PICTURES[0], [("conv", torch.rand(4, 8, 8))]), "conv (4×8×8)"),
    "activations": (plots.activations, "ReLU is 0"),
    "captioned": (lambda: plots.captioned(list(PICTURES[:3]), ["one\nfault", "two", "three"], 3),
                  "one fault; two; three"),
    "gallery": (lambda: plots.gallery({"as it is": PICTURES[:1], "turned": PICTURES / 255}),
                "5 variants of one picture"),
    "pixels": (lambda: plots.pixels(PICTURES[0], 2, 3, 4),
               "The upper left one is red {}, green {}, blue {}.".format(*PICTURES[0, :, 2, 3].tolist())),
    "channels": (lambda: plots.channels(PICTURES[0]), "Their means: red 1"),
    "speed": (lambda: plots.speed({"five_conv": (22.4, 98.6), "features": (9.0, 135.2)}, "2 CPU cores"),
              "five_conv: 22.4 plain, 98.6 ours, 4.4 times as many; features: 9 plain, 135 ours, "
              "15.0 times"),
    "squares": (lambda: plots.squares(Image.new("RGB", (90, 40), "red"), 32), "A photo of 90×40 pixels"),
    "sizes": (lambda: plots.sizes(torch.tensor([300, 500, 80]), torch.tensor([400, 375, 80]), LABELS[:3]),
              "3 photos: 2 cats, 1 dog. Widths run from 80 to 500 pixels, heights from 80 to 400; "
              "1 are wider"),
    "multiple_comparisons": (lambda: plots.multiple_comparisons(torch.tensor([0.4, 0.5, 0.62]), 0.507, 100), "The luckiest has 62 %, and 50.7 %"),
    "templates": (lambda: plots.templates(torch.randn(2, 3, 8, 8)), "The weights of a linear model"),
    "accuracies": (lambda: plots.accuracies({"a": (0.5, 0.4, 0.6), "b": (0.9, 0.8, 0.95)}),
                   "a: 50.0%, from 40.0% to 60.0%; b: 90.0%"),
    "row_of_windows": (lambda: plots.row_of_windows({
        "a": dict(size=8, kernel=3, stride=2), "b": dict(size=9, kernel=3, dilation=2),
        "c": dict(size=5, kernel=2, stride=2, padding=1, ceil_mode=True)}),
        "a: 8 pixels, 3 windows, 1 pixel in no window; b: 9 pixels, 5 windows; c: 5 pixels, 3 "
        "windows, one more"),
    "to_scale": (lambda: plots.to_scale({"all": PICTURES[0], "half": torch.rand(8, 9)}), "all 16×16, half 8×9"),
    "layer_costs": (lambda: plots.layer_costs(USES, "Five"),
                    "Together 0.5 MB of outputs, 0.05 million parameters and 0.00 G "
                    "multiply-adds. The largest output is that of "),
    "receptive_fields": (lambda: plots.receptive_fields(PICTURES[0], {"top": torch.eye(16)}, {"top": (0, 0, 9, 9)}),
                         "top 9×9 pixels"),
    "gradients_by_layer": (lambda: plots.gradients_by_layer({"plain": [[1e-4, 1e-2, 1], [1e-6, 1e-4, 1]]}),
                           "plain: 1.0e-05 at the first layer, 1.0e+00 at the last"),
    "dice": (lambda: plots.dice(torch.full((6,), 1 / 6), torch.tensor([0.5, 0.25, 0.25]), total=3),
             "with the 2 pairs marked whose sum is 3: they lie on a diagonal from lower left to "
             "upper right. Right the probability of each sum; 3 has 12.5 %"),
    "curves": (lambda: plots.curves({"a": (torch.arange(3), torch.tensor([1, 0.5, -2]))}, "x", "y"),
               "y against x. a: from 1.00 at 0 to -2.00 at 2"),
    "numbers": (lambda: plots.numbers({"a": torch.eye(2), "b": torch.tensor([[-0.5, 1 / 9, 1 / 16]])}),
                "a: 1 0, 0 1; b: −0.5 1/9 1/16."),
    "kernels": (lambda: plots.kernels({"Sobel": (SOBEL, torch.randn(8, 8)), "mean": (torch.ones(3, 3) / 9, PIXELS)}),
                "2 kernels, each with its numbers and the picture that it makes: Sobel (−1 0 1, "
                "−2 0 2, −1 0 1)"),
    "channel_sum": (lambda: plots.channel_sum(PICTURES[0] / 255, torch.randn(3, 3, 3), torch.randn(3, 8, 8), 0.5),
                    "with the bias +0.50 added: a single map"),
    "connections": (lambda: plots.connections({"one": torch.randn(4, 6), "two": torch.eye(4)}),
                    "one: 24 connections, 24 different weights; two: 4 connections, 1 different "
                    "weights"),
    "equivariance": (lambda: plots.equivariance({"a": (PIXELS, PIXELS), "b": (PIXELS, 2 * PIXELS)}),
                 "a: they differ by 0%; b: they differ by 100%"),
    "channel_spread": (lambda: plots.channel_spread(torch.rand(4, 3, 5, 5), torch.randn(4, 3, 5, 5)), "3 channels"),
    "convolution_step": (lambda: plots.convolution_step(torch.arange(25).view(5, 5), torch.ones(3, 3), 1, 2),
                         "sum to 117 = 117"),
    "feature_map_browser": (
        lambda: plots.feature_map_browser(
            PICTURES[0], torch.arange(32).view(2, 4, 4) - 20, 1, (2, 3), torch.ones(2, 3, 3),
            torch.eye(3).expand(2, 3, 3),
            bias=-0.5, after=[("ReLU", 5.5)], seen=(3, 9, 8, 15), heat=torch.rand(4, 4), title="conv, channel 1"),
        "conv, channel 1, row 2, column 3. The unit sees rows 3 to 9 and columns 8 to 15 of the "
        "photo. The products of 2 input channels sum to 6, with the bias −0.5 to 5.5; ReLU makes "
        "it 5.5."),
    "shape_windows": (lambda: plots.shape_windows(7, 2, stride=2), "7×7 becomes 3×3: windows 2 wide, 2 apart"),
    "receptive_field_stack": (
        lambda: plots.receptive_field_stack(
            [{"kernel": 3, "stride": 1, "padding": 1, "dilation": 1}] * 3, 16, photo=PICTURES[0]),
        "layer 3, and what it sees in the maps below: of the photo, rows 4 to 10"),
    "stacked_bars": (lambda: plots.stacked_bars({"plain": {"decode": 3.0, "forward": 1.5}, "fast": {"forward": 0.5}}, "ms"),
              "plain: decode 3, forward 1.5, together 4.5; fast: forward 0.5, together 0.5"),
    "speedup_steps": (lambda: plots.speedup_steps({"plain": 20.0, "fast": 90.0}),
               "plain 20, 1.0 times the first; fast 90, 4.5 times"),
    "roofline": (lambda: plots.roofline({"conv": (90.0, 3e11), "ReLU": (0.25, 2e9)}, 4e11, 1e10),
                 "10 GB a second up to 40 operations per byte and is level from there, at 400 "
                 "billion operations a second. conv: 90 per byte, 300 billion a second; ReLU: "
                 "0.25 per byte, 2 billion"),
    "number_formats": (lambda: plots.number_formats({"bfloat16": ("0", "01111111", "0000001")}),
                       "bfloat16: sign 0, exponent 01111111, mantissa 0000001"),
    "learning_rates": (lambda: plots.learning_rates(RateSearch((0.003, 0.03, 0.3), (0.7, 0.6, 0.5))),
                       "loss: from 0.61 at 3e-03 down to 0.59 at 3e-01; 1e-01 is suggested"),
    "lambda_slider": (lambda: plots.lambda_slider(SOBEL, lam=0.6),
                      "Of the layer's 9 weights 7 (77.8%) are exactly 0, the largest is 0.4 of "
                      "what it was"),
    "optimizer_race": (lambda: plots.optimizer_race("bowl", ["SGD", "momentum"], lr=2.5, momentum=0, step=9),
                       "After 9 steps: SGD 1.11e+04, momentum"),
    "graph": (lambda: plots.graph(GRAPH, "A linear layer"),
              "A linear layer: boxes from top to bottom, linear (3×2), log-softmax (3×2), "
              "negative log-likelihood (one number); 2 parameters beside the operations that use "
              "them. Grey arrows lead down to the loss; orange "),
    "signals_by_layer": (lambda: plots.signals_by_layer({"tanh": SIGNALS, "ReLU": SIGNALS[::-1]}),
                         "tanh: values 2.0e+00 at the first layer and 3.0e-02 at the last, "
                         "gradients in them 1.0e-06 and 1.0e+00, in the weights 5.0e-07 and "
                         "4.0e-01; ReLU: values 3.0e-02 at"),
    "l1_experiment": (lambda: plots.l1_experiment(L1),
                      "last a: 75.0%; b: 80.0%; c: 85.0%. Right the accuracy against the share of "
                      "weights that are exactly 0. gradient, λ = 0.01: 0 % zeros, 85.0 %; "
                      "proximal, λ = 0.01: 40 % zeros, 70.0 %; without L1: 80.0 %."),
    "accuracy_against_zeros": (
        lambda: plots.accuracy_against_zeros({"proximal": [{"l1": 0.1, "accuracy": 0.7, "zeros": 0.9},
                                                           {"l1": 0.01, "accuracy": [0.8, 0.9], "zeros": [0.2, 0.4]}]}),
        "proximal, λ = 0.01: 30 % zeros, 85.0 %; proximal, λ = 0.1: 90 % zeros, 70.0 %."),
    "zeros_by_layer": (lambda: plots.zeros_by_layer({"a": [LayerSparsity("conv", "Conv2d", 8, 2, 2, 0),
                                                           LayerSparsity("last", "Linear", 4, 4, 0, 0)]}),
                       "a: conv 25%, last 100%"),
    "penalised_loss": (plots.penalised_loss, "L1: 1.00, 0.50, 0.00, 0.00; L2: 1.00, 0.67, 0.50, 0.40."),
    "weight_sizes": (lambda: plots.weight_sizes({"SGD": [torch.tensor([0.0, 0.5, -2.0, 0.5])], "prox": [torch.eye(2)]}),
                     "SGD: 25.0 % are exactly 0, half are below 5.0e-01; prox: 50.0 % are exactly "
                     "0"),
    "families": (lambda: plots.families({"alexnet": (0.7e9, 61e6, 0.565), "resnet50": (4.1e9, 25.6e6, 0.809)},
                                        {"alexnet": 90.0}),
                 "resnet50: 4.10 G multiply-adds, 25.6 M parameters, 80.9%; Measured here, "
                 "pictures a second: alexnet 90"),
    "channel_links": (lambda: plots.channel_links({"all": torch.ones(4, 3, 3, 3),
                                                   "one": torch.eye(3).view(3, 3, 1, 1) * torch.ones(5, 5)}),
                      "all: 12 kernels of 3×3, 108 weights; one: 3 kernels of 5×5, 75 weights"),
    "drift": (lambda: plots.drift({"still": [(0, 0.0, 0.9), (8, 0.0, 0.95)], "moving": [(0, 0.0, 0.9), (8, 0.5, 0.6)]}),
              "still: features moved by 0% after 8 steps, accuracy from 90% to 95%; moving: "
              "features moved by 50%"),
    "learning_curves": (lambda: plots.learning_curves({"probe": {10: [0.9, 0.8], 1000: [0.98]}, "new": {10: [0.5]}}),
                        "probe: 10 85.0 %, 1000 98.0 %; new: 10 50.0 %."),
    "feature_space": (lambda: plots.feature_space(torch.tensor([[0.0, 0], [1, 0], [9, 0], [10, 0], [3, 0]]), LABELS,
                                                  PICTURES[:2]),
                      "5 pictures as points of a plane, cats and dogs in different colours. Of "
                      "20% of them"),
    "heat": (lambda: plots.heat(PICTURES[:2], {"saliency": PIXELS.expand(2, 16, 16),
                                               "occlusion": torch.eye(16).expand(2, 16, 16) - 0.5}, ["says cat", "no"]),
             "2 pictures (says cat; no), and below them their heat maps, each on its own scale. "
             "saliency: hottest "),
    "heat_by_part": (lambda: plots.heat_by_part({"good": torch.tensor([[0.2, 0.3, 0.1, 0.1, 0.3]] * 2)},
                                                torch.tensor([[0.6, 0.3, 0.05, 0.02, 0.03]])),
                     "good: background 20%, body 30%, ears 10%, eyes 10%, muzzle 30%. Dashed "
                     "marks show what even heat would give: background 60%"),
    "deletion": (lambda: plots.deletion({"Grad-CAM": torch.tensor([[1.0, 0.5, 0.1], [0.9, 0.4, 0.1]])}),
                 "taken out of the picture first, mean over the pictures. Grad-CAM from 95% to "
                 "10%, area 0.49"),
    "filters": (lambda: plots.filters(torch.linspace(-1, 0.5, 4 * 2 * 9).view(4, 2, 3, 3)),
                "The 4 filters of a convolution with 2 input channels, 3×3 weights each, a row "
                "for each of the first 4, a column for each of the first 2 input channels"),
    "feature_maps": (lambda: plots.feature_maps(PICTURES[0], {"conv": torch.rand(4, 8, 8), "0": torch.ones(1, 4, 4)}),
                     "2 rows of feature maps, one for each layer, bright for large values: conv "
                     "(4×8×8), 0 (1×4×4, 1 flat)"),
    "exciting": (lambda: plots.exciting(PICTURES[:2], EXCITING),
                 "The 2 pictures that excite one unit most, each with a box around what it saw, "
                 "and the patch in the box (3 to 4 pixels high) below with the unit's value: from "
                 "2.50 down to 1.50."),
    "weight_matrix": (lambda: plots.weight_matrix({"a": torch.eye(4), "b": torch.eye(3, 6).view(3, 6, 1, 1) * 0}),
                      "a: 75% of the weights are 0, 0 of 4 rows are empty; b: 100% of the weights "
                      "are 0, 3 of 3"),
}  # fmt: skip


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
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("L"))
    assert pixels.shape[1] > 100 and 0.01 < (pixels < 250).mean() < 0.95


def test_every_public_figure_is_tested():
    helpers = {"CAT", "CLASS_COLOURS", "DOG", "describe", "new_figure", "picture", "show", "style"}
    assert set(plots.__all__) - helpers == set(FIGURES)


def test_a_figure_without_words_is_refused_and_quotes_are_escaped():
    figure, (axes,) = plots.new_figure()
    axes.plot([1, 2])
    with pytest.raises(ValueError, match="alt="):
        plots.show(figure)
    assert 'alt="a &lt;b&gt; &quot;c&quot;"' in plots.show(figure, 'a <b> "c"').data


def test_curves_hold_the_history():
    losses, accuracies = plots.history(history()).axes
    assert np.allclose(losses.lines[1].get_ydata(), [0.7, 0.6, 0.5])
    assert np.allclose(accuracies.lines[0].get_ydata(), [60, 70, 80])
    assert accuracies.lines[2].get_xdata()[0] == 3, "the best epoch is marked"


def test_the_confusion_picture_has_truth_in_rows():
    texts = {
        tuple(map(float, text.get_position())): text.get_text()
        for text in plots.confusion(torch.tensor([[30, 10], [5, 15]])).axes[0].texts
    }
    assert texts[(1.0, 0.0)] == "10\n25.0%" and texts[(0.0, 1.0)] == "5\n25.0%"


def test_titles_of_mistakes_name_answer_and_truth():
    first = plots.most_wrong(PICTURES, LABELS, LOGITS, ["x/cat.7.jpg", *"bcde"]).axes[0]
    assert first.get_title() == "says dog, 95%\nis a cat" and first.get_xlabel() == "cat.7.jpg"


def test_the_style_ends_with_the_block():
    before = mpl.rcParams["axes.grid"]
    plots.history(history())
    assert mpl.rcParams["axes.grid"] == before


def test_cat_and_dog_colours_differ_for_every_kind_of_colour_vision():
    """Simulated for the three kinds of dichromacy (Viénot, Brettel and Mollon 1999; tritan by the
    same projection).
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
    assert code.data.startswith("def forward(self, pictures: Tensor) -> Tensor:")


def test_dice_add_up_along_diagonals():
    table, sums = plots.dice(torch.full((6,), 1 / 6), torch.full((6,), 1 / 6), total=7).axes
    assert [box.get_x() + box.get_y() + 0.92 for box in table.patches] == pytest.approx([5] * 6)
    bars = sums.patches
    assert np.allclose([bar.get_height() * 0.36 for bar in bars], [1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1])
    assert [bar.get_x() + bar.get_width() / 2 for bar in bars] == pytest.approx(range(2, 13))


def test_maps_of_kernels_that_sum_to_zero_have_grey_for_zero():
    sobel, mean = FIGURES["kernels"][0]().axes[2:]
    low, high = sobel.images[0].get_clim()
    assert low == -high < 0 and mean.images[0].get_clim() == (0, 1)


def test_heat_below_zero_is_drawn_on_a_scale_that_is_white_at_zero():
    figure = plots.heat(PICTURES[:1], {"up": PIXELS[None], "both": PIXELS[None] - 2 * PIXELS.max()})
    up, both = (axes.images[1] for axes in figure.axes[1:])
    largest = PIXELS.max().item()
    assert up.get_clim() == pytest.approx((0, largest))
    least = PIXELS.min().item() - 2 * largest
    assert both.get_clim() == pytest.approx((least, -least))


def test_bars_of_heat_have_the_mean_of_the_pictures_and_its_interval():
    shares = torch.tensor([[0.2, 0.8, 0, 0, 0], [0.4, 0.6, 0, 0, 0]])
    figure = plots.heat_by_part({"a": shares, "b": shares.flip(1)}, shares)
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights == pytest.approx([30, 70, 0, 0, 0, 0, 0, 0, 70, 30], abs=1e-4)
    segment = figure.axes[0].collections[0].get_segments()[0]
    spread = 1.96 * np.std([20, 40], ddof=1) / 2**0.5
    assert segment[:, 1] == pytest.approx([30 - spread, 30 + spread], abs=1e-3)
