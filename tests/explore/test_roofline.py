"""The roofline: the work that is counted, the bounds that follow, and the same on the page."""

from __future__ import annotations

import json
import math
import random

import pytest
from torch import nn

from catdog_lib import models
from catdog_lib.errors import CatdogError
from catdog_lib.explore import Roofline
from catdog_lib.explore.roofline import text
from catdog_lib.explore.roofline.bound import bound
from catdog_lib.explore.roofline.widget import SIZES
from catdog_lib.explore.roofline.work import network_work
from tests.explore.javascript import in_javascript

CODE = "roofline/index.js"
CPU, GPU = (100e9, 20e9, 4), (1e15, 3e12, 2)  # made up


def small(size: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1, groups=8),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(8 * (size // 4) ** 2, 2),
    )


@pytest.fixture
def widget() -> Roofline:
    networks = {"small": small, "residual": models.ResidualCNN}
    return Roofline(networks, {"a CPU": CPU}, specified={"a GPU": GPU}, batch=4)


def test_the_work_of_each_layer_is_counted_by_hand():
    half, quarter = 8 * 32 * 32, 8 * 16 * 16
    pixels, flat = 3 * 64 * 64, 8 * 16 * 16
    found = [
        (one.name, one.family, one.operations, one.numbers, one.weights)
        for one in network_work(small, 64)
    ]
    assert found == [
        ("Conv2d 1", "convolution", 2 * 27 * half, pixels + half, 27 * 8 + 8),
        ("BatchNorm2d 1", "other", 2 * half, 2 * half, 16),
        ("ReLU 1", "other", half, 2 * half, 0),
        ("Depthwise 1", "convolution", 2 * 9 * half, 2 * half, 9 * 8 + 8),
        ("MaxPool2d 1", "other", 3 * quarter, half + quarter, 0),
        ("Linear 1", "linear", 4 * flat, flat + 2, 2 * flat + 2),
    ]


def test_weights_that_are_used_again_are_read_again():
    work = {one.name: one for one in network_work(models.SixBlockCNN, 64)}
    assert work["Conv2d 3"].weights == work["Conv2d 6"].weights == 9 * 512 * 512 + 512


def test_the_bound_is_the_larger_of_the_two_times():
    machine = {"peak": 100.0, "bandwidth": 10.0, "bytes": 4}
    slow = bound((1000, 100, 5), machine, 2)  # 2000 operations, 820 bytes
    assert (slow.operations, slow.moved, slow.seconds, slow.by_memory) == (2000, 820, 82, True)
    fast = bound((10_000, 100, 5), machine, 2)
    assert (fast.seconds, fast.by_memory, fast.intensity) == (200, False, 20_000 / 820)


def test_a_larger_batch_shares_the_weights():
    """Check that a fully connected layer meets the other limit once the batch is large."""
    (layer,) = network_work(lambda size: nn.Sequential(nn.Flatten(), nn.Linear(12288, 4096)), 64)
    machine = {"peak": 100e9, "bandwidth": 20e9, "bytes": 4}
    work = layer.operations, layer.numbers, layer.weights
    limited = [bound(work, machine, batch).by_memory for batch in (1, 8, 16, 64)]
    assert limited == [True, True, False, False]  # 2·batch operations for 4 bytes; the corner: 5


def test_page_and_library_say_the_same(widget, tmp_path):
    rng = random.Random(0)
    cases, expected = [], []
    for _ in range(40):
        widget.network = rng.choice(("small", "residual"))
        widget.machine = rng.choice(("a CPU", "a GPU"))
        widget.batch, widget.size = rng.choice((1, 2, 7, 32, 1024)), rng.choice(SIZES)
        widget.layer = rng.randrange(40)  # may be beyond the last layer
        names = ("network", "machine", "batch", "size", "layer")
        cases.append({name: getattr(widget, name) for name in names})
        expected.append(widget.summary())
    state = {name: getattr(widget, name) for name in ("networks", "machines", "sizes")}
    code = f"""c => {{
        const s = js.chosenBounds({{ ...{json.dumps(state)}, ...c }});
        const {{ name }} = s.layers[s.at];
        return js.wholeText(c, s.bounds) + " " + js.layerText(name, s.machine, s.bounds[s.at]);
    }}"""
    found = in_javascript(CODE, code, cases, tmp_path)
    assert found == expected


def test_measured_layers_stand_beside_their_bounds(widget, tmp_path):
    measured = Roofline(
        {"small": small}, {"mine": CPU}, batch=4, size=96, measured={"Conv2d 1": 5e9}
    )
    operations = 4 * 2 * 27 * 8 * 48 * 48
    assert measured.measured["seconds"] == {"Conv2d 1": operations / 5e9}
    assert f"measured: {text.duration(operations / 5e9)}, " in measured.summary()
    for name, value in (("batch", 8), ("size", 64)):
        before = getattr(measured, name)
        setattr(measured, name, value)
        assert "measured" not in measured.summary()
        setattr(measured, name, before)
    measured.layer = 2
    assert "measured" not in measured.summary(), "only the convolution was measured"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1.125, "1.13"),
        (0.0625, "0.0625"),
        (999.9, "1,000"),
        (123456, "123,000"),
        (35.349, "35.3"),
        (2, "2"),
    ],
)
def test_three_digits_are_rounded_as_in_javascript(value, words, tmp_path):
    assert text.digits(value) == words
    assert in_javascript(CODE, "c => js.digits(c)", [value], tmp_path) == [words]


