"""The feature-map browser shows what the network computed, in JavaScript and in Python."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import nn

from catdog_lib import models
from catdog_lib.explain import grad_cam
from catdog_lib.explore import FeatureMapBrowser
from catdog_lib.explore.feature_map_browser.replay import arithmetic, feature_map, seen_span
from catdog_lib.inspect.effective_field import receptive_field_by_gradient
from catdog_lib.inspect.layers import last_feature_maps
from tests.explore.javascript import in_javascript, run_javascript
from tests.explore.networks import IMAGE, recorded, shaken


def unusual() -> nn.Module:
    """Return a network with all that is unusual: groups, dilation, no bias, every activation."""
    return nn.Sequential(
        models.Normalize(),
        nn.Conv2d(3, 6, 5, 2, 1),
        nn.Tanh(),
        nn.Conv2d(6, 4, 3, padding=2, dilation=2, groups=2, bias=False),
        nn.BatchNorm2d(4, affine=False),
        nn.SiLU(),
        nn.Conv2d(4, 8, 2, padding=1, groups=4),
        nn.ReLU6(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(8 * 16 * 16, 2),
    )


# The network, and for some of its convolutions the layer after which their map is shown.
NETWORKS = {
    "five_conv": (
        lambda: models.FiveConvCNN(64, 4),
        {"features.0": "features.2", "features.15": "features.17"},
    ),
    "six_block": (
        lambda: models.SixBlockCNN(64, 2),
        {"block1.0": "block1.2", "deep.0.0": "deep.0.2", "deep.0.0#3": "deep.0.2#3"},
    ),
    "residual": (
        lambda: models.ResidualCNN(64, 4),
        {"stem.0": "stem.2", "stages.1.convolutions.3": "stages.1.convolutions.4"},
    ),
    "unusual": (unusual, {"1": "2", "3": "5", "6": "7", "9": "10"}),
}


@pytest.fixture(scope="module", params=NETWORKS)
def network(request) -> tuple[nn.Module, dict[str, str]]:
    make, ends = NETWORKS[request.param]
    torch.manual_seed(0)
    return shaken(make()), ends


def units(layer: dict) -> list[tuple[int, int, int]]:
    """Return some channels, by position, with places: corners, and some between."""
    rows, columns = layer["size"]
    places = [(0, 0), (rows - 1, columns - 1), (rows // 2, columns // 3), (rows - 1, 0)]
    return [(at, *place) for at in {0, len(layer["channels"]) - 1} for place in places]


def test_every_number_is_the_networks_in_python_and_in_javascript(network, tmp_path):
    """Compare to 1e-6 of the size of the sum: float32 rounds additions, these two are double."""
    model, ends = network
    browser = FeatureMapBrowser(model, IMAGE, layers=list(ends))
    expected = recorded(model)
    layers = [layer for layer in browser.layers if layer["title"] in ends]
    cases = [(layers.index(layer), *unit) for layer in layers for unit in units(layer)]
    code = (
        f"(() => {{ const layers = {json.dumps(layers)}.map(js.unpackLayer);"
        f"return {json.dumps(cases)}.map(([i, ...unit]) => js.arithmetic(layers[i], ...unit)) }})()"
    )
    found = run_javascript("feature_map_browser/index.js", code, tmp_path)
    assert len(found) >= 16
    for (i, at, row, column), there in zip(cases, found, strict=True):
        layer = layers[i]
        here = arithmetic(layer, at, row, column)
        channel = layer["channels"][at]
        convolution = model.get_submodule(layer["title"].partition("#")[0])
        np.testing.assert_array_equal(here.weights, convolution.weight[channel].detach())
        np.testing.assert_array_equal(there["patch"], here.patch)
        np.testing.assert_allclose(there["products"], here.patch * here.weights, rtol=1e-12)
        scale = (here.patch * here.weights).abs().sum().item() + abs(here.bias)
        total = expected[layer["title"]][channel, row, column].item()
        assert [here.total, there["total"]] == pytest.approx([total] * 2, rel=0, abs=1e-6 * scale)
        np.testing.assert_allclose(there["sums"], here.sums, rtol=0, atol=1e-12 * scale)
        end = expected[ends[layer["title"]]][channel, row, column].item()
        assert [name for name, _ in here.after] == [name for name, _ in there["after"]]
        last = [here.after[-1][1], there["after"][-1][1]]
        assert last == pytest.approx([end] * 2, rel=0, abs=4e-6 * max(scale, abs(end)))


def test_whole_maps_are_the_networks_in_python_and_in_javascript(network, tmp_path):
    model, ends = network
    browser = FeatureMapBrowser(model, IMAGE, layers=list(ends))
    expected = recorded(model)
    layers = [layer for layer in browser.layers if layer["title"] in ends]
    code = (
        f"{json.dumps(layers)}.map(js.unpackLayer).map((layer) => "
        "[0, layer.steps.length].map((steps) => { "
        "const map = js.featureMap(layer, layer.channels.length - 1, steps); "
        "return { ...map, values: [...map.values] }; }))"
    )
    found = run_javascript("feature_map_browser/index.js", code, tmp_path)
    for layer, both in zip(layers, found, strict=True):
        title, at, channel = layer["title"], len(layer["channels"]) - 1, layer["channels"][-1]
        for there, name, steps in zip(both, (title, ends[title]), (0, 9), strict=True):
            true = expected[name][channel]
            here = feature_map(layer, at, steps)
            size = 4e-6 * true.abs().max().item()
            np.testing.assert_allclose(here, true, rtol=0, atol=size)
            np.testing.assert_allclose(
                np.reshape(there["values"], true.shape), true, rtol=0, atol=size
            )
            assert there["place"] == list(divmod(here.argmax().item(), here.shape[1]))
            assert [there["minimum"], there["maximum"]] == pytest.approx(
                [here.min().item(), here.max().item()], abs=size
            )


def test_what_a_unit_saw_is_what_changes_it(network, tmp_path):
    model, ends = network
    browser = FeatureMapBrowser(model, IMAGE, layers=list(ends))
    for number, layer in enumerate(browser.layers):
        name, _, use = layer["title"].partition("#")
        for row, column in [(0, 0), (layer["size"][0] // 2, layer["size"][1] // 3)]:
            browser.layer, browser.row, browser.column = number, row, column
            box = receptive_field_by_gradient(
                model, IMAGE[None], name, (row, column), int(use or 1) - 1
            )
            first, last, left, right = browser.seen()
            assert first <= box.top and box.bottom <= last and left <= box.left
            assert right - left >= box.right - box.left
            if name != "3":  # dilation leaves gaps, so that a corner's first pixels change nothing
                assert (first, last, left, right) == tuple(box)
    cases = [[[4, -7, 10], 0, 64], [[4, -7, 10], 15, 64], [None, 3, 64], [[8, -9, -5], 0, 64]]
    expected = [[0, 10], [53, 63], [0, 63], [0, -5]]
    assert (
        in_javascript("feature_map_browser/index.js", "c => js.seenSpan(...c)", cases, tmp_path)
        == expected
    )
    assert [list(seen_span(*case)) for case in cases] == expected


def test_the_heat_is_grad_cam(network):
    model, ends = network
    browser = FeatureMapBrowser(model, IMAGE, layers=list(ends))
    with torch.no_grad():
        answer = model.eval()(IMAGE[None]).argmax(1).item()
    last = grad_cam(model, IMAGE[None], 0, size=tuple(browser.last_heat["size"]))[0]
    browser.target = 0
    assert last_feature_maps(model, IMAGE[None]) in browser.last_heat["title"]
    np.testing.assert_allclose(
        browser.heat(), last / last.max().clamp(min=1e-30), atol=0.5001 / 255
    )
    browser.target, browser.heat_layer = -1, 1
    layer = browser.layers[1]
    own = grad_cam(
        model, IMAGE[None], answer, layer=ends[layer["title"]], size=tuple(layer["size"])
    )[0]
    np.testing.assert_allclose(browser.heat(), own / own.max().clamp(min=1e-30), atol=0.5001 / 255)
    assert browser.heat().max() == (own.max() > 0)
    browser.target = 1 - answer
    other = grad_cam(
        model, IMAGE[None], 1 - answer, layer=ends[layer["title"]], size=tuple(layer["size"])
    )[0]
    np.testing.assert_allclose(
        browser.heat(), other / other.max().clamp(min=1e-30), atol=0.5001 / 255
    )


def test_the_model_stays_as_it_is(network):
    model, _ = network
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    FeatureMapBrowser(model, IMAGE)
    assert all(module.training for module in model.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())


def test_words_on_the_page(tmp_path):
    norm = {"mean": [0.25], "variance": [4], "epsilon": 0.001, "scale": [2], "shift": [-1]}
    steps = [{"name": "BatchNorm"} | norm, {"name": "ReLU"}]
    layer = {"title": "conv", "channels": [7], "bias": [-0.5], "steps": steps}
    found = {
        "sums": [1.5, 0.25],
        "bias": -0.5,
        "total": 1.25,
        "after": [["BatchNorm", -0.000123456], ["ReLU", 0]],
    }
    bare = {"title": "c", "channels": [0], "bias": None, "steps": [{"name": "tanh"}]}
    plain = {"sums": [0.5], "bias": 0, "total": 0.5, "after": [["tanh", 0.46211715]]}
    code = "([layer, found]) => js.formulas(layer, 0, found)"
    assert in_javascript(
        "feature_map_browser/index.js", code, [[layer, found], [bare, plain]], tmp_path
    ) == [
        [
            ["convolution", "1.75 (products of 2 input channels) − 0.5 (bias) = 1.25"],
            ["BatchNorm", "(1.25 − 0.25) / √(4 + 0.001) · 2 − 1 = −0.0001235"],
            ["ReLU", "max(0, −0.0001235) = 0"],
        ],
        [
            ["convolution", "0.5 (products of one input channel) and no bias = 0.5"],
            ["tanh", "tanh(0.5) = 0.4621"],
        ],
    ]
    code = "([layer, found, spans]) => js.sentence(layer, 0, 3, 4, found, spans)"
    cases = [
        [layer, found, [[0, 4], [7, 7]]],
        [bare, plain, None],
        [bare, plain, [[0, -1], [0, 4]]],
    ]
    start = "c, channel 0, row 3, column 4: the convolution gives 0.5, tanh makes it 0.4621. "
    assert in_javascript("feature_map_browser/index.js", code, cases, tmp_path) == [
        "conv, channel 7, row 3, column 4: the convolution gives 1.25, BatchNorm makes it "
        "−0.0001235, ReLU makes it 0. It saw rows 0 to 4, column 7 of the photo.",
        start + "What it saw of the photo cannot be told for this network.",
        start + "It saw nothing but padding.",
    ]
    values = [0.12345, -0.00001234, 5, -3.21e-9]
    assert in_javascript("format.js", "v => js.significantShort(v)", values, tmp_path) == [
        ".123",
        "−.0000123",
        "5",
        "−3.21e−9",
    ]
