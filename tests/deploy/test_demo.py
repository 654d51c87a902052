"""The demo's folder: what the network in it computes, what is written, and what is refused."""

import json
import re
from io import BytesIO
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn

from catdog_lib import models
from catdog_lib.budget import current
from catdog_lib.cli import main
from catdog_lib.course import lessons as course
from catdog_lib.data.loading import load
from catdog_lib.deploy.demo import course as course_demo
from catdog_lib.deploy.demo import folder as demo_folder
from catdog_lib.deploy.demo.facts import confidence_of
from catdog_lib.deploy.demo.network import DemoNetwork
from catdog_lib.deploy.demo.outputs import outputs_of
from catdog_lib.deploy.demo.reference import Reference, contact_sheet, quantized
from catdog_lib.deploy.runtime import load_exported
from catdog_lib.errors import CatdogError
from catdog_lib.explain.cam import grad_cam
from catdog_lib.explain.log_odds import LogOdds
from catdog_lib.training.evaluate import predict, predict_tta
from catdog_lib.trust.neighbours import nearest
from tests.deploy.demo_run import draw_photos, small_demo, small_run
from tests.tiny import image_set


def residual(width: int = 4) -> nn.Module:
    torch.manual_seed(0)
    model = models.build("residual", size=32, width=width).eval()
    with torch.no_grad():  # BatchNorm's scale of 0 would silence the last block
        for layer in model.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.weight.uniform_(0.5, 1.5)
    return model


def images(count: int = 3, size: int = 32) -> torch.Tensor:
    return image_set(count, 0, size)[:][0]


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("sizes", [(), (48,), (32, 40)])
@torch.no_grad()
def test_its_logits_are_those_of_predict(flip, sizes):
    model, batch = residual(), images()
    network = DemoNetwork(model, batch / 255, flip=flip, sizes=sizes).eval()
    assert network.views == max(1, len(sizes)) * (2 if flip else 1)
    expected = predict_tta(model, batch, flip=flip, sizes=sizes)
    assert torch.allclose(network(batch / 255)["logits"], expected, atol=1e-5)


@torch.no_grad()
def test_its_heat_adds_up_to_the_log_odds_and_is_grad_cam():
    model, batch = residual(), images() / 255
    outputs = DemoNetwork(model, batch).eval()(batch)
    bias = model.classifier.bias[1] - model.classifier.bias[0]
    logits = outputs["logits"]
    assert torch.allclose(
        outputs["heat"].sum((1, 2)) + bias, logits[:, 1] - logits[:, 0], atol=1e-5
    )
    places = tuple(outputs["heat"].shape[1:])
    for label, evidence in ((1, outputs["heat"]), (0, -outputs["heat"])):
        expected = grad_cam(LogOdds(model), batch, target=label, size=places)
        assert torch.allclose(evidence.relu(), expected, atol=1e-6)
    assert outputs["heat"].abs().max() > 0.01


@torch.no_grad()
def test_the_heat_of_a_mirrored_image_is_mirrored_in_several_views():
    model, batch = residual(), images() / 255
    network = DemoNetwork(model, batch, flip=True, sizes=(32, 40)).eval()
    there, back = network(batch)["heat"], network(batch.flip(3))["heat"]
    assert torch.allclose(there, back.flip(2), atol=1e-5)
    assert not torch.allclose(there, back, atol=1e-3)


def ending(*layers: nn.Module) -> nn.Module:
    """Return a small network that ends with these layers on four maps."""
    torch.manual_seed(0)
    return nn.Sequential(models.Normalize(), nn.Conv2d(3, 4, 3), nn.ReLU(), *layers)


AVERAGE = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
MAXIMUM = (nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(4, 2))


@pytest.mark.parametrize(
    ("model", "size"),
    [
        (models.build("five_conv", size=64, width=2), 64),
        (models.build("transfer", pretrained=False, head=(6,), size=64), 64),
        (ending(*MAXIMUM), 32),
        (ending(*AVERAGE, nn.Tanh()), 32),
    ],
    ids=["linear layers on all places", "a hidden layer", "a maximum", "a curve at the end"],
)
def test_where_no_map_is_exact_there_is_none(model, size):
    batch = images(2, size) / 255
    assert DemoNetwork(model.eval(), batch).names == ("logits", "features")
    assert "heat" in DemoNetwork(ending(*AVERAGE).eval(), batch).names


