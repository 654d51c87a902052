"""A head on cached features learns what it learns from the images, and its run can be resumed."""

from dataclasses import replace

import pytest
import torch

from catdog_lib import data, models
from catdog_lib.errors import CatdogError
from catdog_lib.runs.run_folder import load_run
from catdog_lib.runs.settings import train_arguments
from catdog_lib.runs.train_run import train_run
from catdog_lib.training.evaluate import predict
from catdog_lib.training.fit import fit
from catdog_lib.training.recipe import Recipe
from catdog_lib.transfer.cached_training import on_features, repeats_itself

RECIPE = Recipe(epochs=3, batch_size=16, lr=3e-3, precision="float32")


@pytest.fixture(scope="module")
def few():
    return data.load("sketches", size=64, max_train=48, max_test=16, progress=False)


def classifier(**settings) -> models.TransferClassifier:
    torch.manual_seed(0)
    return models.TransferClassifier(size=64, **settings)


@pytest.mark.parametrize(
    ("settings", "changes", "expected"),
    [
        ({}, {}, True),
        ({"head": (8,)}, {"l1": 0.1}, True),
        ({"frozen": -1}, {}, False),
        ({}, {"augment": ("random_flip",)}, False),
        ({}, {"test_flip": True}, False),
        ({}, {"test_sizes": (64, 80)}, False),
        ({}, {"whiten": True}, False),
    ],
)
def test_features_are_enough_only_if_every_epoch_sees_the_same(settings, changes, expected):
    assert repeats_itself(classifier(**settings), replace(RECIPE, **changes)) is expected


def test_other_networks_need_their_images():
    assert not repeats_itself(models.ResidualCNN(32, 4), RECIPE)


def test_the_head_learns_what_it_learns_from_the_images(few, monkeypatch):
    # Some processors compute features in bfloat16, and these differ by a tenth.
    monkeypatch.setattr("catdog_lib.transfer.features.fast_dtype", lambda _: torch.float32)
    slow, fast = classifier(head=(8,)), classifier(head=(8,))
    history = fit(slow, few, RECIPE, device="cpu", progress=False)
    head, featured = on_features(fast, few, device="cpu", progress=False)
    found = fit(head, featured, RECIPE, device="cpu", progress=False)
    for one, other in zip(history.epochs, found.epochs, strict=True):
        assert one.train_loss == pytest.approx(other.train_loss, abs=1e-4)
        assert one.validation_loss == pytest.approx(other.validation_loss, abs=1e-4)
    expected, logits = predict(slow, few.test), predict(fast, few.test)
    assert torch.allclose(logits, expected, atol=1e-3) and expected.std() > 0.1


def test_a_run_that_was_interrupted_is_whole_and_goes_on(tmp_path, few):
    def run(out, stop_after=None):
        def on_event(event):
            if event["event"] == "epoch" and event["epoch"] == stop_after:
                raise KeyboardInterrupt

        return train_run(
            "transfer",
            "sketches",
            size=64,
            max_train=48,
            recipe=RECIPE,
            out=tmp_path / out,
            progress=False,
            log=str,
            on_event=on_event,
        )

    whole = run("whole")
    result, seconds = whole.config["result"], whole.history.seconds
    assert result["train_seconds"] > 1.05 * seconds  # with the time for the features
    assert result["images_per_second"] < whole.history.images_per_second / 1.05
    with pytest.raises(KeyboardInterrupt):
        run("part", stop_after=2)
    half = load_run(tmp_path / "part")
    assert not half.finished and half.config["settings"]["head"] == []
    backbone = whole.model.backbone.state_dict()
    assert all(
        torch.equal(backbone[name], value)
        for name, value in half.model.backbone.state_dict().items()
    )
    assert run("part").config["result"]["test_accuracy"] == whole.config["result"]["test_accuracy"]
    resumed = load_run(tmp_path / "part")
    assert torch.equal(resumed.model.head.weight, whole.model.head.weight)
    assert torch.equal(predict(resumed.model, few.test), predict(whole.model, few.test))


def test_the_options_of_transfer_reach_the_network():
    arguments = train_arguments({"model": "transfer", "head": (270, 90), "backbone": "resnet18"})
    assert arguments["settings"] == {"head": (270, 90), "backbone": "resnet18"}
    assert arguments["size"] == 256 and arguments["recipe"].augment == ()
    tuned = train_arguments({"model": "transfer", "unfreeze": 2})
    assert tuned["settings"] == {"frozen": -2} and tuned["recipe"].augment == ("flip_and_crop",)
    network = classifier(frozen=-2)
    learn = [any(p.requires_grad for p in layers.parameters()) for _, layers in network.stages]
    assert learn == [False] * (len(learn) - 3) + [True] * 3
    with pytest.raises(CatdogError, match="--unfreeze is -1; use 0 or more"):
        train_arguments({"model": "transfer", "unfreeze": -1})
    with pytest.raises(CatdogError, match="--unfreeze is for the network transfer"):
        train_arguments({"model": "five_conv", "unfreeze": 1})
    count = len(network.backbone.stages)
    with pytest.raises(CatdogError, match=f"has {count} stages; {count + 1} of them cannot learn"):
        classifier(frozen=-1 - count)
