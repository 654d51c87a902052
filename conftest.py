"""What all tests share: the smallest budget, and a reason for each test that cannot run."""

import os
import shutil
import signal
from pathlib import Path

import pytest

os.environ.setdefault(
    "CATDOG_BUDGET", "quick"
)  # before anything reads it; kernels started by a test inherit it
if "PYTEST_XDIST_WORKER" in os.environ:
    # One of several workers, a core each. Two PyTorch programs with two threads each would wait for
    # one another at every barrier.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # Workers ignore Ctrl-C, and what they start would inherit that: tests interrupt it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def missing(marker: str) -> str | None:
    """Return why tests with this marker cannot run here; None if they can."""
    if marker == "photos":
        folder = os.environ.get("CATDOG_DATA")
        if not folder:
            return "CATDOG_DATA is not set: it names a folder of real photos"
        return (
            None if Path(folder).is_dir() else f"CATDOG_DATA is {folder!r}, which is not a folder"
        )
    if marker == "browser":
        return None if shutil.which("chromium") else "no chromium on PATH"
    if marker == "cuda":
        import torch

        return None if torch.cuda.is_available() else "no NVIDIA GPU"
    return None


def pytest_configure(config: pytest.Config) -> None:
    if config.option.markexpr == "cuda" and missing("cuda"):
        raise pytest.UsageError(
            "PyTorch finds no NVIDIA GPU here, so none of the tests that need one can run: "
            "run them on a machine that has one (catdog doctor says what PyTorch finds)."
        )


def pytest_runtest_setup(item: pytest.Item) -> None:
    # What others publish must not fail a change of the course; a weekly run of CI looks at it.
    if item.get_closest_marker("registry") and item.config.option.markexpr != "registry":
        pytest.skip("asks the package registry: make test-all ARGS='-m registry'")
    for mark in item.iter_markers():
        reason = missing(mark.name)
        if reason:
            pytest.skip(reason)
