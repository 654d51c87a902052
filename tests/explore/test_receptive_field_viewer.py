"""The receptive-field viewer: what it says that a unit sees is what has a gradient."""

from __future__ import annotations

import json
import random

import pytest
import torch
from torch import nn

from catdog_lib import models, plots
from catdog_lib.errors import CatdogError
from catdog_lib.explore import ReceptiveFieldViewer
from catdog_lib.inspect.receptive_field import receptive_field
from tests.explore.javascript import in_javascript, run_javascript

CASES = 200


def stacks() -> list[dict]:
    rng, cases = random.Random(2), []
    while len(cases) < CASES:
        layers = [
            {
                "kind": "conv",
                "kernel": rng.randint(1, 4),
                "stride": rng.randint(1, 3),
                "padding": rng.randint(0, 2),
                "dilation": rng.randint(1, 2),
            }
            for _ in range(rng.randint(1, 4))
        ]
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
    """Return a network with weights of 1: nothing cancels, so each pixel seen has a gradient."""
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
                    js.seenPositions(c.layers, c.sides, c.layer, c.unit)]"""
    for case, (fields, sizes, seen) in zip(
        cases, in_javascript("receptive_field_viewer/index.js", code, cases, tmp_path), strict=True
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


def test_a_pooling_that_pytorch_refuses_ends_the_stack(tmp_path):
    layers = [
        {"kind": kind, "kernel": 3, "stride": 1, "padding": 2, "dilation": 1}
        for kind in ("conv", "pool")
    ]
    with pytest.raises(RuntimeError):
        nn.MaxPool2d(3, 1, 2)(torch.zeros(1, 1, 9, 9))
    sizes, said = run_javascript(
        "receptive_field_viewer/index.js",
        "(layers => { const sizes = js.mapSizes(9, layers); return [sizes, "
        f"js.viewerSentence(layers, {{ sizes, layer: 0 }}, [], [])]; }})({json.dumps(layers)})",
        tmp_path,
    )
    assert sizes == [9, 11]
    assert said == "Layer 2: max-pooling takes at most half of its kernel as padding, here 1."


def test_runs_and_areas(tmp_path):
    assert in_javascript(
        "receptive_field_viewer/math.js", "p => js.runs(p)", [[1, 2, 3, 7], []], tmp_path
    ) == [
        [[1, 3], [7, 7]],
        [],
    ]
    found = in_javascript(
        "receptive_field_viewer/index.js", "c => js.areas(...c)", [[[0, 1, 4], [2]]], tmp_path
    )
    assert found == ["M2 0H3V2H2ZM2 4H3V5H2Z"]


def test_a_network_of_the_course_becomes_a_stack():
    net = models.SixBlockCNN(64, 4)
    viewer = ReceptiveFieldViewer(model=net)
    assert [one["kind"] for one in viewer.layers] == ["conv", "pool"] * 6
    assert viewer.layers[0] == {
        "kind": "conv",
        "name": "block1.0",
        "kernel": 3,
        "stride": 1,
        "padding": 1,
        "dilation": 1,
    }
    assert viewer.maps["layers"] == viewer.layers and len(viewer.maps["images"]) == 12
    assert net.training, "the network is left as it was"


def test_the_mode_of_each_module_stays_as_it_is():
    net = nn.Sequential(models.Normalize(), nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3))
    net[2].eval()  # frozen
    ReceptiveFieldViewer(model=net)
    assert [module.training for module in net.modules()] == [True, True, True, False]
    net.append(Branched())
    with pytest.raises(CatdogError, match="does not follow"):
        ReceptiveFieldViewer(model=net)
    assert [module.training for module in net] == [True, True, False, True]
    assert not any(module._forward_hooks for module in net.modules())


class Branched(nn.Module):
    def __init__(self):
        super().__init__()
        self.main, self.short = (
            nn.Conv2d(3, 3, 3, stride=2, padding=1),
            nn.Conv2d(3, 3, 1, stride=2),
        )

    def forward(self, images):
        images = images / 255
        return self.main(images) + self.short(images)


def test_settings_are_the_arguments_of_the_static_twin():
    viewer = ReceptiveFieldViewer([nn.Conv2d(3, 8, 3), nn.MaxPool2d(2)])
    assert "rows 30 to 33" in plots.receptive_field_stack(**viewer.settings()).alt_text


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ReceptiveFieldViewer([nn.ReLU()]), r"^layers\[0\] is ReLU; use Conv2d"),
        (lambda: ReceptiveFieldViewer([{"stride": 2}]), r"^layers\[0\] has kernel=None"),
        (
            lambda: ReceptiveFieldViewer([nn.Conv2d(1, 1, (3, 5))]),
            r"^layers\[0\] has kernel=\(3, 5\)",
        ),
        (
            lambda: ReceptiveFieldViewer([{"kernel": 3, "pad": 1}]),
            r"^layers\[0\] is not understood",
        ),
        (lambda: ReceptiveFieldViewer([], model=nn.Flatten()), "^Pass layers or model, not both"),
        (
            lambda: ReceptiveFieldViewer(model=Branched()),
            "^short does not follow the layer before it",
        ),
        (
            lambda: ReceptiveFieldViewer(image=torch.zeros(3, 8, 9)),
            "^image is torch.float32 of the shape 3×8×9",
        ),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_sentence(make, words):
    with pytest.raises(CatdogError, match=words):
        make()
