"""Any other GPU, such as Apple's: no float64, and nothing is read from it without a copy."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from torch.utils import backend_registration

from tests.device.pretended_cases import CASES

pytestmark = pytest.mark.skipif(
    not hasattr(backend_registration, "_setup_privateuseone_for_python_backend"),
    reason="this PyTorch has no devices that are written in Python",
)


@pytest.fixture(scope="module")
def errors() -> dict[str, str | None]:
    """What each case raised, in a process whose fastest device is the pretended GPU."""
    command = [sys.executable, "-m", "tests.device.pretended_cases"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", CASES)
def test_it_runs_on_any_gpu(name, errors):
    assert errors[name] is None
