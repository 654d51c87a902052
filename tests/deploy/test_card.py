"""A model card says what the run folder and the measurements say, and nothing else."""

import html
import re
from dataclasses import asdict, replace

import pytest
import torch
from markdown_it import MarkdownIt

from catdog_lib import models
from catdog_lib.data.image_set import ImageSet, Splits
from catdog_lib.deploy import measurements
from catdog_lib.deploy.card import model_card
from catdog_lib.deploy.markdown import escape, percent, share
from catdog_lib.deploy.measurements import SURE, measure
from catdog_lib.inspect.cost import Cost
from catdog_lib.runs.run_folder import Run
from catdog_lib.training.history import History
from catdog_lib.training.metrics import Evaluation
from catdog_lib.training.recipe import Recipe
from catdog_lib.trust import DAMAGES
from tests import tiny

COST = Cost(1_234_567, 4_938_268, 7_654_321, 89.0)
RESULT = {
    "parameters": 1_230_000,
    "train_images": 1_701,
    "test_images": 40,
    "test_accuracy": 0.9,
    "test_loss": 0.2468,
    "validation_accuracy": 0.8772,
    "epochs": 7,
    "kept_epoch": 5,
    "interrupted": False,
    "train_seconds": 321.0,
    "images_per_second": 37.0,
    "device": "a machine of 1987",
    "dtype": "bfloat16",
}


def a_run(source="/home/someone/my photos", model=None, recipe=None, **result) -> Run:
    torch.manual_seed(0)
    model = model or models.build("residual", size=32, width=2)
    data = {"source": source, "size": 32, "resize": "crop", "validation": 0.15}
    config = {
        "model": "residual",
        "settings": model.settings,
        "recipe": asdict(recipe or Recipe(epochs=7, lr=0.00321, augment=("random_flip",))),
        "data": {**data, "max_train": None, "max_test": None},
        "result": {**RESULT, **result},
    }
    return Run(model.eval(), config, History())


def splits() -> Splits:
    sets = [tiny.image_set(count, seed, 32) for seed, count in enumerate((20, 30, 40))]
    return Splits(*sets, "elsewhere")


@pytest.fixture(scope="module")
def measured():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measurements, "_STRANGERS", 5)
        return measure(a_run(), splits())


def test_the_numbers_are_those_of_the_run(measured):
    card = model_card(a_run(), COST, measured)
    interval = Evaluation(0.2468, 0.9, 40).interval()
    said = f"90.0% ({percent(interval[0])} to {percent(interval[1])})"
    assert f"**{said}** of 40 test images" in card
    for number in (
        *("1,234,567, of which 1,230,000 were trained", "4.9 MB", "7,654,321", "89 images"),
        *("1,701 photos", "0.2468", "87.7%", "7 epochs and 321.0 seconds", "epoch 5", "15%"),
        *("| `lr` | 0.00321 |", "| `augment` | random\\_flip |", "a machine of 1987, in bfloat16"),
    ):
        assert number in card, number
    assert "`weight_decay`" not in card, "it is the default"


def test_what_is_measured_is_in_the_card(measured):
    card = model_card(a_run(), COST, measured)
    assert "| validation | 15 | 15 |" in card and measured.count == 40
    for label, row in enumerate(measured.confusion):
        assert f"| {row[0]} | {row[1]} | {share(row[label], sum(row))} |" in card
    found = measured.calibration
    for value in (found.error, found.error_by_chance, found.tempered_error):
        assert f"{value:.3f}" in card
    assert f"temperature {found.temperature:.2f}" in card
    for kind, each in measured.damaged.items():
        assert re.search(
            rf"\| {kind} \| {each.strength:g} .*{re.escape(share(each.right, 40))}", card
        )
    assert card.count("not measured") == 0 and "has changed" not in card


def test_measurements_are_of_the_network_and_its_images(measured):
    run, data = a_run(), splits()
    images, labels = data.test[:]
    with torch.no_grad():
        probabilities = run.model(images).softmax(1)
    answers = probabilities.argmax(1)
    for label in (0, 1):
        for answer in (0, 1):
            count = int(((labels == label) & (answers == answer)).sum())
            assert measured.confusion[label][answer] == count
    confidence = float(probabilities.amax(1).mean())
    assert measured.calibration.confidence == pytest.approx(confidence, abs=1e-3)
    assert measured.images["test"] == {"cat": 20, "dog": 20}
    assert measured.damaged.keys() == DAMAGES.keys()
    assert all(each.strength > 0 and each.count == 40 for each in measured.damaged.values())


class Sure(torch.nn.Module):
    """A network that always says "dog", and is sure of it."""

    def __init__(self):
        super().__init__()
        self.settings = {"size": 32}
        self.logits = torch.nn.Parameter(torch.tensor([-3.0, 3.0]))

    def forward(self, images):
        return self.logits.expand(len(images), 2)


def test_a_network_that_is_sure_of_everything_is_called_so(monkeypatch):
    monkeypatch.setattr(measurements, "_STRANGERS", 3)
    found = measure(a_run(model=Sure()), splits())
    assert found.confusion == ((0, 20), (0, 20)) and found.right == 20
    assert set(found.strangers.values()) == {1.0} and SURE < 0.9976
    assert found.calibration.error == pytest.approx(0.9975 - 0.5, abs=1e-3)
    assert found.calibration.error_by_chance < 0.1
    assert found.calibration.temperature > 10 and found.calibration.tempered_error < 0.05
    assert {each.right for each in found.damaged.values()} == {20}
    assert "| 0 | 20 | 0.0% (0.0% to 16.1%) |" in model_card(a_run(), COST, found)


