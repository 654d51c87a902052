"""Odd terminals, full disks, missing homes, too little memory: it works, or is one sentence."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from catdog_lib.cli import failures, main
from catdog_lib.data import cache, sources
from catdog_lib.data.download.get import get
from catdog_lib.errors import CatdogError
from catdog_lib.runs.settings import train_arguments
from tests.data.photo_folders import fill

ROOT = Path(__file__).parents[2]


def catdog(
    *arguments, options=(), shell="", cwd: Path | None = None, **environment
) -> subprocess.CompletedProcess:
    """Run a command in a process of its own; None removes a variable."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": None, **environment}
    command = [sys.executable, *options, "-m", "catdog_lib", *map(str, arguments)]
    if shell:
        command = ["bash", "-c", f'set -o pipefail; "$@" {shell}', "bash", *command]
    return subprocess.run(
        command,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        cwd=cwd,
        env={name: value for name, value in env.items() if value is not None},
    )


def sentence(capsys) -> str:
    """Return the one sentence on the standard error."""
    error = capsys.readouterr().err
    assert error.startswith("catdog: ") and error.count("\n") == 1, error
    return error


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_terminal_that_lacks_a_letter_gets_its_code(encoding, tmp_path):
    fill(tmp_path / "猫 λ", "{word}s/{i}.jpg", 1)
    environment = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = catdog("data", "status", CATDOG_DATA=str(tmp_path / "猫 λ"), **environment)
    assert done.returncode == 0 and b"\\u732b" in done.stdout, done.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs a terminal of POSIX")
@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "file"])
def test_a_bar_is_drawn_twice_a_minute_where_it_goes_to_a_file(terminal, tmp_path):
    code = (
        "from catdog_lib.cli import main; main(['--version']); "
        "from tqdm.auto import tqdm; print(tqdm(total=9).mininterval)"
    )
    screen, inside = os.openpty()
    with (tmp_path / "log").open("wb") as file:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=inside if terminal else file,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        )
    os.close(screen)
    os.close(inside)
    assert done.stdout.split()[-1] == (b"0.1" if terminal else b"30.0")


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_a_reader_who_leaves_and_a_disk_that_is_full():
    done = catdog("--help", shell="| true")
    assert b"Traceback" not in done.stderr and b"BrokenPipe" not in done.stderr
    if Path("/dev/full").exists():
        done = catdog("data", "status", shell="> /dev/full")
        assert done.returncode == 2 and b"No space left" in done.stderr
        assert done.stderr.count(b"\n") == 1


def test_optimized_python_and_a_c_locale():
    for options, environment in ((("-OO",), {}), (("-O",), {"LC_ALL": "C", "PYTHONUTF8": "0"})):
        done = catdog("--help", options=options, **environment)
        assert done.returncode == 0 and b"train" in done.stdout, done.stderr
        done = catdog("train", "--nonsense", options=options, **environment)
        assert done.returncode == 2 and done.stderr.count(b"\n") == 1


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="links as on POSIX")
def test_spaces_and_letters_outside_ascii_in_every_path_and_a_link_to_photos_that_stay(tmp_path):
    """Also with no home, in a narrow terminal, and with photos that are somebody else's."""
    here = tmp_path / "Mein Übungsordner"
    photos = tmp_path / "größe Hunde & Katzen"
    fill(photos, "{word}s/Bild ü {i}.jpg", 12)
    before = sorted(path.stat().st_mtime_ns for path in photos.rglob("*"))
    for folder in (*photos.iterdir(), photos):
        folder.chmod(0o555)
    here.mkdir()
    (here / "meine Fotos").symlink_to(photos)
    cached = tmp_path / "Zwischen speicher é"
    environment = {
        "CATDOG_CACHE": str(cached),
        "CATDOG_DATA": "meine Fotos",
        "COLUMNS": "80",
        "HOME": None,
        "LC_ALL": "C.UTF-8",
    }
    train = ["train", "--model", "five_conv", "--width", "4", "--epochs", "1", "--device", "cpu"]
    done = catdog(*train, "--out", "Läufe/erster Lauf", cwd=here, **environment)
    assert done.returncode == 0, done.stderr
    assert (here / "Läufe" / "erster Lauf" / "weights.pt").is_file() and any(cached.glob("*.npy"))
    image = here / "meine Fotos" / "cats" / "Bild ü 1.jpg"
    done = catdog("predict", "Läufe/erster Lauf", image, cwd=here, **environment)
    assert done.returncode == 0 and "Bild ü 1.jpg" in done.stdout.decode(), done.stderr
    assert sorted(path.stat().st_mtime_ns for path in photos.rglob("*")) == before


def test_a_user_without_a_home_has_a_cache(monkeypatch):
    pwd = pytest.importorskip("pwd", reason="Windows has no users without a home")

    def unknown(number):
        raise KeyError(f"getpwuid(): uid not found: {number}")

    for name in ("CATDOG_CACHE", "CATDOG_DATA", "HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(RuntimeError):
        Path.home()
    folder = cache.cache_dir()
    assert folder.is_absolute() and "~" not in str(folder)
    assert main(["data", "status"]) == 0 and main(["doctor"]) == 0


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (MemoryError(), "Memory has run out"),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried …"),
            "smaller --batch-size",
        ),
        (OSError(36, "File name too long", "x" * 300), "cannot be read or written"),
        (PermissionError(13, "Permission denied", "/root"), "'/root' cannot be read or written"),
    ],
)
def test_what_the_machine_refuses_is_one_sentence(capsys, monkeypatch, error, says):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(sources, "default_folder", fail)
    monkeypatch.delenv("CATDOG_DATA", raising=False)
    assert main(["data", "status"]) == 2
    assert says in sentence(capsys)


