"""An exported network gives what the network gives, for any number of images, or is not written."""

import warnings
import zipfile

import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from catdog_lib import models
from catdog_lib.deploy import comparison, runtime
from catdog_lib.deploy import export as exporting
from catdog_lib.deploy.export import OPSET, export
from catdog_lib.deploy.outputs import OPTIONAL_OUTPUTS, NamedOutputs
from catdog_lib.deploy.runtime import load_exported
from catdog_lib.errors import CatdogError
from catdog_lib.explain import grad_cam
from tests import tiny

SETTINGS = {
    "six_block": {"size": 64, "width": 2},
    "five_conv": {"size": 64, "width": 2},
    "residual": {"size": 32, "width": 4},
    "transfer": {"size": 64, "pretrained": False},
}


def network(name: str) -> nn.Module:
    """Return a network whose BatchNorm layers have statistics of their own, as after training."""
    torch.manual_seed(1)
    model = models.build(name, **SETTINGS[name])
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
    return model.eval()


def images_for(model: nn.Module, count: int = 5) -> torch.Tensor:
    return tiny.image_set(count, 3, model.settings["size"]).store


def test_every_registered_network_is_tried():
    assert SETTINGS.keys() == models.MODELS.keys()


@pytest.mark.parametrize("suffix", [".onnx", ".pt2"])
@pytest.mark.parametrize("name", SETTINGS)
def test_the_file_gives_what_the_network_gives(name, suffix, tmp_path):
    model = network(name)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    images = images_for(model)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        done = export(model, tmp_path / f"net{suffix}", images, OPTIONAL_OUTPUTS)
    assert done.outputs == ("logits", *OPTIONAL_OUTPUTS)
    assert done.bytes == done.path.stat().st_size and done.size == model.settings["size"]
    assert done.differences.keys() == set(done.outputs)
    assert max(done.differences.values()) <= 1e-4
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())

    exported = load_exported(done.path)
    for count in (1, 2, 7):
        batch = images_for(model, count)
        with torch.no_grad():
            logits = model(batch)
        for given in (batch, batch.float() / 255):
            torch.testing.assert_close(exported(given)["logits"], logits, atol=1e-4, rtol=1e-4)
    others = exported(images)
    assert others["feature_maps"].ndim == 4 and others["features"].ndim == 2
    assert len(others["feature_maps"]) == len(others["features"]) == len(images)


@pytest.mark.parametrize("name", ["residual", "transfer"])
def test_the_heat_map_can_be_computed_from_the_outputs_alone(name, tmp_path):
    """Features are the means of the maps, so Grad-CAM is the last layer's weights times them."""
    model = network(name)
    images = images_for(model, 3)
    found = load_exported(
        export(model, tmp_path / "net.onnx", images, ("features", "feature_maps")).path
    )(images)
    maps, last = found["feature_maps"], [m for m in model.modules() if isinstance(m, nn.Linear)][-1]
    torch.testing.assert_close(found["features"], maps.mean((2, 3)), atol=1e-4, rtol=1e-3)
    weights = last.weight.detach()[1] / maps[0, 0].numel()
    heat = torch.einsum("c,nchw->nhw", weights, maps).relu()
    size = tuple(maps.shape[2:])
    torch.testing.assert_close(heat, grad_cam(model, images, 1, size=size), atol=1e-4, rtol=1e-3)


def test_an_onnx_file_needs_nothing_but_onnxruntime(tmp_path):
    model = network("residual")
    path = export(model, tmp_path / "net.onnx", images_for(model)).path
    file = onnx.load(path)
    onnx.checker.check_model(file, full_check=True)
    assert [(each.domain, each.version) for each in file.opset_import] == [("", OPSET)]
    assert {entry.key: entry.value for entry in file.metadata_props}["classes"] == "cat,dog"
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    assert (given.name, given.type, given.shape) == (
        "images",
        "tensor(float)",
        ["batch", 3, 32, 32],
    )
    assert [(out.name, out.shape) for out in session.get_outputs()] == [("logits", ["batch", 2])]
    assert "BatchNormalization" not in {node.op_type for node in file.graph.node}


def test_the_graph_is_optimized(tmp_path):
    """The padding of EfficientNet-Lite's convolutions is traced as a dozen operations for each."""
    model = network("transfer")
    graph = onnx.load(export(model, tmp_path / "net.onnx", images_for(model)).path).graph
    kinds = {node.op_type for node in graph.node}
    assert {"Conv", "Clip"} <= kinds and not kinds & {"Constant", "Identity", "Cast", "Shape"}


@pytest.mark.parametrize("suffix", [".onnx", ".pt2"])
def test_the_file_says_nothing_about_this_machine(suffix, tmp_path):
    model = network("residual")
    contents = export(model, tmp_path / f"net{suffix}", images_for(model)).path.read_bytes()
    assert str(exporting.__file__).rpartition("/catdog_lib/")[0].encode() not in contents
    assert b"site-packages" not in contents


