"""``make test-oldest`` and ``make test-newest``: which versions they install, and what they run."""

import subprocess
import sys

import pytest

import run
from catdog_setup.systems import PYTHONS
from tests import versions


@pytest.mark.parametrize(
    ("which", "resolution", "python"),
    [
        ("oldest", "lowest-direct", "{}.{}".format(*PYTHONS[0])),
        ("newest", "highest", sys.executable),
    ],
)
def test_the_tests_run_with_these_versions(monkeypatch, which, resolution, python):
    called = []
    monkeypatch.setattr(versions, "uv_settings", lambda python: {})
    monkeypatch.setattr(subprocess, "run", lambda words, **_: called.append(words))
    monkeypatch.setattr(run, "run", lambda *words: called.append(words) or 5)
    assert versions.main(which, "tests/models") == 5
    venv, install, (inside, words) = called
    assert venv[:4] == [sys.executable, "-m", "uv", "venv"] and venv[-1].endswith(f".venv-{which}")
    assert venv[venv.index("--python") + 1] == python
    assert install[install.index("--resolution") + 1] == resolution
    assert install[install.index("--python") + 1] == inside and inside.startswith(venv[-1])
    assert "-c" not in install and install[-2:] == ["-e", ".[test,docs]"]  # no tested versions
    assert words[0] == "pytest" and words[-1] == "tests/models"
