"""Files on Windows, which refuses to replace what somebody reads; the rest: test_checkpoint."""

import os
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from catdog_lib import atomic_write
from catdog_lib.errors import CatdogError


@pytest.fixture
def refused(monkeypatch):
    """Refuse so many replacements, as Windows does."""
    times = {"left": 0}

    def replace(self: Path, target: Path) -> None:
        times["left"] -= 1
        if times["left"] >= 0:
            raise PermissionError(13, "The process cannot access the file")
        os.replace(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(atomic_write, "_PATIENCE", 10)
    return times


@pytest.mark.parametrize("system", ["nt", "posix"])
def test_a_refused_replacement_is_tried_again_there_and_only_there(
    system, refused, tmp_path, monkeypatch
):
    monkeypatch.setattr(atomic_write, "os", SimpleNamespace(**{**vars(os), "name": system}))
    refused["left"] = 3
    file = tmp_path / "file"
    with nullcontext() if system == "nt" else pytest.raises(CatdogError, match="cannot be wr"):
        atomic_write.write(b"new", file)
    assert file.exists() == (system == "nt") and len(list(tmp_path.iterdir())) <= 1


def test_it_is_not_tried_for_ever(refused, tmp_path, monkeypatch):
    monkeypatch.setattr(atomic_write, "os", SimpleNamespace(**{**vars(os), "name": "nt"}))
    monkeypatch.setattr(atomic_write, "_PATIENCE", 0.2)
    refused["left"] = 10**6
    with pytest.raises(CatdogError, match="cannot be written"):
        atomic_write.write(b"new", tmp_path / "file")
