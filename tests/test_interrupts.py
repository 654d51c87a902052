"""A Ctrl-C that comes while something must be finished takes effect right afterwards."""

import os
import signal
import threading

import pytest

from catdog_lib import interrupts
from catdog_lib.interrupts import interrupts_later


def test_it_comes_at_the_end_of_the_block():
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts_later():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        done.append("finished")
    assert done == ["finished"]
    with pytest.raises(KeyboardInterrupt):  # and then everything is as before
        os.kill(os.getpid(), signal.SIGINT)


def test_without_one_nothing_happens_and_an_error_passes():
    before = signal.getsignal(signal.SIGINT)
    with interrupts_later():
        pass
    with pytest.raises(ValueError, match="mine"), interrupts_later():
        raise ValueError("mine")
    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_may_use_it():
    done = []

    def work():
        with interrupts_later():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]


@pytest.mark.skipif(os.name == "nt", reason="a process keeps its parent's number there")
def test_a_process_whose_parent_is_killed_is_told(monkeypatch):
    """It does not wait for the end of its epoch, where nobody reads its event any more."""
    parents = [os.getppid(), os.getppid(), 1]
    monkeypatch.setattr(os, "getppid", lambda: parents.pop(0) if len(parents) > 1 else parents[0])
    monkeypatch.setattr(interrupts.time, "sleep", lambda seconds: wait(seconds / 100))
    wait = threading.Event().wait
    with pytest.raises(KeyboardInterrupt):
        interrupts.when_orphaned(parents[0], lambda: os.kill(os.getpid(), signal.SIGINT))
        wait(10)
