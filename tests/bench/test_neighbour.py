"""The busy neighbour: it computes while it is needed, and leaves."""

import os
import time
from pathlib import Path

import pytest

from catdog_lib.bench.neighbour import busy_core


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc, as Linux has it")
def test_the_neighbour_computes_while_the_block_lasts():
    def seconds_computed(process) -> float:
        """Return how long the process has computed, in user mode."""
        fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        return int(fields.split()[11]) / os.sysconf("SC_CLK_TCK")

    with busy_core() as process:
        before, limit = seconds_computed(process), time.monotonic() + 10
        while seconds_computed(process) < before + 0.1 and time.monotonic() < limit:
            time.sleep(0.02)
        assert process.poll() is None and seconds_computed(process) >= before + 0.1


def test_it_leaves_whatever_happens():
    with pytest.raises(KeyError), busy_core() as process:
        raise KeyError
    assert process.returncode is not None and process.stdout.closed