def test_cached_features_give_the_same_outputs(tmp_path, monkeypatch):
    monkeypatch.setenv("CATDOG_CACHE", str(tmp_path))
    torch.manual_seed(0)
    model = models.build("transfer", pretrained=False, head=(6,), size=32).eval()
    dataset = image_set(6, 0, 32)
    network = DemoNetwork(model, dataset[:][0] / 255)
    chosen = torch.tensor([4, 0, 3])
    logits, features = outputs_of(network, model, dataset, chosen, progress=False)
    with torch.no_grad():
        expected = network.eval()(dataset[chosen][0] / 255)
    # The cache may hold features of bfloat16.
    assert torch.allclose(logits, expected["logits"], atol=0.05)
    assert torch.nn.functional.cosine_similarity(features, expected["features"]).min() > 0.99
    whole, _ = outputs_of(network, model, dataset, progress=False)
    assert torch.equal(whole[chosen], logits)


def test_bytes_are_enough_for_a_cosine():
    torch.manual_seed(0)
    features, queries = torch.randn(50, 320).relu(), torch.randn(20, 320).relu()
    rows = quantized(features)
    assert rows.dtype == torch.int8 and rows.abs().amax(1).eq(127).all()
    exact, found = (nearest(queries, one, 50) for one in (features, rows.float()))
    by_position = [one.similarity.gather(1, one.position.argsort(1)) for one in (exact, found)]
    assert (by_position[0] - by_position[1]).abs().max() < 2e-3


def test_a_network_that_is_no_better_than_chance_is_not_certain():
    torch.manual_seed(0)
    labels, features = torch.arange(40) % 2, torch.rand(40, 8)
    reference = Reference(image_set(40, 0), quantized(features))
    right = torch.nn.functional.one_hot(labels, 2) * 2.0
    assert confidence_of(right, features, labels, reference).temperature < 1
    wrong = confidence_of(-10 * right, features, labels, reference)
    assert (-10 * right / wrong.temperature).softmax(1).sub(0.5).abs().max() < 1e-6


def test_the_sheet_has_each_thumbnail_in_its_place():
    dataset = image_set(45, 0, 64)
    dataset.store[:] = torch.arange(45)[:, None, None, None] * 5  # each of one grey
    sheet = Image.open(BytesIO(contact_sheet(dataset)))
    assert sheet.size == (40 * 64, 2 * 64)
    for position in (0, 39, 40, 44):
        row, column = divmod(position, 40)
        grey = sheet.getpixel((column * 64 + 32, row * 64 + 32))
        assert max(abs(value - 5 * position) for value in grey) <= 2


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    photos = tmp_path_factory.mktemp("photos")
    draw_photos(photos, 64)
    return small_run(photos)


@pytest.fixture
def without_runtime(tmp_path, monkeypatch):
    """A stand-in for onnxruntime-web: these tests start no browser."""
    for name in demo_folder.RUNTIME.files:
        (tmp_path / "runtime" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "runtime" / name).write_bytes(b"")
    monkeypatch.setattr(demo_folder, "npm_files", lambda package: tmp_path / "runtime")


