"""Training runs side by side: in processes as in one, and stopped as a whole."""

import ast
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from catdog_lib.device import cores
from catdog_lib.errors import CatdogError
from catdog_lib.training.fit import Recipe, fit
from catdog_lib.training.side_by_side import side_by_side
from tests.tiny import small, splits

ROOT = Path(__file__).parents[2]
RUNS = [dict(seed=seed, lr=lr) for lr in (0.01, 0.1) for seed in range(2)]

# As in a notebook: the function is nowhere to be imported from, and uses what is around it.
NOTEBOOK = """
import os, signal, sys, torch
from catdog_lib import Recipe, fit
from catdog_lib.training.side_by_side import side_by_side
from tests.tiny import small, splits
pets, forever = splits(), Recipe(epochs=10**6)

def tell(epoch):
    if epoch.epoch == 1:  # from here on, fit returns what it has when a Ctrl-C comes
        os.write(1, b"%d\\n" % os.getpid())  # at once: print writes a line in two parts

def train(number):
    fit(small(number), pets, forever, progress=False, on_epoch=tell)

try:
    side_by_side(train, [dict(number=n) for n in range(3)], processes=int(sys.argv[1]))
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


def train(seed: int, lr: float):
    model = small(seed)
    history = fit(model, splits(), Recipe(epochs=2, lr=lr, seed=seed), progress=False)
    return os.getpid(), torch.get_num_threads(), model.state_dict(), history.epochs[-1].train_loss


def meet(folder: Path, number: int) -> bool:
    """Wait for the other one, which must be going on at the same time."""
    (folder / str(number)).touch()
    deadline = time.monotonic() + 60
    while len(list(folder.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    return time.monotonic() < deadline


def killed(seed: int, lr: float):
    if seed == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return train(seed, lr)


@pytest.mark.skipif(cores() < 2, reason="there is one core, so never two processes")
def test_in_two_processes_the_same_is_learned_as_in_one():
    """In order, bit for bit; on one thread, of which nothing is left in this process."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        at_once, in_turn = (side_by_side(train, RUNS, processes=count) for count in (2, 1))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert {pid for pid, *_ in in_turn} == {os.getpid()}
    assert os.getpid() not in {pid for pid, *_ in at_once}
    for one, other in zip(at_once, in_turn, strict=True):
        assert one[1] == other[1] == 1
        assert one[3] == other[3]
        assert all(torch.equal(one[2][name], value) for name, value in other[2].items())
    assert len({loss for *_, loss in in_turn}) == len(RUNS)


@pytest.mark.skipif(cores() < 2, reason="there is one core, so never two processes")
def test_two_are_done_at_once(tmp_path):
    runs = [dict(folder=tmp_path, number=number) for number in range(2)]
    assert side_by_side(meet, runs, processes=2) == [True, True]


def test_no_runs_are_no_work():
    assert side_by_side(train, []) == []


@pytest.mark.skipif(cores() < 2, reason="there is one core, so never two processes")
@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_a_process_that_is_killed_is_one_sentence():
    with pytest.raises(CatdogError, match=r"^Training has stopped, because one of its processes"):
        side_by_side(killed, RUNS, processes=2)


def test_without_further_processes_this_one_does_all(monkeypatch):
    monkeypatch.setattr("catdog_lib.data.parallel._NO_PROCESSES", "no room")
    monkeypatch.setattr("catdog_lib.training.side_by_side.cores", lambda: 3)
    with pytest.warns(UserWarning, match=r"^Training takes longer.*\(no room\)"):
        done = side_by_side(train, RUNS[:2])
    assert {pid for pid, *_ in done} == {os.getpid()}


def ended(pid: int) -> bool:
    """Return whether the process ends within some seconds."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.skipif(os.name != "posix", reason="there a process keeps its parent's number")
@pytest.mark.skipif(cores() < 2, reason="there is one core, so never two processes")
def test_runs_end_when_the_notebooks_kernel_is_killed(tmp_path):
    script = tmp_path / "notebook.py"
    script.write_text(NOTEBOOK)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, script, "2"], stdout=subprocess.PIPE, text=True, env=environment
    ) as kernel:
        pids = {int(kernel.stdout.readline()) for _ in range(2)}
        kernel.kill()
        kernel.stdout.close()
        assert all(map(ended, pids))


@pytest.mark.skipif(os.name != "posix", reason="Windows stops programs in another way")
@pytest.mark.parametrize("processes", [1, 2])
def test_a_ctrl_c_ends_all_runs(tmp_path, processes):
    """Also those that have not begun: ``fit`` itself returns when one comes."""
    script = tmp_path / "notebook.py"
    script.write_text(NOTEBOOK)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.Popen(
        [sys.executable, script, str(processes)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    try:
        pids = {ast.literal_eval(done.stdout.readline()) for _ in range(min(processes, cores()))}
        os.killpg(done.pid, signal.SIGINT)  # as a terminal and Jupyter do
        out, err = done.communicate(timeout=60)
        assert out == "stopped\n", err
        assert "Traceback" not in err
    finally:
        done.kill()
    assert all(map(ended, pids))