@pytest.mark.parametrize("fault", ["other numbers", "not finite", "another shape"])
@pytest.mark.parametrize("suffix", [".onnx", ".pt2"])
def test_what_differs_is_not_written(fault, suffix, tmp_path, monkeypatch):
    spoil = {
        "other numbers": lambda logits: logits + torch.tensor([0.0, 1e-3]),
        "not finite": lambda logits: logits * float("nan"),
        "another shape": lambda logits: logits[:1],
    }[fault]
    load = runtime._RUNTIMES[suffix]

    def spoilt(contents):
        exported = load(contents)
        return lambda images: {name: spoil(v) for name, v in exported(images).items()}

    monkeypatch.setitem(runtime._RUNTIMES, suffix, spoilt)
    model, path = network("residual"), tmp_path / f"net{suffix}"
    path.write_bytes(b"an older export")
    with pytest.raises(CatdogError, match="was not written, since its logits differ"):
        export(model, path, images_for(model))
    assert path.read_bytes() == b"an older export" and len(list(tmp_path.iterdir())) == 1


def test_a_file_that_gives_a_batch_only_is_refused():
    """A file made for five images at a time would pass if only these five were compared."""
    model = tiny.plain().eval()
    network = NamedOutputs(model, torch.zeros(1, 3, 8, 8))
    images = tiny.image_set(5, 0).store.float() / 255
    for_five = network(images)
    with pytest.raises(CatdogError, match="differ"):
        comparison.check_same_outputs(network, lambda batch: for_five, images, "net.onnx")


def test_a_network_in_training_mode_is_exported_as_for_prediction(tmp_path):
    model = network("residual").train()
    images = images_for(model)
    path = export(model, tmp_path / "net.onnx", images).path
    assert all(module.training for module in model.modules())
    with torch.no_grad():
        logits = model.eval()(images)
    torch.testing.assert_close(load_exported(path)(images)["logits"], logits, atol=1e-4, rtol=0)


class Unheard(nn.Module):
    """A layer that ONNX has no operation for."""

    def forward(self, images):
        return torch.special.airy_ai(images).mean((2, 3))[:, :2]


WRONG = {
    "an unknown output": ("residual", "net.onnx", ["maps"], "no output 'maps'"),
    "another ending": ("residual", "net.h5", [], "has to end in .onnx or .pt2"),
    "no such folder": ("residual", "gone/net.onnx", [], "cannot be written"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_exported_is_one_sentence(case, tmp_path):
    name, path, outputs, says = WRONG[case]
    model = network(name)
    with pytest.raises(CatdogError, match=says) as caught:
        export(model, tmp_path / path, images_for(model), outputs)
    assert "\n" not in str(caught.value)


def test_an_operation_that_onnx_lacks_is_named(tmp_path, capfd):
    with pytest.raises(CatdogError, match=r"cannot be written as onnx .*airy") as caught:
        export(Unheard(), tmp_path / "net.onnx", torch.zeros(2, 3, 8, 8))
    assert "\n" not in str(caught.value) and not list(tmp_path.iterdir())
    assert capfd.readouterr() == ("", ""), "PyTorch would print the graph"
    print("the output is back")
    assert capfd.readouterr().out == "the output is back\n"


@pytest.mark.parametrize(("name", "says"), [("gone.onnx", "FileNotFound"), ("bad.pt2", "bad.pt2")])
def test_a_file_that_cannot_be_loaded_is_one_sentence(name, says, tmp_path):
    if name.startswith("bad"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(CatdogError, match=says) as caught:
        load_exported(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_the_speed_of_both_is_measured(tmp_path):
    model = network("residual")
    images = images_for(model, 8).float() / 255
    slow = lambda batch: [model(batch) for _ in range(20)]  # noqa: E731
    with torch.no_grad():
        speeds = comparison.images_per_second(model, slow, images)
    assert speeds["pytorch"] > 3 * speeds["exported"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("family", models.FAMILIES.values(), ids=lambda family: family.member)
def test_every_family_of_backbones_can_be_exported(family, tmp_path):
    torch.manual_seed(0)
    size = 224 if family.name in ("AlexNet", "VGG") else 96  # their pooling needs 6×6 and 7×7
    model = models.build("transfer", backbone=family.member, pretrained=False, size=size).eval()
    images = tiny.image_set(2, 3, size).store
    done = export(model, tmp_path / "net.onnx", images, ("features",))
    assert max(done.differences.values()) <= 1e-4


@pytest.mark.parametrize("damage", ["no archive", "cut off", "another archive"])
def test_a_damaged_pt2_file_is_one_sentence_and_nothing_is_printed(damage, tmp_path, capfd):
    path = tmp_path / "net.pt2"
    if damage == "another archive":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a", "b")
    elif damage == "cut off":
        export(network("residual"), path, images_for(network("residual")))
        path.write_bytes(path.read_bytes()[:-100])
    else:
        path.write_bytes(b"no archive" * 100)
    capfd.readouterr()
    with pytest.raises(CatdogError, match=r"cannot be loaded as an exported network") as caught:
        load_exported(path)
    assert "\n" not in str(caught.value) and "warnings above" not in str(caught.value)
    assert capfd.readouterr() == ("", "")