@pytest.mark.usefixtures("without_runtime")
class TestTheFolder:
    def test_a_folder_with_another_programs_demo_json_is_left_alone(self, tmp_path):
        (tmp_path / "demo.json").write_text('{"a demo of": "my thesis"}')
        with pytest.raises(CatdogError, match="is not a demo"):
            demo_folder._require_free(tmp_path)
        (tmp_path / "demo.json").write_text('{"thumbnails": {}}')
        demo_folder._require_free(tmp_path)

    def test_it_is_complete_and_its_network_answers_as_the_run(self, run, tmp_path):
        demo = small_demo(run, tmp_path / "demo")
        facts = json.loads((demo / "demo.json").read_text(encoding="utf-8"))
        data = load(**run.config["data"], progress=False)
        outputs = load_exported(demo / "network.onnx")(data.test[:][0])
        recipe = run.recipe
        logits = predict(
            run.model, data.test, torch.float32, flip=recipe.test_flip, sizes=recipe.test_sizes
        )
        assert torch.allclose(outputs["logits"], logits, atol=1e-4)
        assert set(outputs) == {"logits", "features", "heat"} and facts["heat"]
        count, width = len(facts["labels"]), outputs["features"].shape[1]
        assert (demo / "neighbours.bin").stat().st_size == count * width
        assert count == len(data.train) and facts["labels"].count("0") == data.train.counts()["cat"]
        assert facts["temperature"] > 0 and -1 <= facts["threshold"] <= 1
        words = " ".join(facts["about"])
        assert f"{run.config['result']['test_accuracy']:.1%}" in words
        assert f"{len(data.train):,} images" in words and "a small run" in words

    def test_an_older_one_is_replaced_from_within_and_behind_a_link(
        self, run, tmp_path, monkeypatch
    ):
        demo = small_demo(run, tmp_path / "demo")
        (tmp_path / "link").symlink_to(demo)
        for place in (tmp_path / "link", Path()):
            monkeypatch.chdir(demo)
            (demo / "index.html").write_text("old")
            small_demo(run, place)
            assert (demo / "index.html").read_text(encoding="utf-8") != "old"

    def test_every_script_style_and_example_that_is_named_is_there(self, run, tmp_path):
        demo = small_demo(run, tmp_path / "demo")
        page = (demo / "index.html").read_text(encoding="utf-8")
        named = set(re.findall(r'(?:src|href)="([^"#]+)"', page))
        for script in (demo / "js").glob("*.js"):
            text = script.read_text(encoding="utf-8")
            imported = re.findall(r'from "\./([\w.]+)"', text)
            named |= {f"js/{name}" for name in imported}
            named |= set(re.findall(r'"\.\./(vendor/[\w.-]+)"', text))
            named |= set(re.findall(r'(?:load|create)\("([\w.]+)"', text))
        facts = json.loads((demo / "demo.json").read_text(encoding="utf-8"))
        named |= {example["file"] for example in facts["examples"]}
        assert {"js/main.js", "js/colour.js", "network.onnx", "neighbours.bin"} <= named
        assert [name for name in named if not (demo / name).is_file()] == []

    def test_an_older_demo_is_replaced_and_nothing_else_is(self, run, tmp_path):
        demo = small_demo(run, tmp_path / "demo")
        (demo / "old.txt").write_text("from an older demo")
        small_demo(run, demo)
        assert not (demo / "old.txt").exists() and (demo / "index.html").is_file()
        mine = tmp_path / "mine"
        mine.mkdir()
        (mine / "thesis.txt").write_text("precious")
        with pytest.raises(CatdogError, match="is not a demo; use another --out"):
            small_demo(run, mine)
        assert [path.name for path in mine.iterdir()] == ["thesis.txt"]

    def test_a_failure_leaves_the_older_demo_as_it_was(self, run, tmp_path, monkeypatch):
        demo = small_demo(run, tmp_path / "demo")
        before = sorted(path.name for path in tmp_path.rglob("*"))

        def fail(*_):
            raise OSError("no room")

        monkeypatch.setattr(demo_folder, "contact_sheet", fail)
        with pytest.raises(CatdogError, match="cannot be written"):
            small_demo(run, demo)
        assert sorted(path.name for path in tmp_path.rglob("*")) == before


@pytest.mark.usefixtures("without_runtime")
def test_the_site_gets_a_demo_and_shows_the_link_to_it(run, tmp_path, monkeypatch):
    monkeypatch.setattr(course_demo, "lesson_06_run", lambda: run)
    written = (course.checkout() / "docs" / "index.md").read_text(encoding="utf-8")
    (tmp_path / "index.html").write_text(written, encoding="utf-8")
    assert course_demo.HIDDEN_LINK in written
    course_demo.add_demo(tmp_path, log=lambda line: None)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert course_demo.HIDDEN_LINK not in page and course_demo.LINK in page
    assert 'href="demo/index.html"' in page and (tmp_path / "demo" / "index.html").is_file()


@pytest.mark.parametrize("problem", [None, "npm is offline."])
def test_a_site_is_complete_without_its_demo(problem, tmp_path, monkeypatch, capsys):
    given = []

    def add_demo(html):
        given.append((html, current()))
        if problem:
            raise CatdogError(problem)

    result = {"lessons": [], "site": str(tmp_path / "index.html"), "seconds": 1.0}
    monkeypatch.setattr(course, "run", lambda *arguments, **settings: result)
    monkeypatch.setattr(course_demo, "add_demo", add_demo)
    assert main(["course", "--budget", "quick"]) == 0
    assert given == [(tmp_path, "quick")]
    assert ("The pages have no demo: npm is offline." in capsys.readouterr().out) == bool(problem)
    assert main(["course", "--budget", "quick", "--lesson", "03"]) == 0
    assert len(given) == 1  # a site with one lesson has none


@pytest.mark.slow
def test_the_network_of_lesson_06_is_trained_as_there(monkeypatch):
    monkeypatch.setenv("CATDOG_DATA", "sketches")
    run = course_demo.lesson_06_run()
    assert run.finished and run.config["result"]["test_accuracy"] > 0.6
    some = load(**run.config["data"], progress=False).validation[:8][0] / 255
    assert "heat" in DemoNetwork(run.model, some).names


def test_a_folder_that_is_no_run_is_one_sentence(tmp_path, capsys):
    assert main(["demo", str(tmp_path / "gone"), "--out", str(tmp_path / "demo")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "not a run folder" in error
    assert not (tmp_path / "demo").exists()
