"""Threads that are kept on cores of their own: where they may run, within the block and after."""

from __future__ import annotations

import os
import signal
import sys
import threading

import pytest
import torch
from torch import nn

from catdog_lib.data.image_set import Splits
from catdog_lib.device import pinning as module
from catdog_lib.device.pinning import own_cores
from catdog_lib.models.layers import Normalize
from catdog_lib.training import state
from catdog_lib.training.evaluate import predict
from catdog_lib.training.fit import fit
from catdog_lib.training.recipe import Recipe
from tests import tiny

CPU, BF16 = torch.device("cpu"), torch.bfloat16
needs_cores = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2,
    reason="only Linux keeps threads on cores, and it takes two",
)


@pytest.fixture
def all_threads():
    """As many threads as processors, which no other test is to notice."""
    before = torch.get_num_threads()
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    yield torch.get_num_threads()
    torch.set_num_threads(before)


def where() -> list[set[int]]:
    """Return the processors that each thread that computes here may use, in their order."""
    found = {}
    module._in_each_thread(lambda number: found.update({number: os.sched_getaffinity(0)}))
    return [found[number] for number in sorted(found)]


@needs_cores
class TestOnLinux:
    def test_each_thread_has_a_core_of_its_own_within_the_block_only(self, all_threads):
        allowed = os.sched_getaffinity(0)
        assert where() == [allowed] * all_threads
        with own_cores(CPU, BF16):
            places = where()
            assert [len(place) for place in places] == [1] * all_threads
            assert set().union(*places) == allowed
        assert where() == [allowed] * all_threads

    def test_a_block_within_a_block_changes_nothing(self, all_threads):
        with own_cores(CPU, BF16):
            outer = where()
            with own_cores(CPU, BF16):
                assert where() == outer
            assert where() == outer

    def test_an_error_sets_them_free(self, all_threads):
        allowed = os.sched_getaffinity(0)
        with pytest.raises(KeyboardInterrupt), own_cores(CPU, BF16):
            raise KeyboardInterrupt
        assert where() == [allowed] * all_threads

    def test_a_ctrl_c_while_they_are_being_placed_is_not_lost(self, all_threads, monkeypatch):
        """Python runs the handler in the call from C, where ctypes would only print the error."""
        allowed, keep = os.sched_getaffinity(0), module._keep
        sent = []

        def keep_and_interrupt(processors):
            if threading.current_thread() is threading.main_thread() and not sent:
                sent.append(os.kill(os.getpid(), signal.SIGINT))
            keep(processors)

        monkeypatch.setattr(module, "_keep", keep_and_interrupt)
        with pytest.raises(KeyboardInterrupt), own_cores(CPU, BF16):
            pytest.fail("it went on")
        assert sent and where() == [allowed] * all_threads

    def test_fewer_threads_than_cores_go_where_they_like(self, all_threads):
        torch.set_num_threads(1)
        allowed = os.sched_getaffinity(0)
        with own_cores(CPU, BF16):
            assert os.sched_getaffinity(0) == allowed

    def test_beside_a_gpu_the_threads_go_where_they_like(self, all_threads):
        allowed = os.sched_getaffinity(0)
        with own_cores(torch.device("cuda"), BF16):
            assert os.sched_getaffinity(0) == allowed

    @pytest.mark.parametrize(("dtype", "kept_on"), [(BF16, 1), (torch.float32, None)])
    def test_training_and_prediction_keep_them_in_16_bits(
        self, dtype, kept_on, all_threads, monkeypatch
    ):
        monkeypatch.setattr(state, "fast_dtype", lambda device: dtype)
        kept, data = [], Splits(*(tiny.image_set(8, seed, 16) for seed in range(3)), "tiny")

        class Noting(nn.Linear):
            def forward(self, values):
                kept.append(len(os.sched_getaffinity(0)))
                return super().forward(values)

        model = nn.Sequential(Normalize(), nn.Flatten(), Noting(3 * 16 * 16, 2))
        fit(model, data, Recipe(epochs=1), device="cpu", progress=False)
        predict(model, data.test, dtype)
        assert set(kept) == {kept_on or all_threads} and len(kept) >= 3

    def test_it_keeps_the_threads_that_pytorch_computes_with(self, all_threads):
        image, kernels = torch.rand(8, 16, 64, 64), torch.rand(32, 16, 3, 3)
        torch.conv2d(image, kernels)  # they have been started
        with own_cores(CPU, BF16):
            torch.conv2d(image, kernels)
            kept = [
                thread
                for thread in os.listdir("/proc/self/task")
                if len(os.sched_getaffinity(int(thread))) == 1
            ]
            assert len(kept) == all_threads

    def test_without_an_openmp_library_nothing_happens(self, all_threads, monkeypatch):
        monkeypatch.setattr(module, "openmp", lambda: None)
        allowed = os.sched_getaffinity(0)
        with own_cores(CPU, BF16):
            assert os.sched_getaffinity(0) == allowed


@pytest.mark.parametrize(
    ("siblings", "threads", "places"),
    [
        ("{0}", 4, [{0}, {1}, {2}, {3}]),
        ("0-1 0-1 2-3 2-3", 2, [{0, 1}, {2, 3}]),
        ("0,2 1,3 0,2 1,3", 2, [{0, 2}, {1, 3}]),
        ("0-1 0-1 2-3 2-3", 4, [{0}, {1}, {2}, {3}]),
    ],
)
def test_a_core_may_have_two_processors(siblings, threads, places, tmp_path, monkeypatch):
    words = siblings.split() * (4 if siblings == "{0}" else 1)
    for number, word in enumerate(words):
        (tmp_path / f"cpu{number}").write_text(word.format(number) + "\n")
    monkeypatch.setattr(module, "_TOPOLOGY", str(tmp_path / "cpu{}"))
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert module._places({0, 1, 2, 3}) == places


def test_a_processor_that_this_program_may_not_use_is_left_out(tmp_path, monkeypatch):
    for number in range(2):
        (tmp_path / f"cpu{number}").write_text("0-1\n")
    monkeypatch.setattr(module, "_TOPOLOGY", str(tmp_path / "cpu{}"))
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    assert module._places({0, 5}) == [{0}, {5}]


def test_a_system_that_tells_nothing_is_left_alone(monkeypatch):
    monkeypatch.setattr(module, "openmp", lambda: None)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    with own_cores(CPU, BF16):
        pass
