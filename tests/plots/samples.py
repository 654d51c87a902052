"""A sample call of every public figure, and some of the words that its description must contain."""

import torch
from PIL import Image

from catdog_lib import models, plots
from catdog_lib.inspect.activations import TopActivation
from catdog_lib.inspect.autograd_graph import trace
from catdog_lib.inspect.gradient_flow import LayerSignal
from catdog_lib.inspect.receptive_field import Box
from catdog_lib.inspect.shape_table import shape_table
from catdog_lib.sparsity import LayerSparsity
from catdog_lib.training.history import Epoch, History
from catdog_lib.training.lr_finder import RateSearch
from catdog_lib.trust import auroc, reliability_bins, roc_curve


def history(offset=0.0):
    return History(
        [
            Epoch(n, 0.7 - 0.1 * n, 0.5 + 0.1 * n, 0.8 - 0.1 * n, 0.4 + 0.1 * n + offset, 1e-3, 2.0)
            for n in (1, 2, 3)
        ],
        100,
    )


IMAGES = torch.randint(
    0, 256, (5, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
LABELS = torch.tensor([0, 1, 0, 1, 1])
LOGITS = torch.tensor([[0.0, 3.0], [2.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.5, 0.0]])
USES = shape_table(models.FiveConvCNN(64, 4), torch.zeros(1, 3, 64, 64))
SOBEL = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
PIXELS = IMAGES[0, 0] / 255
LAYER = torch.nn.Linear(4, 2)
LOSS = torch.nn.functional.cross_entropy(LAYER(torch.rand(3, 4)), LABELS[:3])
GRAPH = trace(LOSS, dict(LAYER.named_parameters()))
SIGNALS = [
    LayerSignal("0", "Linear", 2.0, 1e-6, 0.1, 5e-7),
    LayerSignal("2", "Linear", 0.03, 1.0, 0.1, 0.4),
]
CONFIDENCE = torch.linspace(0.5, 1, 60, dtype=torch.float64)
RIGHT = torch.arange(60) % 3 > 0
PETS, STRANGERS = torch.tensor([0.9, 0.8, 0.7, 0.3]), torch.tensor([0.6, 0.2])
TOP_ACTIVATIONS = [
    TopActivation(0, 1, 1, 2.5, Box(0, 3, 2, 5), IMAGES[0, :, :4, 2:6]),
    TopActivation(1, 0, 0, 1.5, Box(0, 2, 0, 2), IMAGES[1, :, :3, :3]),
]
FIGURES = {
    "image_grid": (lambda: plots.image_grid(IMAGES, LABELS), "2 cats and 3 dogs"),
    "reliability_diagram": (
        lambda: plots.reliability_diagram(
            {
                "a": reliability_bins(CONFIDENCE, RIGHT, 3),
                "b": reliability_bins(CONFIDENCE, RIGHT, 3, equal_mass=True),
            },
            {"a": torch.tensor([0.05, 0.07]), "b": torch.tensor([0.01])},
        ),
        "a: expected calibration error 13.0%, of a perfect network 6.0% on average; 65% right",
    ),
    "score_histogram": (
        lambda: plots.score_histogram(PETS, STRANGERS, 0.5, "score"),
        "Below the threshold 0.5 lie 25% of the pets and 50% of the strangers",
    ),
    "roc_curves": (
        lambda: plots.roc_curves({"rule": (*roc_curve(PETS, STRANGERS), auroc(PETS, STRANGERS))}),
        "rule 0.875",
    ),
    "damage_curves": (
        lambda: plots.damage_curves(
            {"blur": ("pixels", {0: LABELS, 2: torch.tensor([0, 0, 0, 1, 1])})}
        ),
        "blur: 60% at 0, 40% at 2",
    ),
    "most_wrong": (
        lambda: plots.most_wrong(IMAGES, LABELS, LOGITS, list("abcde")),
        "gave 95% to the wrong class",
    ),
    "history": (lambda: plots.history(history()), "validation accuracy from 50% to 70%"),
    "compare": (
        lambda: plots.compare({"a": [history(), history(0.1)], "b": [history()]}),
        "a: 75.0 on average",
    ),
    "loss_curves": (
        lambda: plots.loss_curves({"A": {"training": [0.7, 0.1], "validation": [0.7, 0.9]}}),
        "A: training 0.70 to 0.10, validation 0.70 to 0.90",
    ),
    "broken_and_fixed": (
        lambda: plots.broken_and_fixed(
            {
                "broken": dict(
                    loss=[[0.8, 0.7, 0.7], [9.0, 0.7, 0.6]],
                    accuracy=[[0.4, 0.5, 0.5], [0.6, 0.5, 0.5]],
                    known=[0.5, 0.5],
                ),
                "fixed": dict(loss=[[0.7, 0.3, 0.1]], accuracy=[[0.5, 0.8, 1.0]], known=[1.0]),
            }
        ),
        "broken: the loss goes from 4.90 to 0.65",
    ),
    "confusion": (
        lambda: plots.confusion(torch.tensor([[30, 10], [5, 15]])),
        "Of 40 cats, 30 (75.0%) are called cat",
    ),
    "architecture": (
        lambda: plots.architecture(USES, "Five"),
        "5 convolution layers, 4 pooling layers, 4 fully",
    ),
    "forward_pass": (
        lambda: plots.forward_pass(IMAGES[0], [("conv", torch.rand(4, 8, 8))]),
        "conv (4×8×8)",
    ),
    "activations": (plots.activations, "ReLU is 0"),
    "captioned_images": (
        lambda: plots.captioned_images(list(IMAGES[:3]), ["one\nfault", "two", "three"], 3),
        "one fault; two; three",
    ),
    "gallery": (
        lambda: plots.gallery({"as it is": IMAGES[:1], "turned": IMAGES / 255}),
        "A row of 5 images for each of: as it is, turned",
    ),
    "pixels": (
        lambda: plots.pixels(IMAGES[0], 2, 3, 4),
        "The upper left one is red {}, green {}, blue {}.".format(*IMAGES[0, :, 2, 3].tolist()),
    ),
    "channels": (lambda: plots.channels(IMAGES[0]), "Their means: red 1"),
    "speed": (
        lambda: plots.speed({"five_conv": (22.4, 98.6), "features": (9.0, 135.2)}, "2 CPU cores"),
        "five_conv: 22.4 plain, 98.6 ours, 4.4 times as many; features: 9 plain, 135 ours, "
        "15.0 times",
    ),
    "resize_modes": (
        lambda: plots.resize_modes(Image.new("RGB", (90, 40), "red"), 32),
        "A photo of 90×40 pixels",
    ),
    "image_sizes": (
        lambda: plots.image_sizes(
            torch.tensor([300, 500, 80]), torch.tensor([400, 375, 80]), LABELS[:3]
        ),
        "3 photos: 2 cats, 1 dog. Widths run from 80 to 500 pixels, heights from 80 to 400; "
        "1 is wider than high",
    ),
    "multiple_comparisons": (
        lambda: plots.multiple_comparisons(torch.tensor([0.4, 0.5, 0.62]), 0.507, 100),
        "The luckiest has 62%, and 50.7%",
    ),
    "templates": (
        lambda: plots.templates(torch.randn(2, 3, 8, 8)),
        "The weights of a linear model",
    ),
    "accuracies": (
        lambda: plots.accuracies({"a": (0.5, 0.4, 0.6), "b": (0.9, 0.8, 0.95)}),
        "a: 50.0%, from 40.0% to 60.0%; b: 90.0%",
    ),
    "row_of_windows": (
        lambda: plots.row_of_windows(
            {
                "a": dict(size=8, kernel=3, stride=2),
                "b": dict(size=9, kernel=3, dilation=2),
                "c": dict(size=5, kernel=2, stride=2, padding=1, ceil_mode=True),
            }
        ),
        "a: 8 pixels, 3 windows, 1 pixel in no window; b: 9 pixels, 5 windows; c: 5 pixels, 3 "
        "windows, one more",
    ),
    "maps_to_scale": (
        lambda: plots.maps_to_scale({"all": IMAGES[0], "half": torch.rand(8, 9)}),
        "all 16×16, half 8×9",
    ),
    "layer_costs": (
        lambda: plots.layer_costs(USES, "Five"),
        "Together 0.5 MB of outputs, 0.05 million parameters and 0.00 G "
        "multiply-adds. The largest output is that of ",
    ),
    "receptive_fields": (
        lambda: plots.receptive_fields(IMAGES[0], {"top": torch.eye(16)}, {"top": (0, 0, 9, 9)}),
        "top 9×9 pixels",
    ),
    "gradients_by_layer": (
        lambda: plots.gradients_by_layer({"plain": [[1e-4, 1e-2, 1], [1e-6, 1e-4, 1]]}),
        "plain: 1.0e-05 at the first layer, 1.0e+00 at the last",
    ),
    "dice_sum_distribution": (
        lambda: plots.dice_sum_distribution(
            torch.full((6,), 1 / 6), torch.tensor([0.5, 0.25, 0.25]), total=3
        ),
        "with the 2 pairs marked whose sum is 3: they lie on a diagonal from lower left to "
        "upper right. Right, the probability of each sum; 3 has 12.5%",
    ),
    "line_chart": (
        lambda: plots.line_chart(
            {"a": (torch.arange(3), torch.tensor([1, 0.5, 1e-5]))},
            "x",
            "y",
            looks={"a": {"linestyle": "--"}},
            yscale="log",
        ),
        "y against x. a: from 1.00 at 0 to 1.0e-05 at 2",
    ),
    "annotated_arrays": (
        lambda: plots.annotated_arrays(
            {"a": torch.eye(2), "b": torch.tensor([[-0.5, 1 / 9, 1 / 16]])}, windows={"a": 1}
        ),
        "a: 1 0, 0 1; b: −0.5 1/9 1/16.",
    ),
    "kernels": (
        lambda: plots.kernels(
            {"Sobel": (SOBEL, torch.randn(8, 8)), "mean": (torch.ones(3, 3) / 9, PIXELS)}
        ),
        "2 kernels, each with its values and the map that it makes: Sobel (−1 0 1, −2 0 2, −1 0 1)",
    ),
    "channel_sum": (
        lambda: plots.channel_sum(IMAGES[0] / 255, torch.randn(3, 3, 3), torch.randn(3, 8, 8), 0.5),
        "with the bias +0.50 added: a single map",
    ),
    "connectivity_matrices": (
        lambda: plots.connectivity_matrices({"one": torch.randn(4, 6), "two": torch.eye(4)}),
        "one: 24 connections, 24 different weights; two: 4 connections, 1 different weight.",
    ),
    "equivariance": (
        lambda: plots.equivariance(
            {"a": (PIXELS, PIXELS), "b": (PIXELS, 2 * PIXELS)}, (PIXELS, PIXELS)
        ),
        "a: they differ by 0%; b: they differ by 100%",
    ),
    "channel_statistics": (
        lambda: plots.channel_statistics(torch.rand(4, 3, 5, 5), torch.randn(4, 3, 5, 5)),
        "3 channels",
    ),
    "convolution_step": (
        lambda: plots.convolution_step(torch.arange(25).view(5, 5), torch.ones(3, 3), 1, 2),
        "sum to 117.",
    ),
    "feature_map_browser": (
        lambda: plots.feature_map_browser(
            IMAGES[0],
            torch.arange(32).view(2, 4, 4) - 20,
            1,
            (2, 3),
            torch.ones(2, 3, 3),
            torch.eye(3).expand(2, 3, 3),
            bias=-0.5,
            after=[("ReLU", 5.5)],
            seen=(3, 9, 8, 15),
            heat=torch.rand(4, 4),
            title="conv, channel 1",
        ),
        "conv, channel 1, row 2, column 3. The unit sees rows 3 to 9 and columns 8 to 15 of the "
        "photo. The products of 2 input channels sum to 6, with the bias −0.5 to 5.5; ReLU makes "
        "it 5.5.",
    ),
    "shape_windows": (
        lambda: plots.shape_windows(7, 2, stride=2),
        "7×7 becomes 3×3: windows 2 wide, 2 apart",
    ),
    "receptive_field_stack": (
        lambda: plots.receptive_field_stack(
            [{"kernel": 3, "stride": 1, "padding": 1, "dilation": 1}] * 3, 16, photo=IMAGES[0]
        ),
        "layer 3, and what it sees in the maps before it: of the photo, rows 4 to 10",
    ),
    "stacked_bars": (
        lambda: plots.stacked_bars(
            {"plain": {"decode": 3.0, "forward": 1.5}, "fast": {"forward": 0.5}}, "ms"
        ),
        "plain: decode 3, forward 1.5, together 4.5; fast: forward 0.5, together 0.5",
    ),
    "speedup_steps": (
        lambda: plots.speedup_steps({"plain": [18.0, 20.0], "fast": [90.0]}),
        "plain 20, 1.0 times the first, at worst 18; fast 90, 4.5 times",
    ),
    "roofline": (
        lambda: plots.roofline({"conv": (90.0, 3e11), "ReLU": (0.25, 2e9)}, 4e11, 1e10),
        "10 GB a second up to 40 operations per byte and is level from there, at 400 "
        "billion operations a second. conv: 90 per byte, 300 billion a second; ReLU: "
        "0.25 per byte, 2 billion",
    ),
    "number_formats": (
        lambda: plots.number_formats({"bfloat16": ("0", "01111111", "0000001")}),
        "bfloat16: sign 0, exponent 01111111, mantissa 0000001",
    ),
    "learning_rates": (
        lambda: plots.learning_rates(RateSearch((0.003, 0.03, 0.3), (0.7, 0.6, 0.5))),
        "loss: from 0.61 at 3e-03 down to 0.59 at 3e-01; 1e-01 is suggested",
    ),
    "animal_studio": (
        lambda: plots.animal_studio(
            IMAGES[0], PIXELS, 0.04, [("muzzle → long", 0.94), ("coat → ginger", 0.1)]
        ),
        "4% probability of a dog. The largest change: muzzle → long, to 94%",
    ),
    "lambda_slider": (
        lambda: plots.lambda_slider(SOBEL, lam=0.6),
        "Of the layer's 9 weights 7 (77.8%) are exactly 0, the largest is 0.4 of what it was",
    ),
    "optimizer_race": (
        lambda: plots.optimizer_race("bowl", ["SGD", "momentum"], lr=2.5, momentum=0, step=9),
        "After 9 steps: SGD 1.11e+04, momentum",
    ),
    "graph": (
        lambda: plots.graph(GRAPH, "A linear layer"),
        "A linear layer: boxes from top to bottom, linear (3×2), log-softmax (3×2), "
        "negative log-likelihood (one number); 2 parameters beside the operations that use "
        "them. Grey arrows lead down to the loss; orange ",
    ),
    "signals_by_layer": (
        lambda: plots.signals_by_layer({"tanh": SIGNALS, "ReLU": SIGNALS[::-1]}),
        "tanh: values 2.0e+00 at the first layer and 3.0e-02 at the last, "
        "gradients with respect to them 1.0e-06 and 1.0e+00, to the weights 5.0e-07 and "
        "4.0e-01; ReLU: values 3.0e-02 at",
    ),
    "training_and_validation": (
        lambda: plots.training_and_validation(
            {
                "a": {"training": [[0.7, 0.2], [0.7, 0.3]], "validation": [[0.7, 0.8]] * 2},
                "b": {"training": [[0.7, 9.0]], "validation": [[0.7, 0.6]]},
            }
        ),
        "a: training 0.25, validation 0.80; b: training 9.00, validation 0.60. A dotted line",
    ),
    "accuracy_against_zeros": (
        lambda: plots.accuracy_against_zeros(
            {
                "proximal": [
                    {"l1": 0.1, "accuracy": 0.7, "zeros": 0.9},
                    {"l1": 0.01, "accuracy": [0.8, 0.9], "zeros": [0.2, 0.4]},
                ]
            }
        ),
        "proximal, λ = 0.01: 30% zeros, 85.0%; proximal, λ = 0.1: 90% zeros, 70.0%.",
    ),
    "zeros_by_layer": (
        lambda: plots.zeros_by_layer(
            {
                "a": [
                    LayerSparsity("conv", "Conv2d", 8, 2, 2, 0),
                    LayerSparsity("last", "Linear", 4, 4, 0, 0),
                ]
            }
        ),
        "a: conv 25%, last 100%",
    ),
    "penalized_loss": (
        plots.penalized_loss,
        "L1: 1.00, 0.50, 0.00, 0.00; L2: 1.00, 0.67, 0.50, 0.40.",
    ),
    "weight_magnitudes": (
        lambda: plots.weight_magnitudes(
            {"SGD": [torch.tensor([0.0, 0.5, -2.0, 0.5])], "prox": [torch.eye(2)]}
        ),
        "SGD: 25.0% are exactly 0, half are below 5.0e-01; prox: 50.0% are exactly 0",
    ),
    "backbone_comparison": (
        lambda: plots.backbone_comparison(
            {"alexnet": (0.7e9, 61e6, 0.565), "resnet50": (4.1e9, 25.6e6, 0.761)}
        ),
        "resnet50: 4.10 G multiply-adds, 25.6 M parameters, 76.1%.",
    ),
    "backbone_times": (
        lambda: plots.backbone_times(
            {"alexnet": (0.7e9, 61e6, 11.2), "resnet50": (4.1e9, 25.6e6, 95.0)}
        ),
        "alexnet: 61.0 M parameters, 0.70 G multiply-adds, 11.2 ms; resnet50",
    ),
    "channel_connections": (
        lambda: plots.channel_connections(
            {"all": torch.ones(4, 3, 3, 3), "one": torch.eye(3).view(3, 3, 1, 1) * torch.ones(5, 5)}
        ),
        "all: 12 kernels of 3×3, 108 weights; one: 3 kernels of 5×5, 75 weights",
    ),
    "feature_drift": (
        lambda: plots.feature_drift(
            {
                "still": [(0, 0.0, 0.9, 0.8), (8, 0.0, 0.95, 0.8)],
                "moving": [(0, 0.0, 0.9, 0.8), (8, 0.5, 0.6, 0.7)],
            }
        ),
        "still: features moved by 0% after 8 steps, accuracy of the head from 90% to 95%, of a "
        "new probe from 80% to 80%; moving: features moved by 50%",
    ),
    "learning_curves": (
        lambda: plots.learning_curves(
            {"probe": {10: [0.9, 0.8], 1000: [0.98]}, "new": {10: [0.5]}}, {"chance": 0.5}
        ),
        "probe: 85.0% with 10, 98.0% with 1,000; new: 50.0% with 10; chance: 50.0%.",
    ),
    "nearest_neighbours": (
        lambda: plots.nearest_neighbours(
            IMAGES[:2],
            torch.tensor([0, 1]),
            IMAGES[:4].view(2, 2, *IMAGES.shape[1:]),
            torch.tensor([[0, 0], [1, 0]]),
        ),
        "2 images, each with its 2 nearest neighbours, of which 75% are of its own class. "
        "cat: cat, cat; dog: dog, cat.",
    ),
    "feature_space": (
        lambda: plots.feature_space(
            torch.tensor([[0.0, 0], [1, 0], [9, 0], [10, 0], [3, 0]]), LABELS, IMAGES[:2]
        ),
        "5 images as points of a plane, cats and dogs in different colours. For 20% of them",
    ),
    "body_parts": (
        lambda: plots.body_parts(IMAGES[:2], torch.arange(256).view(16, 16).expand(2, 16, 16) % 5),
        "2 drawn animals, and below each one what its pixels show",
    ),
    "heatmaps": (
        lambda: plots.heatmaps(
            IMAGES[:2],
            {
                "saliency": PIXELS.expand(2, 16, 16),
                "occlusion": torch.eye(16).expand(2, 16, 16) - 0.5,
            },
            ["says cat", "no"],
        ),
        "2 images (says cat; no), and below them the heatmaps, each on its own scale. "
        "saliency: hottest ",
    ),
    "attribution_by_part": (
        lambda: plots.attribution_by_part(
            {"good": torch.tensor([[0.2, 0.3, 0.1, 0.1, 0.3]] * 2)},
            torch.tensor([[0.6, 0.3, 0.05, 0.02, 0.03]]),
        ),
        "good: background 20%, body 30%, ears 10%, eyes 10%, muzzle 30%. Dashed "
        "marks show what even heat would give: background 60%",
    ),
    "deletion_curves": (
        lambda: plots.deletion_curves(
            {"Grad-CAM": torch.tensor([[1.0, 0.5, 0.1], [0.9, 0.4, 0.1]])}
        ),
        "taken out of the image, the hottest first; means over the images. Grad-CAM from 95% to "
        "10%, area 0.49",
    ),
    "filters": (
        lambda: plots.filters(torch.linspace(-1, 0.5, 4 * 2 * 9).view(4, 2, 3, 3)),
        "The 4 filters of a convolution with 2 input channels, 3×3 weights each, a row "
        "for each of the first 4, a column for each of the first 2 input channels",
    ),
    "feature_maps": (
        lambda: plots.feature_maps(
            IMAGES[0], {"conv": torch.rand(4, 8, 8), "0": torch.ones(1, 4, 4)}
        ),
        "2 rows of feature maps, one for each layer, bright for large values: conv "
        "(4×8×8), 0 (1×4×4, 1 flat)",
    ),
    "top_activations": (
        lambda: plots.top_activations(IMAGES[:2], TOP_ACTIVATIONS),
        "The 2 images that activate one unit most, each with a box around what it saw, "
        "and below it the patch in the box (3 to 4 pixels high) with the unit's value: from "
        "2.50 down to 1.50.",
    ),
    "weight_matrix": (
        lambda: plots.weight_matrix({"a": torch.eye(4), "b": torch.eye(3, 6).view(3, 6, 1, 1) * 0}),
        "a: 75% of the weights are 0, 0 of 4 rows are empty; b: 100% of the weights are 0, 3 of 3",
    ),
}