def test_without_images_the_card_says_what_is_missing():
    card = model_card(a_run(), COST, None)
    assert card.count(" measured: the images of the run were not on the machine") == 4
    assert "**90.0%" in card


def test_the_path_of_the_photos_stays_private(measured):
    card = model_card(a_run(), COST, measured)
    assert "“my photos”" in card and "someone" not in card and "/home" not in card


@pytest.mark.parametrize(
    "name",
    ["<img src=x onerror=alert(1)>", "a|b", "[x](javascript:y)", "*`_~", "a\n# Title", "&lt;b&gt;"],
)
def test_markup_in_a_name_is_shown_as_text(name, measured):
    card = model_card(a_run(source=f"/x/{name.replace('/', ':')}", device=name), COST, measured)
    plain = model_card(a_run(source="/x/name", device="name"), COST, measured)

    def shape(text: str) -> list[str]:
        tokens = MarkdownIt().enable("table").parse(text)
        return [part.type for token in tokens for part in (token, *(token.children or ()))]

    assert shape(card) == shape(plain)
    shown = MarkdownIt().enable("table").render(f"x {escape(name)} y")
    assert html.unescape(shown) == f"<p>x {' '.join(name.split())} y</p>\n"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("sketches", "drew the sketches is under the MIT licence"),
        ("/data/pets", "Creative Commons BY-SA 4.0"),
        ("/data/mine", "licence of the photos is unknown"),
    ],
)
def test_the_licences_are_those_of_the_images(source, says):
    card = model_card(a_run(source=source), COST, None)
    assert says in card and "ImageNet" not in card


def test_imagenets_weights_and_test_time_augmentation_are_named():
    run = a_run(recipe=Recipe(test_flip=True, test_sizes=(32, 48), keep="last"))
    run.config["settings"] = {"pretrained": True, "frozen": 3}
    card = model_card(run, COST, None)
    assert "mean over 4 views" in card and "best of all epochs" not in card
    assert "first 3 stages of the backbone were frozen" in card
    assert "trained on ImageNet" in card


def test_cached_features_are_named():
    """A frozen backbone's features are computed once: that time is in no epoch."""
    model = models.build("transfer", pretrained=False, size=32)
    says = "computed once, before the first epoch"
    assert says in model_card(a_run(model=model, recipe=Recipe()), COST, None)
    assert says not in model_card(a_run(model=model), COST, None), "it augments"


def test_test_time_augmentation_is_used_in_what_is_measured(monkeypatch):
    """A network that looks at one corner answers otherwise for the mirrored image."""

    class Corner(Sure):
        def forward(self, images):
            bright = images.float()[:, :, :8, :8].mean((1, 2, 3)) - 127
            return torch.stack([-bright, bright], 1) + 0 * self.logits

    monkeypatch.setattr(measurements, "_STRANGERS", 1)
    corner = torch.zeros(4, 3, 32, 32, dtype=torch.uint8)
    corner[:2, :, :8, -8:] = 255  # the upper right one: bright only in the mirror
    images = ImageSet(corner, torch.arange(4), torch.tensor([1, 1, 0, 0]), ("",) * 4)
    data = Splits(images, images, images, "x")
    run = a_run(model=Corner())
    assert measure(run, data).confusion == ((2, 0), (2, 0))
    flipped = replace(run, config={**run.config, "recipe": asdict(Recipe(test_flip=True))})
    assert measure(flipped, data).confusion == ((2, 0), (0, 2))


class Bright(Sure):
    """A network that says "dog" if an image is bright, or with ``sign`` −1 if it is dark."""

    def __init__(self, sign=1):
        super().__init__()
        self.sign = sign

    def forward(self, images):
        bright = self.sign * (images.float().mean((1, 2, 3)) - 127) / 50
        return torch.stack([-bright, bright], 1) + 0 * self.logits


def bright_and_dark() -> Splits:
    """Return black cats and white dogs."""
    labels = torch.arange(8) % 2
    store = (255 * labels.view(8, 1, 1, 1)).to(torch.uint8).expand(8, 3, 32, 32).clone()
    images = ImageSet(store, torch.arange(8), labels, ("",) * 8)
    return Splits(images, images, images, "x")


def test_damage_is_done_to_the_images(monkeypatch):
    monkeypatch.setattr(measurements, "_STRANGERS", 1)
    found = measure(a_run(model=Bright()), bright_and_dark())
    assert {each.right_before for each in found.damaged.values()} == {8}
    assert found.damaged["darkness"].right == 4, "a dog in the dark is dark"
    assert found.damaged["rotation"].right == 8, "it is as bright as before"


def test_a_network_that_is_always_wrong_gets_a_card(monkeypatch):
    monkeypatch.setattr(measurements, "_STRANGERS", 1)
    found = measure(a_run(model=Bright(-1)), bright_and_dark())
    assert found.right == 0 and found.calibration.temperature is None
    assert "No temperature makes them better" in model_card(a_run(), COST, found)
