"""The same settings to JavaScript, to the library's Python and to PyTorch: all give the same
numbers.
"""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from catdog_lib import models, plots
from catdog_lib.errors import CatdogError
from catdog_lib.explore import KERNELS, ConvolutionStepper, ReceptiveFieldViewer, ShapeCalculator
from catdog_lib.from_scratch import conv
from catdog_lib.inspect.receptive_field import receptive_field
from tests.explore.test_explore import in_javascript

CASES = 200


# --- the convolution stepper


def steps() -> list[dict]:
    """Pictures, kernels and settings that fit on each other."""
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
        case["picture"] = [
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
    return cases  # fmt: skip


def test_the_stepper_computes_what_the_loops_and_pytorch_compute(tmp_path):
    cases = steps()
    code = "c => [js.convolve(c.picture, c.kernel, c), js.convolvedShape(c.picture, c.kernel, c)]"
    for case, (output, shape) in zip(
        cases, in_javascript("convolution_stepper.js", code, cases, tmp_path), strict=True
    ):
        picture, kernel = (
            torch.tensor(case[n], dtype=torch.float64)[None] for n in ("picture", "kernel")
        )
        settings = {name: case[name] for name in ("stride", "padding", "dilation")}
        bias = torch.tensor([case["bias"]], dtype=torch.float64)
        expected = F.conv2d(picture, kernel, bias, **settings)[0, 0]
        assert shape == list(expected.shape)
        np.testing.assert_allclose(output, expected, atol=1e-9)
        loops = conv.conv2d_loops(picture, kernel, bias, **settings)[0, 0]
        np.testing.assert_allclose(output, loops, atol=1e-9)


def test_patch_products_and_sums_add_up(tmp_path):
    cases = [case | {"row": 0, "column": 0} for case in steps()]
    code = "c => js.convolveAt(c.picture, c.kernel, c.row, c.column, c)"
    for case, found in zip(
        cases, in_javascript("convolution_stepper.js", code, cases, tmp_path), strict=True
    ):
        patch, products, kernel = (
            np.array(n) for n in (found["patch"], found["products"], case["kernel"])
        )
        np.testing.assert_allclose(products, patch * kernel)
        np.testing.assert_allclose(found["sums"], products.sum((1, 2)), atol=1e-9)
        assert found["total"] == pytest.approx(sum(found["sums"]) + case["bias"], abs=1e-9)
        padding = case["padding"]
        padded = np.pad(case["picture"], ((0, 0), (padding, padding), (padding, padding)))
        step = case["dilation"]
        expected = padded[:, : kernel.shape[1] * step : step, : kernel.shape[2] * step : step]
        np.testing.assert_array_equal(patch, expected[:, : kernel.shape[1], : kernel.shape[2]])


def test_the_sentence_says_the_sum(tmp_path):
    sobel = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    grey = {"picture": [[[1, 2, 4]] * 3], "kernel": [sobel], "bias": 0}
    colour = {
        "picture": [[[1, 2, 4]] * 3] * 3,
        "kernel": [sobel, [[0] * 3] * 3, [[1 / 9] * 3] * 3],
        "bias": -2,
    }
    code = """c => js.sentence(2, 5, c.kernel,
        js.convolveAt(c.picture, c.kernel, 0, 0, { ...c, stride: 1, padding: 0, dilation: 1 }), c.bias)"""
    assert in_javascript("convolution_stepper.js", code, [grey, colour], tmp_path) == [
        "Output row 2, column 5: 1·(−1) + 4·1 + 1·(−2) + 4·2 + 1·(−1) + 4·1 = 12",
        "Output row 2, column 5: red 12 + green 0 + blue 2.33 + bias (−2) = 12.33",
    ]


def test_weights_are_read_as_they_are_written(tmp_path):
    texts = ["1/9", "-1", "−0.5", ",25", " 2 ", "+3", "", "-", "x", "1/0", "1e3"]
    expected = [1 / 9, -1, -0.5, 0.25, 2, 3, *[None] * 5]  # JSON's null for NaN
    assert in_javascript("core.js", "t => js.parseWeight(t)", texts, tmp_path) == expected
    values = [1 / 9, -2 / 9, 0.25, 1 / 16, 0, -1, 2.5, 0.123456]
    words = ["1/9", "−2/9", "0.25", "1/16", "0", "−1", "2.5", "0.12"]
    assert in_javascript("core.js", "v => js.formatWeight(v)", values, tmp_path) == words


def test_numbers_in_small_squares_are_short(tmp_path):
    values = [0.5, -0.25, 25.333, 123.456, -1020, 9.999, 99.96, -0.001]
    words = [".5", "−.25", "25.3", "123", "−1020", "10", "100", "0"]
    assert in_javascript("core.js", "v => js.brief(v)", values, tmp_path) == words


def test_numbers_can_be_read_on_their_colours(tmp_path):
    """WCAG's contrast of 4.5 between each colour of a cell and the ink on it."""

    def luminance(colour):
        shares = [c / 255 for c in colour]
        linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
        return float(np.dot([0.2126, 0.7152, 0.0722], linear))

    shares = np.linspace(-1, 1, 81).tolist()
    code = "s => [js.grey(s), js.diverging(s)].map(c => [c, js.inkOn(c)])"
    for pairs in in_javascript("core.js", code, shares, tmp_path):
        for colour, ink in pairs:
            lights = sorted([luminance(colour), 0.0 if ink == "#000" else 1.0])
            assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 4.5, colour


# --- the shape calculator


def shapes() -> list[dict]:
    rng = random.Random(1)
    return [
        {
            "size": rng.randint(1, 30), "operation": rng.choice(("conv", "pool", "transposed")),
            "kernel": rng.randint(1, 7), "stride": rng.randint(1, 5), "padding": rng.randint(0, 4),
            "dilation": rng.randint(1, 3), "ceil_mode": rng.random() < 0.5,
            "output_padding": rng.choice((0, 0, 0, 1, 2)),
        }
        for _ in range(3 * CASES)
    ]  # fmt: skip


def test_the_calculator_agrees_with_formula_and_pytorch_and_its_line_runs(tmp_path):
    cases = shapes()
    code = "c => [js.problem(c.size, c.size, c), js.layOut(c.size, c).out, js.pytorchLine(c), js.formula(c.size, c)]"
    refused = 0
    for case, (problem, out, line, formula) in zip(
        cases, in_javascript("shape_calculator.js", code, cases, tmp_path), strict=True
    ):
        calculator = ShapeCalculator(**case)
        channels = () if case["operation"] == "pool" else (3,)
        picture = torch.zeros(1, *(channels or (3,)), case["size"], case["size"])
        try:
            expected = eval(line, {"nn": nn})(picture).shape[-1]
        except RuntimeError:
            refused += 1
            assert problem, case
            with pytest.raises(CatdogError):
                calculator.output_size()
        else:
            assert (problem, out) == ("", expected), case
            assert calculator.output_size() == (expected, expected)
            assert formula[-1].endswith(f" {expected}"), formula
    assert CASES / 4 < refused < 2 * CASES


def test_rows_that_no_window_reads_are_those_with_no_influence(tmp_path):
    cases = [case for case in shapes() if case["operation"] == "conv"]
    code = "c => js.problem(c.size, c.size, c) ? null : js.layOut(c.size, c)"
    checked = 0
    for case, side in zip(
        cases, in_javascript("shape_calculator.js", code, cases, tmp_path), strict=True
    ):
        if side is None:
            continue
        checked += 1
        window = [case[name] for name in ("stride", "padding", "dilation")]
        line = torch.zeros(1, 1, case["size"], requires_grad=True)
        F.conv1d(line, torch.ones(1, 1, case["kernel"]), None, *window).sum().backward()
        unread = (line.grad[0, 0] == 0).nonzero().flatten().tolist()
        inside = [at - side["from"] for at in side["skipped"] + side["lost"]]
        assert [at for at in sorted(inside) if 0 <= at < case["size"]] == unread, case
    assert checked > CASES / 3


def test_what_is_left_over_is_put_into_words(tmp_path):
    cases = [
        {"kernel": 3, "stride": 3, "padding": 1, "dilation": 1},
        {"kernel": 2, "stride": 2, "padding": 0, "dilation": 1},
        {"kernel": 1, "stride": 3, "padding": 0, "dilation": 1},
        {"kernel": 3, "stride": 1, "padding": 1, "dilation": 1},
    ]
    code = """c => { const s = { ...c, operation: "conv" };
        return js.leftOver(js.layOut(7, s), js.layOut(12, s)); }"""
    assert in_javascript("shape_calculator.js", code, cases, tmp_path) == [
        "2 columns (1 of them padding) never read: no further window fits.",
        "1 row never read: no further window fits.",
        "2 columns never read: no further window fits; 4 rows and 6 columns jumped over.",
        "Every row and column is read.",
    ]


# --- the receptive-field viewer


def stacks() -> list[dict]:
    rng, cases = random.Random(2), []
    while len(cases) < CASES:
        layers = [
            {"kind": "conv", "kernel": rng.randint(1, 4), "stride": rng.randint(1, 3), "padding": rng.randint(0, 2),
             "dilation": rng.randint(1, 2)}
            for _ in range(rng.randint(1, 4))
        ]  # fmt: skip
        sides = [size := rng.randint(8, 30)]
        for one in layers:
            size += 2 * one["padding"] - one["dilation"] * (one["kernel"] - 1) - 1
            sides.append(size := size // one["stride"] + 1)
        if min(sides) >= 1:
            layer = rng.randint(1, len(layers))
            cases.append(
                {
                    "layers": layers,
                    "sides": sides,
                    "layer": layer,
                    "unit": rng.randrange(sides[layer]),
                }
            )
    return cases


def network(layers: list[dict]) -> nn.Sequential:
    """Weights of 1: nothing cancels, so each pixel that is seen has a gradient."""
    net = nn.Sequential(
        *(
            nn.Conv2d(
                1, 1, one["kernel"], one["stride"], one["padding"], one["dilation"], bias=False
            )
            for one in layers
        )
    )
    for layer in net:
        nn.init.ones_(layer.weight)
    return net.double()


def test_the_viewer_sees_what_has_a_gradient(tmp_path):
    cases = stacks()
    code = """c => [js.receptiveFields(c.layers), js.mapSizes(c.sides[0], c.layers),
                    js.seen(c.layers, c.sides, c.layer, c.unit)]"""
    for case, (fields, sizes, seen) in zip(
        cases, in_javascript("receptive_field_viewer.js", code, cases, tmp_path), strict=True
    ):
        assert sizes == case["sides"]
        net = network(case["layers"])
        photo = torch.zeros(1, 1, sizes[0], sizes[0], dtype=torch.float64, requires_grad=True)
        rows = receptive_field(net, photo)
        assert [[f["size"], f["jump"], f["start"]] for f in fields] == [
            [r.size, r.jump, r.start] for r in rows
        ]
        maps = [photo]
        for layer in net[: case["layer"]]:
            maps.append(layer(maps[-1]))
        unit = maps[-1][0, 0, case["unit"], :].sum()
        gradients = torch.autograd.grad(unit, maps[:-1], allow_unused=True)
        for found, gradient in zip(seen[:-1], gradients, strict=True):
            assert found == gradient[0, 0].abs().sum(1).nonzero().flatten().tolist()
        assert seen[-1] == [case["unit"]]
        if len(case["layers"]) == case["layer"]:  # the static twin draws the same
            figure = plots.receptive_field_stack(case["layers"], sizes[0], -1, case["unit"], 0)
            place = f"rows {seen[0][0]} to {seen[0][-1]} " if seen[0] else "no row "
            assert place in figure.alt_text


def test_runs_and_areas(tmp_path):
    assert in_javascript("core.js", "p => js.runs(p)", [[1, 2, 3, 7], []], tmp_path) == [
        [[1, 3], [7, 7]],
        [],
    ]
    found = in_javascript(
        "receptive_field_viewer.js", "c => js.areas(...c)", [[[0, 1, 4], [2]]], tmp_path
    )
    assert found == ["M2 0H3V2H2ZM2 4H3V5H2Z"]


def test_a_network_of_the_course_becomes_a_stack():
    net = models.SixBlockCNN(64, 4)
    viewer = ReceptiveFieldViewer(model=net)
    assert [one["kind"] for one in viewer.layers] == ["conv", "pool"] * 6
    assert viewer.layers[0] == {
        "kind": "conv", "name": "block1.0", "kernel": 3, "stride": 1, "padding": 1, "dilation": 1,
    }  # fmt: skip
    assert viewer.maps["layers"] == viewer.layers and len(viewer.maps["pictures"]) == 12
    assert net.training, "the network is left as it was"


class Branched(nn.Module):
    def __init__(self):
        super().__init__()
        self.main, self.short = (
            nn.Conv2d(3, 3, 3, stride=2, padding=1),
            nn.Conv2d(3, 3, 1, stride=2),
        )

    def forward(self, pictures):
        pictures = pictures / 255
        return self.main(pictures) + self.short(pictures)


# --- what Python refuses and hands over


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ConvolutionStepper(torch.zeros(2, 5, 5)), "^picture has the shape 2×5×5"),
        (lambda: ConvolutionStepper(torch.full((5, 5), torch.nan)), "^picture holds no numbers, or infinite"),
        (lambda: ConvolutionStepper(kernel="blurr"), "^There is no kernel 'blurr'; use one of identity, blur"),
        (lambda: ConvolutionStepper(kernel=torch.ones(3, 3, 3)), "^kernel has the shape 3×3×3; for this picture"),
        (lambda: ConvolutionStepper(kernel=[[1, 2], [3]]), "^kernel is not a tensor"),
        (lambda: ConvolutionStepper(kernel=torch.ones(6, 6)), "^kernel has the shape 6×6"),
        (lambda: ConvolutionStepper(stride=0), "^stride is 0; it has to be a whole number from 1 to 4"),
        (lambda: ConvolutionStepper(torch.ones(4, 4), dilation=2), "^The kernel is 5 high and the padded picture 4"),
        (lambda: ShapeCalculator(7.5), "^height is 7.5; it has to be a whole number from 1 to 256"),
        (lambda: ShapeCalculator(operation="pooling"), "^operation is 'pooling'; use one of 'conv', 'pool'"),
        (lambda: ReceptiveFieldViewer([nn.ReLU()]), r"^layers\[0\] is ReLU; use Conv2d"),
        (lambda: ReceptiveFieldViewer([{"stride": 2}]), r"^layers\[0\] has kernel=None"),
        (lambda: ReceptiveFieldViewer([nn.Conv2d(1, 1, (3, 5))]), r"^layers\[0\] has kernel=\(3, 5\)"),
        (lambda: ReceptiveFieldViewer([{"kernel": 3, "pad": 1}]), r"^layers\[0\] is not understood"),
        (lambda: ReceptiveFieldViewer([], model=nn.Flatten()), "^Pass layers or model, not both"),
        (lambda: ReceptiveFieldViewer(model=Branched()), "^short does not follow the layer before it"),
        (lambda: ReceptiveFieldViewer(picture=torch.zeros(3, 8, 9)), "^picture is torch.float32 of the shape 3×8×9"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused_in_a_sentence(make, words):
    with pytest.raises(CatdogError, match=words):
        make()


def test_the_stepper_takes_pictures_of_any_kind_and_averages_large_ones():
    picture = torch.arange(24 * 36, dtype=torch.float32).view(24, 36) / 1000
    stepper = ConvolutionStepper(picture, "identity", padding=1)
    assert stepper.output().shape == (8, 12)
    blocks = picture.view(8, 3, 12, 3).mean((1, 3))
    np.testing.assert_allclose(stepper.output(), blocks, atol=0.0051)
    shown = np.array(stepper.picture)
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
    words = f"= {output[1, 1]:g}."
    assert words in plots.convolution_step(**stepper.settings()).alt_text
    calculator = ShapeCalculator((7, 12), 3, stride=3, padding=1)
    assert "7×12 becomes 3×4" in plots.shape_windows(**calculator.settings()).alt_text
    viewer = ReceptiveFieldViewer([nn.Conv2d(3, 8, 3), nn.MaxPool2d(2)])
    assert "rows 30 to 33" in plots.receptive_field_stack(**viewer.settings()).alt_text
