"""Throw random input at the scanner, the loader and the command line: ``python -m tests.fuzz 20``.

It runs for so many minutes, in one process, from a seed, and reports each input that was answered
with anything but a result or a :class:`CatdogError`, or that took longer than a minute. What it has
found is a test elsewhere; docs/development/faults.md has its log.
"""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import signal
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import numpy as np
from PIL import Image

from catdog_lib import data
from catdog_lib.cli import main
from catdog_lib.data import cache
from catdog_lib.data.check.folder import check_folder
from catdog_lib.data.check.report_text import report_text
from catdog_lib.data.decode import RESIZES
from catdog_lib.data.download.archive import unpack
from catdog_lib.data.folders import scan
from catdog_lib.data.photo_file import DecodeError, open_photo
from catdog_lib.errors import CatdogError
from catdog_lib.runs.run_folder import load_run

ODD = ["", " ", "\n", "'", '"', "\x1b[31m", "\udcff", "a" * 90]
PIECES = [*ODD, "cat", "dog", "cats", "Dogs", "train", "test", "masks", ".hidden", "ü", "猫"]
PIECES += ["<b>", "$x$", "..", "1", "%s", "{}"]
VALUES = [*ODD, "0", "-1", "1", "2", "8", "64", "9" * 21, "1e-3", "nan", "inf", "-inf", "x", "猫"]
VALUES += ["a,b", "1,2", ",", "=", "lr=", "lr=1,2", "../x", "None", "[]", "{}", "x" * 300]
VALUES += ["/dev/null", "/proc/self/mem", "~", "~nobody/x", "cpu", "cuda", "five_conv", "json"]
VALUES += ["transfer", "sketches", "crop", "SGD", "Adam", "flip_and_crop", "trivial", "residual"]


def image_files(rng: random.Random) -> list[bytes]:
    """Return one small file of every format."""
    noise = np.random.default_rng(rng.randrange(9)).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    image, files = Image.fromarray(noise), []
    kinds = [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("GIF", {}),
        ("WEBP", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "jpeg"}),
        ("PPM", {}),
        ("MPO", {}),
        ("AVIF", {"speed": 10}),
    ]
    for kind, options in kinds:
        file = io.BytesIO()
        image.save(file, kind, **options)
        files.append(file.getvalue())
    return files


def mutated(rng: random.Random, content: bytes) -> bytes:
    """Return the content, cut, changed or enlarged somewhere; now and then as it is."""
    changed = bytearray(content)
    for _ in range(rng.choice((0, 1, 1, 2, 5, 30))):
        at = rng.randrange(max(1, min(len(changed), rng.choice((40, 400, 10**9)))))
        match rng.randrange(5):
            case 0:
                changed[at : at + 1] = rng.randbytes(1)
            case 1:
                del changed[at : at + rng.randrange(200)]
            case 2:
                changed[at:at] = rng.randbytes(rng.randrange(60))
            case 3:
                changed[at : at + 4] = rng.choice((b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"))
            case 4:
                del changed[at:]
    return bytes(changed)


def name(rng: random.Random) -> str:
    """Return a name that a file may have, barely."""
    text = "".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 4)))
    return text.replace("/", "_").replace("\0", "_")[:80] or "x"


def fill_folder(rng: random.Random, folder: Path) -> None:
    """Fill a folder with photos, and with what photos are not."""
    files, places = image_files(rng), [folder]
    for _ in range(rng.randrange(4, 40)):
        place = rng.choice(places) / name(rng)
        if os.path.lexists(place):
            continue  # it may be a pipe
        with suppress(OSError, ValueError):
            match rng.randrange(12):
                case 0 | 1 | 2:
                    place.mkdir()
                    places.append(place)
                case 3:
                    place.symlink_to(rng.choice([*places, place, Path("/dev/zero"), Path("/no")]))
                case 4:
                    os.mkfifo(place)
                case 5:
                    place.write_bytes(b"")
                case _:
                    place.write_bytes(mutated(rng, rng.choice(files)))
    sound = rng.random()
    for word in ("cats", "dogs") if rng.random() < 0.9 else ():
        with suppress(OSError):  # something else may have this name
            (folder / word).mkdir(exist_ok=True)
            for i in range(rng.randrange(20)):
                content = rng.choice(files)
                content = content if rng.random() < sound else mutated(rng, content)
                (folder / word / f"{i}.{rng.choice(('jpg', 'png'))}").write_bytes(content)


