"""The workflows of CI call commands that exist, on systems and Pythons that the course is for."""

import re
from itertools import product
from pathlib import Path

import pytest
import yaml

import run
from catdog_setup.systems import PYTHONS

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SUPPORTED = ["{}.{}".format(*python) for python in PYTHONS]


def jobs(path: Path) -> dict[str, dict]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]


def variants(job: dict) -> list[dict[str, str]]:
    """Return the values of the matrix with which a job is run, once for each run."""
    matrix = dict(job.get("strategy", {}).get("matrix", {}))
    included = matrix.pop("include", [])
    return included or [dict(zip(matrix, row, strict=True)) for row in product(*matrix.values())]


def filled(text: str, variant: dict[str, str]) -> str:
    return re.sub(r"\$\{\{ matrix\.(\w+) \}\}", lambda match: variant[match[1]], text)


EVERY = [
    pytest.param(job, variant, id=" ".join([path.stem, name, *variant.values()]))
    for path in WORKFLOWS
    for name, job in jobs(path).items()
    for variant in variants(job)
]


@pytest.mark.parametrize(("job", "variant"), EVERY)
def test_a_job_calls_commands_that_exist_on_a_supported_python(job: dict, variant: dict[str, str]):
    lines = [filled(step["run"], variant) for step in job["steps"] if "run" in step]
    assert lines and not any("$" in line for line in lines)
    for line in lines:
        called = re.match(r"(?:make|python run\.py) ([\w-]+)", line)
        assert called and called[1] in run.commands(""), line
        for path in re.findall(r"\btests/\S+", line):
            assert (ROOT / path).exists(), path
    (python,) = [
        filled(step["with"]["python-version"], variant)
        for step in job["steps"]
        if step.get("uses", "").startswith("actions/setup-python@")
    ]
    assert python in SUPPORTED


def test_once_a_week_each_system_has_the_oldest_and_the_newest_python():
    path = ROOT / ".github" / "workflows" / "drift.yml"
    schedule = yaml.safe_load(path.read_text(encoding="utf-8"))[True]["schedule"]  # "on" is True
    (cron,) = [entry["cron"].split() for entry in schedule]
    assert len(cron) == 5 and cron[2:] in [["*", "*", str(day)] for day in range(7)]
    matrix = jobs(path)["systems"]["strategy"]["matrix"]
    assert {name.split("-")[0] for name in matrix["os"]} == {"ubuntu", "windows", "macos"}
    assert matrix["python"] == [SUPPORTED[0], SUPPORTED[-1]]


def test_once_a_week_the_oldest_and_the_newest_versions_are_tried():
    job = jobs(ROOT / ".github" / "workflows" / "drift.yml")["versions"]
    tried = {variant["command"]: variant["python"] for variant in variants(job)}
    assert tried == {"test-oldest": SUPPORTED[0], "test-newest": SUPPORTED[-1]}
