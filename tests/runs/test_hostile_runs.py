"""Run folders from a stranger: refused with the reason, nothing executed, nothing touched."""

import io
import json
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from dataclasses import asdict

import pytest
import torch

from catdog_lib import models
from catdog_lib.cli import main
from catdog_lib.errors import CatdogError
from catdog_lib.runs.run_folder import Run, RunFolder, load_run
from catdog_lib.runs.settings import default_recipe
from catdog_lib.runs.sweep import _begin
from catdog_lib.training.history import Epoch, History


def write_run(folder):
    """Write a small run folder that is in order."""
    model = models.build("five_conv", size=64, width=2)
    data = {"source": "sketches", "size": 64, "resize": "squash", "validation": 0.15}
    config = {"model": "five_conv", "settings": model.settings, "data": data}
    config |= {"recipe": asdict(default_recipe()), "result": {"test_accuracy": 0.5}}
    run = Run(model, config, History([Epoch(1, 0.7, 0.5, 0.7, 0.5, 0.001, 1.0)]))
    with RunFolder(folder) as made:
        made.checkpoint.write_bytes(b"")
        made.finish(run, b"")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    write_run(folder)
    load_run(folder)
    return folder


@pytest.fixture
def run(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


class Malicious:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def set_config(run, **changes):
    """Change what run.json says; a name such as data__size is nested, and None removes it."""
    config = json.loads((run / "run.json").read_text())
    for name, value in changes.items():
        *outer, last = name.split("__")
        place = config
        for part in outer:
            place = place[part]
        place.pop(last, None)
        if value is not None:
            place[last] = value
    (run / "run.json").write_text(json.dumps(config))


def save_weights(run, change):
    weights = torch.load(run / "weights.pt", weights_only=True)
    change(weights)
    torch.save(weights, run / "weights.pt")


def flip_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)


def bomb(path):
    """Write a small file of weights that unpacks to 200 MB, as ``torch.load`` would."""
    torch.save({"head.weight": torch.zeros(50_000_000)}, path)
    with zipfile.ZipFile(path) as large:
        parts = {name: large.read(name) for name in large.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as small:
        for name, content in parts.items():
            small.writestr(name, content)
    assert path.stat().st_size < 1e6


def first(weights):
    return next(value for value in weights.values() if value.is_floating_point())


DAMAGE = {
    "a pickle": lambda run: (run / "weights.pt").write_bytes(
        pickle.dumps(Malicious(str(run / "executed")))
    ),
    "a malicious archive": lambda run: torch.save(
        Malicious(str(run / "executed")), run / "weights.pt"
    ),
    "a module": lambda run: torch.save(torch.nn.Linear(1, 1), run / "weights.pt"),
    "empty weights": lambda run: (run / "weights.pt").write_bytes(b""),
    "cut weights": lambda run: (run / "weights.pt").write_bytes(
        (run / "weights.pt").read_bytes()[:-500]
    ),
    "a flipped bit": lambda run: flip_bit(run / "weights.pt"),
    "a list": lambda run: torch.save([1, 2], run / "weights.pt"),
    "a bomb": lambda run: bomb(run / "weights.pt"),
    "text": lambda run: (run / "weights.pt").write_text("hello"),
    "nan": lambda run: save_weights(run, lambda w: first(w).fill_(float("nan"))),
    "infinite": lambda run: save_weights(run, lambda w: first(w).fill_(float("inf"))),
    "another network": lambda run: set_config(run, settings__width=3),
    "an unknown network": lambda run: set_config(run, model="../../etc/passwd"),
    "a module name": lambda run: set_config(run, model="os.system"),
    "no size": lambda run: set_config(run, data__size=None),
    "a huge size": lambda run: set_config(run, data__size=10**9),
    "a negative size": lambda run: set_config(run, data__size=-1),
    "size as text": lambda run: set_config(run, data__size="64; rm -rf"),
    "a resize of its own": lambda run: set_config(run, data__resize="__import__"),
    "settings of another kind": lambda run: set_config(run, settings=[1]),
    "an unknown setting": lambda run: set_config(run, settings__backdoor=1),
    "a recipe of another kind": lambda run: set_config(run, recipe={"epochs": "many"}),
    "no data": lambda run: set_config(run, data=None),
    "an argument of no loader": lambda run: set_config(run, data__extra=1),
    "no source": lambda run: set_config(run, data__source=None),
    "a result of another kind": lambda run: set_config(run, result=[1]),
    "JSON of a thousand rooms": lambda run: (run / "run.json").write_text("[" * 200_000),
    "no JSON": lambda run: (run / "run.json").write_bytes(b"\xff{"),
    "a JSON list": lambda run: (run / "run.json").write_text("[]"),
    "no history": lambda run: (run / "history.json").unlink(),
    "another history": lambda run: (run / "history.json").write_text("[]"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_it_is_refused_in_one_sentence_and_executes_nothing(run, damage, capsys):
    DAMAGE[damage](run)
    before = {path: path.read_bytes() for path in run.iterdir()}
    assert main(["predict", str(run), "photo.jpg"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("catdog: ") and error.count("\n") == 1, error
    assert "weights_only=False" not in error
    assert before == {path: path.read_bytes() for path in run.iterdir()}


MEASURED = """
import resource, sys
from catdog_lib.errors import CatdogError
from catdog_lib.runs.run_folder import load_run
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    load_run(sys.argv[1])
except CatdogError:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory in another way")
def test_a_bomb_of_weights_takes_no_memory(run):
    bomb(run / "weights.pt")
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(run)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 100_000, done.stdout


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff"])
def test_damaged_notes_of_a_sweep_are_one_sentence(tmp_path, content):
    (tmp_path / "sweep.json").write_bytes(content)
    with pytest.raises(CatdogError, match="is damaged") as error:
        _begin(tmp_path, {"model": "five_conv"})
    assert "\n" not in str(error.value)


def test_a_sweep_into_a_file_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(CatdogError, match="cannot be made"):
        _begin(tmp_path / "file" / "sweep", {})


def test_a_frozen_network_can_be_saved_whole(tmp_path):
    """As those who do not follow the advice to save the state dict do."""
    model = models.freeze(torch.nn.Sequential(torch.nn.BatchNorm2d(3), torch.nn.Dropout()))
    for copy in (
        pickle.loads(pickle.dumps(model)),
        torch.load(saved(model), weights_only=False),
    ):
        copy.train()
        assert not any(module.training for module in copy.modules())
        models.unfreeze(copy).train()
        assert all(module.training for module in copy.modules())


def saved(model) -> io.BytesIO:
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    return file
