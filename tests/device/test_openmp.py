"""The OpenMP library that PyTorch has loaded, wherever it lies."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import pytest

from catdog_lib.device import openmp as module
from catdog_lib.device.openmp import gnu_openmp, openmp

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc/self/maps")
LINE = b"7f00-7f01 r-xp 00000000 08:01 42                         "


@pytest.fixture(autouse=True)
def forget():
    openmp.cache_clear()
    yield
    openmp.cache_clear()


class Library:
    def __init__(self, name: str):
        self._name = name
        self.GOMP_parallel = self.omp_get_thread_num = None


def loaded(tmp_path: Path, monkeypatch, *files: bytes) -> None:
    maps = tmp_path / "maps"
    maps.write_bytes(b"".join(LINE + file + b"\n" for file in files) + LINE[:40] + b"\n")
    monkeypatch.setattr(module, "_LOADED", maps)
    monkeypatch.setattr(ctypes, "CDLL", Library)


@needs_linux
def test_it_is_found_here():
    assert hasattr(openmp(), "GOMP_parallel")


def test_its_path_may_hold_spaces(tmp_path, monkeypatch):
    loaded(tmp_path, monkeypatch, b"/home/a student/my course/.venv/torch/lib/libgomp-1.so.1")
    assert openmp()._name == "/home/a student/my course/.venv/torch/lib/libgomp-1.so.1"
    assert gnu_openmp() is openmp()


def test_other_files_may_have_names_that_are_not_text(tmp_path, monkeypatch):
    loaded(tmp_path, monkeypatch, b"/tmp/\xff\xfe.bin", b"/lib/libiomp5.so")
    assert openmp()._name == "/lib/libiomp5.so"
    assert gnu_openmp() is None


def test_pytorchs_own_comes_first(tmp_path, monkeypatch):
    own = str(Path(module.torch.__file__).parent / "lib" / "libgomp.so.1")
    loaded(tmp_path, monkeypatch, b"/a/libgomp.so.1", own.encode(), b"/lib/libgompher.txt")
    assert openmp()._name == own


def test_one_that_cannot_be_loaded_is_passed_over(tmp_path, monkeypatch):
    loaded(tmp_path, monkeypatch, b"/gone/libgomp.so.1 (deleted)")
    monkeypatch.undo()
    monkeypatch.setattr(module, "_LOADED", tmp_path / "maps")
    assert openmp() is None


def test_a_system_that_tells_nothing_has_none(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_LOADED", tmp_path / "nothing")
    assert openmp() is None and gnu_openmp() is None
