"""Every command of the README is run, word for word."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import pytest

from catdog_lib.sketches import draw_image

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
MAKE = [
    command for block in BLOCKS for command in block.splitlines() if command.startswith("make ")
]
SHELL = [block for block in BLOCKS if "activate" in block]

# Whoever runs pytest in another environment must not find that a test installs gigabytes into
# .venv.
needs_venv = pytest.mark.skipif(
    Path(sys.prefix).resolve() != (ROOT / ".venv").resolve(),
    reason="not run by `make test` in this checkout's .venv",
)


@pytest.fixture
def home(tmp_path):
    """A home with the folder of photos that the README speaks of."""
    for label, word in enumerate(("cat", "dog")):
        (tmp_path / "photos" / f"{word}s").mkdir(parents=True)
        for i in range(30):
            draw_image(2 * i + label, label, 96).save(
                tmp_path / "photos" / f"{word}s" / f"{word}.{i}.jpg"
            )
    return tmp_path


def shell(script: str, home: Path, folder: Path) -> subprocess.CompletedProcess:
    cache = os.environ.get("CATDOG_CACHE") or str(
        Path.home() / ".cache" / "catdog"
    )  # keep MathJax from the last build
    environment = {**os.environ, "HOME": str(home), "CATDOG_BUDGET": "quick", "CATDOG_CACHE": cache}
    # MAKEFLAGS would hand the ARGS of the `make test-all` that runs this on to the make that is
    # tested.
    for name in ("CATDOG_DATA", "MAKEFLAGS", "MAKEOVERRIDES", "ARGS"):
        environment.pop(name, None)
    return subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
    )


def test_there_are_commands_to_run():
    assert {"make course", "make test", "make lab", "make site"} <= set(MAKE) and len(SHELL) == 6


@pytest.fixture
def clone(home):
    """A work tree of its own: the commands write runs/ and site/, and hooks change files."""
    made = {".venv", "site", "runs", ".pytest_cache", "__pycache__"}  # by commands, in the root

    def ignore(folder: str, names: list[str]) -> set[str]:
        return made & set(names) if Path(folder) == ROOT else {"__pycache__"} & set(names)

    shutil.copytree(ROOT, home / "clone", ignore=ignore)
    (home / "clone" / ".venv").symlink_to(ROOT / ".venv")
    return home / "clone"


@needs_venv
@pytest.mark.slow
@pytest.mark.parametrize("block", SHELL, ids=lambda block: block.splitlines()[-1])
def test_a_block_of_commands_runs_from_top_to_bottom(block, home, clone):
    script = "\n".join(
        line for line in block.splitlines() if not line.startswith("make ")
    )  # these: see below
    script = script.replace("--max-train 50000", "--max-train 100")  # minutes to draw
    done = shell(script, home, clone)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    if "predict" in block:
        assert re.search(r"cat\.1\.jpg: (cat|dog), \d\d", done.stdout)


@needs_venv
@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [command for command in dict.fromkeys(MAKE) if command != "make lab"]
)
def test_a_make_command_runs(command, home):
    if command == "make test":
        command += ' ARGS="tests/test_floors.py"'  # the whole of it is what runs this
    if command == "make site":  # `make course` runs all lessons; here one will do
        command += ' ARGS="--lesson 02"'
    if command == "make slides":  # what it shows has been run before
        command = 'make course ARGS="--lesson 02" && make slides ARGS="--lesson 02"'
    if command == "make pdf":
        command = 'make course ARGS="--lesson 02" && make pdf ARGS="--lesson 02"'
    if command == "make handout":
        command += f' ARGS="--out {home}/handouts"'
    done = shell(command, home, ROOT)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    if command.startswith(("make course", "make site")) and "&&" not in command:
        page = re.search(r"file://(\S+index\.html)", done.stdout)
        assert page and Path(page.group(1)).is_file(), done.stdout
    elif "slides" in command:
        deck = re.search(r"file://(\S+slides/index\.html)", done.stdout)
        assert deck and (Path(deck.group(1)).parent / "02_output_shapes.html").is_file()
    elif "pdf" in command:
        book = re.search(r"The book, \d+ pages: file://(\S+\.pdf)", done.stdout)
        assert book and Path(book.group(1)).read_bytes().startswith(b"%PDF")
    elif "handout" in command:
        written = re.findall(r"^(\S+\.zip) \(", done.stdout, re.MULTILINE)
        assert len(written) == 2 and all(map(zipfile.is_zipfile, written)), done.stdout
    else:
        assert re.search(r"\d+ passed", done.stdout)


@needs_venv
def test_make_lab_serves_the_lessons(home):
    process = subprocess.Popen(
        [
            "make",
            "lab",
            "ARGS=--no-browser --allow-root --port=18888 --IdentityProvider.token=test",
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        deadline, listing = time.monotonic() + 90, ""
        while not listing and time.monotonic() < deadline and process.poll() is None:
            try:
                with urllib.request.urlopen(
                    "http://127.0.0.1:18888/api/contents?token=test", timeout=5
                ) as answer:
                    listing = answer.read().decode()
            except OSError:
                time.sleep(0.3)
        assert "03_custom_cnn.ipynb" in listing
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def test_links_lead_somewhere():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
