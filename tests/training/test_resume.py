"""What a checkpoint holds of a training run, and that all of it is taken up again."""

from copy import deepcopy

import pytest
import torch

from catdog_lib.training.checkpoint import load
from catdog_lib.training.precision import MixedPrecision
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.resume import begin_or_resume, checkpoint_contents, resume, settings
from catdog_lib.training.trainer import Trainer
from tests.tiny import batch, small


def trainer(**changes) -> Trainer:
    recipe = Recipe(**{"epochs": 2, "lr": 0.01, "precision": "float32", **changes})
    return Trainer(small(), recipe, None, torch.device("cpu"), 3)


def trained(**changes) -> Trainer:
    """Return a trainer that has taken two steps."""
    begun = trainer(**changes)
    for seed in range(2):
        begun.step(*batch(8, seed))
    return begun


def test_a_checkpoint_has_the_names_of_its_format():
    """A run of last month has to go on: under other names it would not be found again."""
    contents = checkpoint_contents(trainer())
    assert list(contents) == [
        "settings",
        "names",
        "model",
        "optimizer",
        "scaler",
        "ema",
        "generators",
        "steps_taken",
        "micro_batches",
        "layout",
        "history",
        "kept_weights",
    ]
    assert list(contents["generators"]) == [
        "order and augmentation",
        "dropout",
        "dropout on the GPU",
    ]
    assert list(contents["settings"]) == [
        "device",
        "recipe",
        "train_images",
        "network",
        "optimizer",
        "groups",
    ]


@pytest.mark.parametrize("changes", [{}, {"ema_decay": 0.9, "optimizer": "muon"}])
def test_the_next_step_is_that_of_the_run_that_was_saved(changes):
    one, other = trained(**changes), trainer(**changes)
    one.micro_batches = 2
    torch.rand(5, generator=one.generator)
    one.kept_weights = {"a": torch.tensor(1)}
    saved = checkpoint_contents(one)
    draws = torch.rand(3), torch.rand(3, generator=one.generator)
    resume(other, deepcopy(saved))  # as from a file: it shares no tensor with the first run
    assert torch.equal(torch.rand(3), draws[0])
    assert torch.equal(torch.rand(3, generator=other.generator), draws[1])
    assert (other.steps_taken, other.micro_batches) == (2, 2)
    assert other.history == one.history and other.kept_weights == {"a": 1}
    for run in (one, other):
        run.step(*batch(8, 2))
    pairs = [(one.model, other.model)]
    if one.ema:
        pairs.append((one.ema.model, other.ema.model))
        assert one.ema.count == other.ema.count == 3
    for mine, theirs in pairs:
        for a, b in zip(mine.state_dict().values(), theirs.state_dict().values(), strict=True):
            assert torch.equal(a, b)


def test_the_scaler_of_float16_keeps_its_factor():
    one, other = trainer(), trainer()
    one.precision = MixedPrecision(one.device, torch.float16)
    one.history.dtype = "float16"
    scaler = one.precision.scaler
    scaler.load_state_dict({**scaler.state_dict(), "scale": 128.0})
    with pytest.warns(UserWarning, match="begun in float16 and goes on in it") as said:
        resume(other, checkpoint_contents(one))
    assert [warning.filename for warning in said] == [__file__]
    assert other.precision.dtype == torch.float16 and other.precision.scaler.get_scale() == 128


def test_the_random_numbers_of_a_gpu_go_on(monkeypatch):
    """Pretend that there is one; on the CPU its state is neither asked for nor set."""
    device, states = torch.device("cuda", 0), {}
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: (device, "state"))
    monkeypatch.setattr(
        torch.cuda, "set_rng_state", lambda state, device: states.update({device: state})
    )
    for run in (trainer(), trainer()):
        resume(run, checkpoint_contents(run))
    assert not states
    one, other = trainer(), trainer()
    one.device = other.device = device
    resume(other, checkpoint_contents(one))
    assert states == {device: (device, "state")}


def test_what_a_machine_or_a_schedule_sets_may_differ():
    one, other = trainer(optimizer="muon"), trainer(optimizer="muon")
    for group in other.optimizer.param_groups:
        group["lr"], group["dtype"] = 0.5, torch.bfloat16
    assert settings(one) == settings(other)
    other.optimizer.param_groups[0]["momentum"] = 0.5
    assert settings(one) != settings(other)


def test_it_is_written_at_the_beginning_and_after_every_epoch(tmp_path):
    path = tmp_path / "a.pt"
    begun = trained()
    begin_or_resume(begun, path)
    assert load(path)["steps_taken"] == 2
    begun.step(*batch(8, 2))
    for call in begun.callbacks["on_epoch_end"]:
        call(begun)
    assert load(path)["steps_taken"] == 3
    resumed = trainer()
    begin_or_resume(resumed, path)
    assert resumed.steps_taken == 3


def test_of_several_processes_only_the_main_one_writes(tmp_path, monkeypatch):
    begun = trainer()
    monkeypatch.setattr(type(begun.dist), "is_main", False)
    before = list(begun.callbacks["on_epoch_end"])
    begin_or_resume(begun, tmp_path / "a.pt")
    assert not (tmp_path / "a.pt").exists() and begun.callbacks["on_epoch_end"] == before


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last, None])
def test_the_layout_in_memory_is_that_of_the_first_part(layout, tmp_path):
    """It may have been measured, and be measured differently today; it decides the last digits."""
    begun = trainer()
    begun.layout = layout
    begin_or_resume(begun, tmp_path / "run.pt")
    again = trainer()
    begin_or_resume(again, tmp_path / "run.pt")
    assert again.layout == layout
    again.step(*batch(8))


def test_a_checkpoint_from_before_layouts_and_names_were_noted_is_taken_up():
    saved = checkpoint_contents(trained())
    del saved["layout"], saved["names"]
    again = trainer()
    again.names = 5
    resume(again, saved)
    assert again.layout is None and again.steps_taken == 2
