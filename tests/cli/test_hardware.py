"""What ``catdog doctor`` says about the memory; the device is in tests/device."""

from types import SimpleNamespace

import pytest

from catdog_lib.cli import hardware
from catdog_lib.course import peak_memory
from catdog_lib.course.lesson_files import find_lessons

STANDARD, QUICK = (
    max(lesson.memory[budget] for lesson in find_lessons()) for budget in ("standard", "quick")
)


@pytest.mark.parametrize(
    ("gigabytes", "ok", "advice"),
    [
        (STANDARD + 1, True, "and Jupyter 0.4 GB"),
        (STANDARD + 0.3, False, "set CATDOG_BUDGET=quick"),
        (QUICK, False, "use a larger machine"),
    ],
)
def test_the_doctor_says_which_budget_the_memory_holds(gigabytes, ok, advice, monkeypatch):
    monkeypatch.setattr(hardware, "memory_here", lambda: int(1e9 * gigabytes))
    finding = hardware.memory()
    assert finding.ok is ok and finding.text.endswith(advice)
    assert finding.text.startswith(f"{gigabytes:.1f} GB; lessons need up to {STANDARD} GB, or")


@pytest.mark.parametrize(("limit", "expected"), [("max\n", 8 * 2**30), (f"{2**31}\n", 2**31)])
def test_the_limit_of_a_container_counts(limit, expected, tmp_path, monkeypatch):
    (tmp_path / "memory.max").write_text(limit)
    machine = SimpleNamespace(total=8 * 2**30)
    monkeypatch.setattr(peak_memory, "virtual_memory", lambda: machine)
    monkeypatch.setattr(peak_memory, "_LIMITS", (tmp_path / "memory.max", tmp_path / "gone"))
    assert peak_memory.memory_here() == expected
