"""The convolution stepper: JavaScript, Python and PyTorch compute the same values."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from catdog_lib import plots
from catdog_lib.errors import CatdogError
from catdog_lib.explore import KERNELS, ConvolutionStepper
from catdog_lib.from_scratch import conv
from tests.explore.javascript import in_javascript

CASES = 200


def steps() -> list[dict]:
    """Return images, kernels and settings that fit each other."""
    rng, cases = random.Random(0), []
    while len(cases) < CASES:
        channels, rows, columns = rng.choice((1, 3)), rng.randint(1, 9), rng.randint(1, 9)
        k_rows, k_columns = rng.randint(1, 5), rng.randint(1, 5)
        case = {
            "stride": rng.randint(1, 4),
            "padding": rng.randint(0, 4),
            "dilation": rng.randint(1, 4),
        }
        case["bias"] = rng.choice((0, 0.5, -3))
        case["image"] = [
            [[rng.randint(0, 255) for _ in range(columns)] for _ in range(rows)]
            for _ in range(channels)
        ]
        case["kernel"] = [
            [[rng.uniform(-2, 2) for _ in range(k_columns)] for _ in range(k_rows)]
            for _ in range(channels)
        ]
        room = min(
            rows - case["dilation"] * (k_rows - 1), columns - case["dilation"] * (k_columns - 1)
        )
        if room + 2 * case["padding"] >= 1:
            cases.append(case)
    return cases


def test_the_stepper_computes_what_the_loops_and_pytorch_compute(tmp_path):
    cases = steps()
    code = "c => [js.convolve(c.image, c.kernel, c), js.convolvedShape(c.image, c.kernel, c)]"
    for case, (output, shape) in zip(
        cases, in_javascript("convolution_stepper/index.js", code, cases, tmp_path), strict=True
    ):
        image, kernel = (
            torch.tensor(case[n], dtype=torch.float64)[None] for n in ("image", "kernel")
        )
        settings = {name: case[name] for name in ("stride", "padding", "dilation")}
        bias = torch.tensor([case["bias"]], dtype=torch.float64)
        expected = F.conv2d(image, kernel, bias, **settings)[0, 0]
        assert shape == list(expected.shape)
        np.testing.assert_allclose(output, expected, atol=1e-9)
        loops = conv.conv2d_loops(image, kernel, bias, **settings)[0, 0]
        np.testing.assert_allclose(output, loops, atol=1e-9)


def test_patch_products_and_sums_add_up(tmp_path):
    cases = [case | {"row": 0, "column": 0} for case in steps()]
    code = "c => js.convolveAt(c.image, c.kernel, c.row, c.column, c)"
    for case, found in zip(
        cases, in_javascript("convolution_stepper/index.js", code, cases, tmp_path), strict=True
    ):
        patch, products, kernel = (
            np.array(n) for n in (found["patch"], found["products"], case["kernel"])
        )
        np.testing.assert_allclose(products, patch * kernel)
        np.testing.assert_allclose(found["sums"], products.sum((1, 2)), atol=1e-9)
        assert found["total"] == pytest.approx(sum(found["sums"]) + case["bias"], abs=1e-9)
        padding = case["padding"]
        padded = np.pad(case["image"], ((0, 0), (padding, padding), (padding, padding)))
        step = case["dilation"]
        expected = padded[:, : kernel.shape[1] * step : step, : kernel.shape[2] * step : step]
        np.testing.assert_array_equal(patch, expected[:, : kernel.shape[1], : kernel.shape[2]])


def test_the_sentence_says_the_sum(tmp_path):
    sobel = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    grey = {"image": [[[1, 2, 4]] * 3], "kernel": [sobel], "bias": 0}
    colour = {
        "image": [[[1, 2, 4]] * 3] * 3,
        "kernel": [sobel, [[0] * 3] * 3, [[1 / 9] * 3] * 3],
        "bias": -2,
    }
    code = """c => {
        const settings = { ...c, stride: 1, padding: 0, dilation: 1 };
        const step = js.convolveAt(c.image, c.kernel, 0, 0, settings);
        return js.sentence(2, 5, c.kernel, step, c.bias);
    }"""
    assert in_javascript("convolution_stepper/index.js", code, [grey, colour], tmp_path) == [
        "Output row 2, column 5: 1·(−1) + 4·1 + 1·(−2) + 4·2 + 1·(−1) + 4·1 = 12",
        "Output row 2, column 5: red 12 + green 0 + blue 2.33 + bias (−2) = 12.33",
    ]


def test_the_stepper_takes_images_of_any_kind_and_averages_large_ones():
    image = torch.arange(24 * 36, dtype=torch.float32).view(24, 36) / 1000
    stepper = ConvolutionStepper(image, "identity", padding=1)
    assert stepper.output().shape == (8, 12)
    blocks = image.view(8, 3, 12, 3).mean((1, 3))
    np.testing.assert_allclose(stepper.output(), blocks, atol=0.0051)
    shown = np.array(stepper.image)
    np.testing.assert_allclose(shown, shown.round(2), atol=1e-12)  # what is shown is what is used
    colour = ConvolutionStepper(torch.full((3, 6, 6), 7, dtype=torch.uint8), "blur", bias=1)
    np.testing.assert_allclose(colour.output(), np.full((4, 4), 22.0))


def test_a_trait_set_from_python_is_checked_and_its_kernel_made_plain():
    stepper = ConvolutionStepper()
    stepper.kernel = torch.eye(2)
    assert stepper.kernel == [[[1, 0], [0, 1]]] and stepper.output().shape == (11, 11)
    stepper.kernel = "blur"
    assert stepper.kernel == [KERNELS["blur"]]
    with pytest.raises(CatdogError, match=r"^padding is 9"):
        stepper.padding = 9
    assert stepper.padding == 0


def test_settings_are_the_arguments_of_the_static_twin():
    stepper = ConvolutionStepper(torch.arange(25).view(5, 5), "blur", stride=2)
    stepper.row, stepper.column = 9, 1  # outside: the window stays on the output
    output = stepper.output()
    words = f"sum to {output[1, 1]:g}."
    assert words in plots.convolution_step(**stepper.settings()).alt_text


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ConvolutionStepper(torch.zeros(2, 5, 5)), "^image has the shape 2×5×5"),
        (
            lambda: ConvolutionStepper(torch.full((5, 5), torch.nan)),
            "^image holds no numbers, or infinite",
        ),
        (
            lambda: ConvolutionStepper(kernel="blurr"),
            "^There is no kernel 'blurr'; use one of identity, blur",
        ),
        (
            lambda: ConvolutionStepper(kernel=torch.ones(3, 3, 3)),
            "^kernel has the shape 3×3×3; for this image",
        ),
        (lambda: ConvolutionStepper(kernel=[[1, 2], [3]]), "^kernel is not a tensor"),
        (lambda: ConvolutionStepper(kernel=torch.ones(6, 6)), "^kernel has the shape 6×6"),
        (lambda: ConvolutionStepper(stride=0), "^stride is 0; it has to be an integer from 1 to 4"),
        (
            lambda: ConvolutionStepper(torch.ones(4, 4), dilation=2),
            "^The kernel is 5 high and the padded image 4",
        ),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_sentence(make, words):
    with pytest.raises(CatdogError, match=words):
        make()