def fuzz_folder(rng: random.Random, work: Path) -> str:
    """Scan, load and check a folder."""
    fill_folder(rng, work)
    outcome = "refused"
    with suppress(CatdogError):
        scan(work)
        how = {"max_train": rng.choice((None, 4, 9)), "resize": rng.choice(RESIZES)}
        splits = data.load(work, rng.choice((8, 16)), **how, progress=False)
        assert all(len(split) for split in (splits.train, splits.validation, splits.test))
        if rng.random() < 0.3:  # again, from a cache that was damaged
            for file in cache.cache_dir().glob("*.*"):
                file.write_bytes(mutated(rng, file.read_bytes()))
        again = data.load(work, splits.train.size, progress=False)
        json.dumps([item.name for item in again.skipped]).encode()
        outcome = "loaded"
    with suppress(CatdogError):
        report = check_folder(work, progress=False)
        report_text(report).encode()
        outcome += ", checked"
    return outcome


def fuzz_photo(rng: random.Random, work: Path) -> str:
    """Open fifty photos that were changed."""
    files, opened = image_files(rng), 0
    for _ in range(50):
        (work / "photo").write_bytes(mutated(rng, rng.choice(files)))
        with suppress(DecodeError):
            assert open_photo(work / "photo", rng.choice((None, 8, 64))).mode == "RGB"
            opened += 1
    return "some opened" if opened else "none opened"


def fuzz_archive(rng: random.Random, work: Path) -> str:
    """Unpack an archive with odd names, changed at random; nothing may land outside."""
    inside, archive = work / "a" / "b", work / "archive"
    inside.mkdir(parents=True)
    with suppress(ValueError, UnicodeError, OSError):
        if rng.random() < 0.5:
            with zipfile.ZipFile(archive, "w", rng.choice((0, 8))) as file:
                for _ in range(rng.randrange(1, 5)):
                    file.writestr("/".join(name(rng) for _ in range(rng.randrange(1, 4))), b"x" * 9)
        else:
            with tarfile.open(archive, rng.choice(("w", "w:gz", "w:xz"))) as file:
                for _ in range(rng.randrange(1, 5)):
                    member = tarfile.TarInfo(
                        "/".join(name(rng) for _ in range(rng.randrange(1, 4)))
                    )
                    member.type, member.size = rng.choice((b"0", b"5", b"2", b"1", b"6")), 0
                    member.linkname = rng.choice(("../../x", "/etc/passwd", "x"))
                    file.addfile(member)
    if not archive.exists():
        return "not made"
    archive.write_bytes(mutated(rng, archive.read_bytes()))
    outcome = "refused"
    with suppress(CatdogError):
        unpack(archive, inside, max_bytes=10**6, progress=False)
        outcome = "unpacked"
    assert {path.name for path in work.iterdir()} <= {"a", "archive"}
    assert {path.name for path in (work / "a").iterdir()} == {"b"}
    assert not any(path.is_symlink() for path in inside.rglob("*"))
    return outcome


def fuzz_run(rng: random.Random, work: Path, run: Path) -> str:
    """Load a run folder of which one file was changed."""
    shutil.copytree(run, work / "run")
    file = rng.choice([work / "run" / name for name in ("run.json", "history.json", "weights.pt")])
    if file.suffix == ".json" and rng.random() < 0.7:  # still JSON, but odd
        contents = json.loads(file.read_text())
        place = contents
        while isinstance(place, dict) and place:
            key = rng.choice(list(place))
            if not isinstance(place[key], dict) or rng.random() < 0.3:
                odd = [None, -1, 0, 10**12, "x", [], {}, True, float("nan")]
                place[key] = rng.choice(odd)
                break
            place = place[key]
        file.write_text(json.dumps(contents))
    else:
        file.write_bytes(mutated(rng, file.read_bytes()))
    with suppress(CatdogError):
        loaded = load_run(work / "run")
        assert all(v.isfinite().all() for v in loaded.model.state_dict().values())
        return "loaded"
    return "refused"


