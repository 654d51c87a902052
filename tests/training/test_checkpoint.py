"""Checkpoints: never half a file, never another's, and training goes on as if never stopped."""

import os
import random
import zipfile
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from torch import nn

from catdog_lib.atomic_write import write
from catdog_lib.data.image_set import Splits
from catdog_lib.errors import CatdogError
from catdog_lib.training import state
from catdog_lib.training.checkpoint import check_settings_match, load, save
from catdog_lib.training.fit import fit
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.trainer import Trainer
from tests.tiny import image_set, plain, small, splits

CONTENTS = {"steps": 3, "weights": {"a": torch.arange(600.0), "b": torch.ones(2, 3).bool()}}


def same(one, other) -> bool:
    """Equal to the last bit, through dicts, lists and tensors."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


class TestFile:
    def test_what_is_saved_is_loaded_and_nothing_else_is_left(self, tmp_path):
        assert load(tmp_path / "a.pt") is None
        save(CONTENTS, tmp_path / "a.pt")
        save({**CONTENTS, "steps": 4}, str(tmp_path / "a.pt"))
        loaded = load(str(tmp_path / "a.pt"))
        assert loaded["steps"] == 4 and same(loaded["weights"], CONTENTS["weights"])
        assert os.listdir(tmp_path) == ["a.pt"]

    @pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no /proc to look into")
    def test_the_disk_has_the_file_before_its_name_and_the_name_before_we_go_on(
        self, tmp_path, monkeypatch
    ):
        done, fsync, rename = [], os.fsync, Path.replace

        def noted_fsync(descriptor):
            done.append(os.readlink(f"/proc/self/fd/{descriptor}"))
            fsync(descriptor)

        def noted_rename(part, path):
            assert zipfile.ZipFile(part).testzip() is None, "it is complete"
            done.append(f"{part} -> {path}")
            return rename(part, path)

        monkeypatch.setattr(os, "fsync", noted_fsync)
        monkeypatch.setattr(Path, "replace", noted_rename)
        path = tmp_path / "a.pt"
        save(CONTENTS, path)
        assert done == [f"{path}.part", f"{path}.part -> {path}", str(tmp_path)]

    def test_a_left_over_part_does_no_harm(self, tmp_path):
        (tmp_path / "a.pt.part").write_bytes(b"x" * 100_000)
        assert load(tmp_path / "a.pt") is None
        save(CONTENTS, tmp_path / "a.pt")
        assert load(tmp_path / "a.pt")["steps"] == 3 and os.listdir(tmp_path) == ["a.pt"]

    def test_a_full_disk_is_one_sentence_and_the_old_file_stays(self, tmp_path):
        resource = pytest.importorskip("resource")  # not on Windows
        save({"steps": 3}, tmp_path / "a.pt")
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))  # the system refuses more
        try:
            with pytest.raises(CatdogError, match=r"a\.pt' cannot be written .*; make room there"):
                save({"steps": 4, "weights": torch.ones(100_000)}, tmp_path / "a.pt")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert load(tmp_path / "a.pt")["steps"] == 3 and os.listdir(tmp_path) == ["a.pt"]

    def test_an_interrupted_write_leaves_the_old_file(self, tmp_path, monkeypatch):
        def interrupt(descriptor):
            raise KeyboardInterrupt

        save({"steps": 3}, tmp_path / "a.pt")
        monkeypatch.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write(b"new", tmp_path / "a.pt")
        assert load(tmp_path / "a.pt")["steps"] == 3 and os.listdir(tmp_path) == ["a.pt"]

    def test_damage_anywhere_is_noticed(self, tmp_path):
        path = tmp_path / "a.pt"
        save(CONTENTS, path)
        whole, refused, draw = path.read_bytes(), 0, random.Random(0)
        for position in draw.sample(range(len(whole)), 300):
            flipped = whole[position] ^ (1 << draw.randrange(8))
            path.write_bytes(whole[:position] + bytes([flipped]) + whole[position + 1 :])
            try:
                assert same(load(path), {"catdog checkpoint": 1, **CONTENTS}), position
            except CatdogError:  # a flip in a name, a date or the padding changes nothing
                refused += 1
        assert refused > 150
        for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:length])
            with pytest.raises(CatdogError, match=r"a\.pt' is damaged.*; remove it to begin again"):
                load(path)

    def test_another_kind_of_file_is_refused_and_runs_no_code(self, tmp_path):
        class Trap:
            def __reduce__(self):
                return (Path.touch, (tmp_path / "ran",))

        made = {
            "weights.pt": lambda path: torch.save(small().state_dict(), path),
            "trap.pt": lambda path: torch.save({"catdog checkpoint": 1, "steps": Trap()}, path),
            "list.pt": lambda path: torch.save([1], path),
            "later.pt": lambda path: torch.save({"catdog checkpoint": 2, "steps": 3}, path),
            "text.pt": lambda path: path.write_text("not a checkpoint"),
            "archive.pt": lambda path: zipfile.ZipFile(path, "w").close(),
        }
        for name, make in made.items():
            make(tmp_path / name)
            with pytest.raises(CatdogError, match=f"{name}' is damaged, or not a checkpoint"):
                load(tmp_path / name)
        assert not (tmp_path / "ran").exists()
        with pytest.raises(CatdogError, match="cannot be read"):
            load(tmp_path)  # a folder

    def test_what_a_gpu_has_written_is_loaded_onto_the_cpu(self, tmp_path, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr(torch.serialization, "location_tag", lambda storage: "cuda:0")
            save(CONTENTS, tmp_path / "a.pt")
        loaded = load(tmp_path / "a.pt")
        assert {x.device.type for x in loaded["weights"].values()} == {"cpu"}

    def test_too_little_memory_is_not_taken_for_damage(self, tmp_path, monkeypatch):
        def full(*_, **__):
            raise MemoryError

        save(CONTENTS, tmp_path / "a.pt")
        monkeypatch.setattr(torch, "load", full)
        with pytest.raises(MemoryError):
            load(tmp_path / "a.pt")


def dropping(seed=0):
    return nn.Sequential(*small(seed)[:-1], nn.Dropout(0.4), nn.Linear(144, 2))


TWICE = ("flip_and_crop", "colour_jitter")
TRAINING_RUNS = {
    "Adam": (small, {"optimizer": "Adam", "lr": 0.01}),
    "SGD with momentum": (
        small,
        {"optimizer": "SGD", "momentum": 0.9, "weight_decay": 0.01, "max_grad_norm": 0.5},
    ),
    "Muon": (small, {"optimizer": "muon", "lr": 0.05, "label_smoothing": 0.1}),
    "RMSprop, L1": (small, {"optimizer": "RMSprop", "momentum": 0.5, "l1": 0.01}),
    "Adam, proximal": (small, {"lr": 0.01, "l1": 0.003, "group_l1": 0.001, "penalty": "proximal"}),
    "an average": (small, {"ema_decay": 0.9, "lr": 0.01}),
    "augmentation": (small, {"augment": TWICE}),
    "Dropout": (dropping, {"lr": 0.01}),
    "patience": (small, {"epochs": 40, "patience": 3, "lr": 0.03}),
    "progressive sizes": (
        plain,
        {"augment": TWICE, "train_sizes": (8, 10, 12), "schedule": "cosine"},
    ),
    "the last weights, accumulated": (small, {"keep": "last", "accumulation_steps": 3}),
    "as the champion": (
        plain,
        {
            "optimizer": "muon",
            "ema_decay": 0.9,
            "augment": ("flip_and_crop",),
            "min_crop": 0.7,
            "train_sizes": (8, 10),
            "whiten": True,
            "test_flip": True,
            "keep": "last",
        },
    ),
    "everything": (
        dropping,
        {
            "optimizer": "muon",
            "ema_decay": 0.9,
            "augment": TWICE,
            "l1": 0.001,
            "max_grad_norm": 1.0,
            "accumulation_steps": 2,
            "weight_decay": 0.1,
        },
    ),
}


def recipe(**changes) -> Recipe:
    return Recipe(
        **{"epochs": 7, "schedule": "one_cycle", "precision": "float32", "seed": 3, **changes}
    )


def train(make, plan, path, lives=(), optimizer=None):
    """Train to the end, interrupted after the steps in ``lives``; return model and history."""
    for steps in (*lives, None):
        model = make(seed=0 if not path.exists() else 99)  # a new process: nothing but the file
        torch.manual_seed(17 if not path.exists() else 18)
        taken = []

        def stop(module, inputs, steps=steps, taken=taken):
            taken.append(module.training)
            if steps is not None and sum(taken) > steps:
                raise KeyboardInterrupt

        model.register_forward_pre_hook(stop)
        history = fit(
            model,
            splits(),
            plan,
            optimizer=optimizer and optimizer(model),
            device="cpu",
            checkpoint=path,
            progress=False,
        )
    return model, history


def timeless(history) -> list:
    return [replace(record, seconds=0.0) for record in history.epochs]


def require_equal(tmp_path, make, plan, optimizer=None, **ways):
    """Train without and with interruptions, require that all ends alike; return the epochs."""
    whole, history = train(make, plan, tmp_path / "whole.pt", optimizer=optimizer)
    draw = random.Random(5)
    # Three to nine forward passes: one to three epochs (more passes with accumulation).
    lives = [draw.randint(3, 9) * plan.accumulation_steps for _ in range(4)]
    resumed, pieces = train(make, plan, tmp_path / "pieces.pt", lives, optimizer)
    assert not pieces.interrupted and timeless(pieces) == timeless(history)
    assert same(whole.state_dict(), resumed.state_dict())
    ends = [load(tmp_path / name) for name in ("whole.pt", "pieces.pt")]
    for end in ends:
        end.pop("history")  # its seconds differ
    for name in ends[0]:  # also what only a further epoch would show
        assert same(ends[0][name], ends[1][name]), name
    return history.epochs


@pytest.mark.parametrize("name", TRAINING_RUNS)
def test_resumed_equals_uninterrupted_bit_for_bit(tmp_path, name):
    make, changes = TRAINING_RUNS[name]
    epochs = require_equal(tmp_path, make, recipe(**changes))
    if "patience" in changes:
        assert 5 < len(epochs) < 40, "it is patience that ended it, after some interruptions"
    else:
        assert len(epochs) == 7


def test_an_optimizer_of_ones_own_is_resumed_too(tmp_path):
    def own(model):
        weights = [p for p in model.parameters() if p.ndim > 1]
        others = [p for p in model.parameters() if p.ndim == 1]
        groups = [{"params": weights}, {"params": others, "lr": 0.1, "momentum": 0.5}]
        return torch.optim.SGD(groups, lr=0.01, momentum=0.9)

    require_equal(tmp_path, small, recipe(), own)


def test_the_number_format_is_that_of_the_beginning(tmp_path, monkeypatch):
    """It is measured again in each process, and on a busy machine not always alike."""
    monkeypatch.setattr(state, "fast_dtype", lambda device: torch.bfloat16)
    _, history = train(plain, recipe(precision="auto"), tmp_path / "whole.pt")
    train(plain, recipe(precision="auto", epochs=7), tmp_path / "pieces.pt", [7])
    found = iter([torch.bfloat16, torch.float32])
    monkeypatch.setattr(state, "fast_dtype", lambda device: next(found))
    (tmp_path / "pieces.pt").unlink()
    with pytest.warns(
        UserWarning, match="begun in bfloat16 and goes on in it.*float32 is faster"
    ) as said:
        _, pieces = train(plain, recipe(precision="auto"), tmp_path / "pieces.pt", [7])
    assert {warning.filename for warning in said} == {__file__}, "where fit was called"
    assert pieces.dtype == "bfloat16" and timeless(pieces) == timeless(history)


def test_how_far_the_batch_was_cut_is_remembered(tmp_path):
    """BatchNorm sees the micro-batches, so other ones would give other weights."""

    def tight(seed):
        model = small(seed)

        def run_out(module, inputs):
            if seed == 0 and module.training and len(inputs[0]) > 16:
                raise torch.OutOfMemoryError

        model.register_forward_pre_hook(run_out)
        return model

    with pytest.warns(UserWarning, match="too small for the batch"):
        require_equal(tmp_path, tight, recipe())


def test_a_finished_training_is_not_repeated(tmp_path):
    model, history = train(small, recipe(), tmp_path / "a.pt")
    again, same_history = train(small, recipe(), tmp_path / "a.pt")
    assert same_history == history and same(model.state_dict(), again.state_dict())


class TestRefused:
    """A checkpoint of another run: one sentence names the first difference, nothing changes."""

    @pytest.fixture
    def path(self, tmp_path):
        path = tmp_path / "a.pt"
        train(small, recipe(epochs=1), path)
        return path

    def refused(self, path, says, model=None, plan=None, data=None, optimizer=None):
        model = model or small(8)
        before = {name: value.clone() for name, value in model.state_dict().items()}
        bytes_before = path.read_bytes()
        with pytest.raises(
            CatdogError, match=rf"^The training was begun with {says}.*another file\.$"
        ):
            fit(
                model,
                data or splits(),
                plan or recipe(epochs=1),
                optimizer=optimizer and optimizer(model),
                device="cpu",
                checkpoint=path,
                progress=False,
            )
        assert same(before, model.state_dict()) and path.read_bytes() == bytes_before

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("epochs", 2),
            ("lr", 0.5),
            ("seed", 4),
            ("augment", ("random_flip",)),
            ("ema_decay", 0.5),
        ],
    )
    def test_another_recipe(self, path, name, value):
        began = asdict(recipe(epochs=1))[name]
        says = rf"{name}={began!r}, not {value!r}".replace("(", r"\(").replace(")", r"\)")
        self.refused(path, says, plan=recipe(**{"epochs": 1, name: value}))

    def test_another_network(self, path):
        self.refused(path, r"2.weight=\(4,\), not None", plain())

    @pytest.mark.parametrize(("begun", "asked"), [({"lr": 0.1}, None), (None, {"lr": 0.1})])
    def test_settings_that_were_or_are_none(self, begun, asked):
        says = rf"^The training was begun with ema={begun}, not {asked}; ask .* or stop\.$"
        with pytest.raises(CatdogError, match=says):
            check_settings_match({"ema": begun}, {"ema": asked}, "The training", "stop")

    def test_another_optimizer(self, path):
        self.refused(
            path,
            "optimizer='Adam', not 'SGD'",
            optimizer=lambda model: torch.optim.SGD(model.parameters()),
        )

    def test_another_setting_of_an_optimizer_of_ones_own(self, tmp_path):
        train(
            small,
            recipe(epochs=1),
            tmp_path / "a.pt",
            optimizer=lambda m: torch.optim.SGD(m.parameters(), lr=0.1),
        )
        self.refused(
            tmp_path / "a.pt",
            "initial_lr=0.1, not 0.2",
            optimizer=lambda m: torch.optim.SGD(m.parameters(), lr=0.2),
        )

    def test_other_images(self, path):
        other = Splits(image_set(89, 0), image_set(40, 1), image_set(40, 2), "test")
        self.refused(path, "train_images=90, not 89", data=other)

    def test_another_kind_of_device(self, path):
        saved = load(path)
        saved["settings"]["device"] = "cuda"
        save(saved, path)
        self.refused(path, "device='cuda', not 'cpu'")


def test_a_place_that_cannot_be_written_is_known_before_the_first_epoch(tmp_path, monkeypatch):
    monkeypatch.setattr(Trainer, "train_epoch", lambda *_: pytest.fail("it trained"))
    with pytest.raises(CatdogError, match=r"gone.a\.pt' cannot be written"):
        fit(small(), splits(), recipe(), checkpoint=tmp_path / "gone" / "a.pt", progress=False)