def test_units():
    assert text.large(486e9) == "486 billion" and text.large(12) == "12"
    assert text.duration(0.00249) == "2.49 ms" and text.duration(3e-10) == "0.3 ns"


def test_points_lie_on_the_chart_and_ticks_are_round(tmp_path):
    cases = [(0.05, 5e8), (5000, 2e15), (5.0, math.sqrt(5e8 * 2e15))]
    places = in_javascript(CODE, "c => js.placeOf(...c)", cases, tmp_path)
    assert places[0] == [50, 264] and places[1] == pytest.approx([392, 10])
    assert places[2][1] == pytest.approx((264 + 10) / 2)
    steps = in_javascript(CODE, "c => js.niceStep(c)", [1, 1.9, 2, 4, 9.9, 0.03], tmp_path)
    assert steps == pytest.approx([0.5, 0.5, 1, 2, 2, 0.01])


def test_the_layers_of_the_course_s_networks_lie_on_the_chart():
    """Check that no point of a machine of the lesson is outside the axes, at any setting."""
    networks = {
        "five": models.FiveConvCNN,
        "six": models.SixBlockCNN,
        "residual": models.ResidualCNN,
        "EfficientNet-Lite0": lambda size: models.backbone(models.OFFLINE, pretrained=False),
    }
    machines = {"laptop": (190e9, 10e9, 4), "H100": (989e12, 3.35e12, 2)}
    widget = Roofline(networks, machines)
    for widget.network in networks:
        for widget.machine in machines:
            for widget.batch, widget.size in ((1, 64), (1024, 256)):
                for name, one in widget.bounds().items():
                    assert 0.05 < one.intensity < 5000, name
                    assert 5e8 < one.operations / one.seconds < 2e15, name


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Roofline({}, {"a": CPU}), "networks is empty"),
        (lambda: Roofline({"a": small}, {}), "machines holds 0"),
        (lambda: Roofline({"a": small}, {"a": (1, 0, 4)}), "'a' has the limits .* above 0"),
        (lambda: Roofline({"a": small}, {"a": (1, 1)}), "'a' has the limits"),
        (lambda: Roofline({"a": lambda size: 3}, {"a": CPU}), "is a int; pass a function"),
        (lambda: Roofline({"a": small}, {"a": CPU}, size=65), "^size is 65; use one of 64, 96"),
        (lambda: Roofline({"a": small}, {"a": CPU}, batch=0), "^batch is 0"),
        (
            lambda: Roofline({"a": small}, {"a": CPU}, measured={"Conv2d 7": 1.0}),
            "^measured has 'Conv2d 7'.*Conv2d 1, BatchNorm2d 1",
        ),
        (lambda: Roofline({"a": small}, {"a": CPU}, measured={"ReLU 1": 0.0}), "above 0"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_sentence(make, words):
    with pytest.raises(CatdogError, match=words):
        make()


def test_a_promise_is_not_taken_for_a_measurement(widget, tmp_path):
    assert [one["specified"] for one in widget.machines] == [False, True]
    found = in_javascript(CODE, "c => js.roofClass(0, c)", widget.machines, tmp_path)
    assert ["catdog-specified" in one for one in found] == [False, True]


def test_an_unknown_choice_is_refused(widget):
    with pytest.raises(CatdogError, match="machine is 'no'; use one of 'a CPU', 'a GPU'"):
        widget.machine = "no"