def fuzz_command(rng: random.Random, work: Path, run: Path, options: dict[str, list[str]]) -> str:
    """Type a command with options and values of which most make no sense."""
    fill_folder(rng, work / "pets")
    command = rng.choice(list(options))
    arguments = command.split()
    places = [
        str(work / "pets"),
        str(run),
        str(work / "new"),
        str(work / "pets" / "cats" / "1.jpg"),
    ]
    for _ in range(rng.randrange(5)):
        if rng.random() < 0.8:
            arguments.append(rng.choice(options[command]))
        if rng.random() < 0.8:
            arguments.append(rng.choice([*VALUES, *places]))
    if command in ("train", "sweep"):  # short, if it should make sense
        arguments += ["--epochs", "1", "--max-train", "8", "--quiet"]
    out, err = io.StringIO(), io.StringIO()
    os.chdir(work)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            status = main(arguments)
    except BaseException as error:
        raise AssertionError(f"catdog {arguments}") from error
    finally:
        os.chdir("/")
    assert status in (0, 1, 2), arguments
    assert status != 2 or err.getvalue().strip() or "failed" in out.getvalue(), arguments
    return f"{command}: status {status}"


def options_of_commands() -> dict[str, list[str]]:
    """Return each command that needs no network and no lessons, with the names of its options."""
    import click

    from catdog_lib.cli.parser import catdog

    found = {}
    for name in (
        "data status",
        "data check",
        "train",
        "sweep",
        "evaluate",
        "predict",
        "export",
        "card",
        "diagnose",
        "progress",
    ):
        command = catdog
        for word in name.split():
            command = command.commands[word]
        context = click.Context(command)
        found[name] = [
            option
            for p in command.get_params(context)
            for option in p.opts
            if option.startswith("-")
        ]
    return found


class Slow(Exception):
    """An input took longer than a minute."""


def too_slow(*_) -> None:
    """Interrupt what hangs."""
    raise Slow


def fuzz(minutes: float, seed: int) -> Counter:
    """Fuzz for so many minutes; print each fault, and return how often there was which outcome."""
    from tests.runs.test_hostile_runs import write_run

    os.environ |= {"CATDOG_BUDGET": "quick", "JOBLIB_TEMP_FOLDER": "/tmp/ü"}  # one process
    os.environ["CATDOG_CACHE"] = tempfile.mkdtemp()
    run = Path(tempfile.mkdtemp()) / "run"
    write_run(run)
    options = options_of_commands()
    signal.signal(signal.SIGALRM, too_slow)
    outcomes, end = Counter(), time.monotonic() + 60 * minutes
    kinds = ("folder", "folder", "photo", "archive", "archive", "run", "run", "command", "command")
    while time.monotonic() < end:
        rng = random.Random(seed)
        work = Path(tempfile.mkdtemp())
        (work / "pets").mkdir()
        kind = rng.choice(kinds)
        signal.alarm(60)
        try:
            match kind:
                case "folder":
                    outcome = fuzz_folder(rng, work / "pets")
                case "photo":
                    outcome = fuzz_photo(rng, work)
                case "archive":
                    shutil.rmtree(work / "pets")
                    outcome = fuzz_archive(rng, work)
                case "run":
                    outcome = fuzz_run(rng, work, run)
                case "command":
                    outcome = fuzz_command(rng, work, run, options)
            outcomes[f"{kind}: {outcome}"] += 1
        except BaseException as error:
            outcomes[f"{kind}: FAULT"] += 1
            lines = traceback.format_exception(error)
            print(f"\nFAULT {kind} seed {seed}", "".join(lines)[-2500:], sep="\n", flush=True)
            if isinstance(error, KeyboardInterrupt):
                break
        finally:
            signal.alarm(0)
            shutil.rmtree(work, ignore_errors=True)
            for file in cache.cache_dir().glob("*"):
                file.unlink()
        seed += 1
    return outcomes


if __name__ == "__main__":
    tally = fuzz(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    for outcome, count in sorted(tally.items()):
        print(f"{count:>7,} {outcome}")
    print(f"{tally.total():>7,} inputs")