def test_a_mistake_in_the_library_keeps_its_traceback(monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(sources, "default_folder", fail)
    monkeypatch.delenv("CATDOG_DATA", raising=False)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        main(["data", "status"])


def test_too_much_memory_is_really_refused_in_these_words():
    with pytest.raises((RuntimeError, MemoryError)) as error:
        torch.empty(2**60, dtype=torch.uint8)
    assert "Memory has run out" in failures.in_one_sentence(error.value)


def train(*options: str, out: Path) -> int:
    """Return the exit status of a training command on drawn animals."""
    return main(
        ["train", "--model", "five_conv", "--data", "sketches", *options, "--out", str(out)]
    )


@pytest.mark.parametrize("option", ["--size", "--max-train", "--validation"])
def test_nothing_is_not_the_default(capsys, tmp_path, option):
    assert train(option, "0", out=tmp_path / "run") == 2
    assert re.search(r"\b0\b", sentence(capsys))
    assert not (tmp_path / "run").exists()


def test_no_augmentation_is_not_the_default():
    assert train_arguments({"model": "five_conv"})["recipe"].augment
    assert train_arguments({"model": "five_conv", "augment": ()})["recipe"].augment == ()


@pytest.mark.parametrize("seed", ["-1", str(2**63), str(2**70)])
def test_a_seed_that_no_generator_takes_is_named(capsys, tmp_path, seed):
    assert train(f"--seed={seed}", out=tmp_path / "run") == 2
    assert "seed is" in sentence(capsys)


def test_a_tilde_that_the_shell_leaves_is_the_home_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    fill(tmp_path / "home" / "pets", "{word}s/{i}.jpg", 3)
    assert main(["data", "check", "~/pets", "--quiet", "--sheet=~/sheet.html"]) == 0
    assert (tmp_path / "home" / "sheet.html").is_file() and not (tmp_path / "~").exists()


def test_a_photo_is_not_overwritten_by_a_sheet_or_a_chart(tmp_path, capsys):
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 3)
    photo = tmp_path / "pets" / "cats" / "1.jpg"
    mine = tmp_path / "mine.html"
    mine.write_text("<title>My thesis</title>")
    before = photo.read_bytes()
    for place, says in ((photo, "let its name end in .html"), (mine, "is not a contact sheet")):
        capsys.readouterr()
        assert (
            main(["data", "check", str(tmp_path / "pets"), "--quiet", "--sheet", str(place)]) == 2
        )
        assert says in sentence(capsys)
    assert main(["bench", "--picture", str(photo)]) == 2
    assert "let its name end in .png" in sentence(capsys)
    assert photo.read_bytes() == before and "thesis" in mine.read_text()
    for command in (["--picture", "{}.png"], ["--json", "{}.json"]):
        mine = tmp_path / command[1].format("mine")
        mine.write_text("my thesis {in braces}")
        assert main(["bench", command[0], str(mine)]) == 2
        assert "already exists and is not a" in sentence(capsys)
        assert mine.read_text() == "my thesis {in braces}"
    sheet = tmp_path / "sheet.html"
    for _ in range(2):  # our own may be written again
        assert (
            main(["data", "check", str(tmp_path / "pets"), "--quiet", "--sheet", str(sheet)]) == 0
        )


def test_a_relative_folder_of_photos_counts_from_where_it_was_typed(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "PROJECT_DATA", tmp_path / "data")
    (tmp_path / "mypics").mkdir()
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setenv("CATDOG_DATA", "mypics")
    monkeypatch.chdir(tmp_path)
    assert sources.default_source() == "mypics"
    monkeypatch.chdir(tmp_path / "notebooks")
    assert sources.default_source() == str(tmp_path / "mypics")
    monkeypatch.setenv("CATDOG_DATA", "nowhere")
    assert sources.default_source() == "nowhere"  # to be named as it was typed


def test_a_folder_to_make_may_begin_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "pets").write_text("a file")
    with pytest.raises(CatdogError, match=str(tmp_path / "pets")):
        get("pets", "~/pets", yes=True, progress=False)


def test_answers_about_files_with_control_characters_are_safe_to_print(tmp_path, capsys):
    """Of the command that answers photo by photo; the rest is in tests/data/check."""
    assert main(["predict", str(tmp_path), "\x1b[31m.jpg"]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_json_is_json_on_any_terminal():
    done = catdog("data", "status", "--json", PYTHONIOENCODING="ascii", CATDOG_DATA="sketches")
    assert json.loads(done.stdout.splitlines()[-1])["source"] == "sketches"


@pytest.mark.slow
def test_an_unknown_backend_of_matplotlib_costs_no_training_run(tmp_path):
    command = ["train", "--model", "five_conv", "--width", "2", "--data", "sketches"]
    command += ["--epochs", "1", "--max-train", "40", "--out", tmp_path / "run", "--quiet"]
    done = catdog(*command, MPLBACKEND="nonsense", CATDOG_BUDGET="quick")
    assert done.returncode == 0 and (tmp_path / "run" / "history.png").is_file(), done.stderr


def test_a_cache_that_is_a_file_is_one_sentence(tmp_path, monkeypatch, capsys):
    (tmp_path / "cache").write_text("mine")
    monkeypatch.setenv("CATDOG_CACHE", str(tmp_path / "cache"))
    assert main(["doctor"]) == 0 and main(["data", "status"]) == 0
    with pytest.raises(CatdogError, match=r"cannot be used .*set CATDOG_CACHE"):
        cache.cached("k", (1,), lambda path: [])
    assert (tmp_path / "cache").read_text() == "mine"
