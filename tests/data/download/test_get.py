"""``catdog data get`` from a server on this machine, with small archives."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from catdog_lib import data
from catdog_lib.cli import main
from catdog_lib.data.download import get as getting
from catdog_lib.data.download import http as downloading
from catdog_lib.data.download.collections import COLLECTIONS, Archive
from catdog_lib.data.download.pet_masks import animal_masks
from catdog_lib.data.folders import scan
from catdog_lib.errors import CatdogError
from tests.data.download.file_server import FileServer, cut, interrupt, well
from tests.data.download.published_archives import (
    BREEDS,
    microsoft_archive,
    pets_archives,
    tar_gz,
)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def waits(monkeypatch) -> list[float]:
    """Record the seconds that a download would have waited before each further try."""
    seconds = []
    monkeypatch.setattr(downloading, "time", SimpleNamespace(sleep=seconds.append))
    return seconds


@pytest.fixture
def server(monkeypatch, tmp_path):
    """Serve both collections, made up, with their own sizes and checksums.

    All else is as in the library.
    """
    monkeypatch.setenv("CATDOG_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CATDOG_DATA", raising=False)
    files = {"pets": pets_archives(), "microsoft": microsoft_archive()}
    with FileServer({**files["pets"], **files["microsoft"]}) as running:
        for name, contents in files.items():
            archives = tuple(
                Archive(file, running.url, len(content), hashlib.sha256(content).hexdigest())
                for file, content in contents.items()
            )
            monkeypatch.setitem(COLLECTIONS, name, replace(COLLECTIONS[name], archives=archives))
        monkeypatch.setattr(getting, "PROJECT_DATA", tmp_path / "data")
        yield running


def test_pets_from_the_command_to_three_splits_and_masks(server, tmp_path, capsys):
    folder = tmp_path / "my pets"
    where = ["--to", str(folder), "--url", server.url + "/mirror/"]
    assert main(["data", "get", "pets", *where, "--yes", "--quiet", "--json"]) == 0
    printed = capsys.readouterr().out
    facts = json.loads(printed.splitlines()[-1])
    per_class = 4 * 2  # of 8 photos, of 2 breeds
    counts = {
        f"{split}, {word}": per_class for split in ("test", "train") for word in ("cats", "dogs")
    }
    assert facts["counts"] == counts and facts["files"] == 32 and facts["folder"] == str(folder)
    assert facts["bytes"] == sum(path.stat().st_size for path in folder.rglob("*.jpg")) > 0
    assert 0 < facts["seconds"] < 60
    assert {request.path for request in server.requests} == {
        "/mirror/images.tar.gz",
        "/mirror/annotations.tar.gz",
    }
    assert printed.index("Creative Commons BY-SA") < printed.index("32 files")
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == ["my pets"]
    assert len(list((folder / "masks").iterdir())) == 32

    splits = data.load(folder, 16, progress=False)
    assert not splits.skipped and splits.test.counts() == {"cat": 8, "dog": 8}
    assert len(splits.train) + len(splits.validation) == 16
    for name, label in zip(splits.test.names, splits.test.labels, strict=True):
        breed, number = re.fullmatch(r"test/\w+/([A-Za-z_]+)_(\d+)\.jpg", name).groups()
        assert BREEDS[breed] - 1 == label and int(number) % 2 == 1  # the odd ones are in test.txt
    masks = animal_masks(splits.source, splits.test.names, 16)
    assert masks.shape == (16, 16, 16) and masks.dtype == np.uint8
    above = animal_masks(tmp_path, [f"my pets/{name}" for name in splits.test.names], 16)
    assert np.array_equal(masks, above)  # found too when the folder above was loaded


def test_microsoft_names_its_broken_files_by_decoding_them(server, tmp_path, capsys):
    assert main(["data", "get", "microsoft", "--yes", "--quiet", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    folder = tmp_path / "data" / "microsoft"
    assert facts["folder"] == str(folder) and facts["files"] == 28
    splits = data.load(folder, 16, progress=False)
    assert sum(map(len, (splits.train, splits.validation, splits.test))) == 24
    reasons = {item.name: item.reason for item in splits.skipped}
    assert set(reasons) == {
        "readme[1].txt",
        "PetImages/Cat/666.jpg",
        "PetImages/Dog/11702.jpg",
        "PetImages/Cat/Thumbs.db",
        "PetImages/Dog/Thumbs.db",
    }
    assert reasons["PetImages/Cat/666.jpg"] == "empty file"


def test_what_is_there_already_is_not_fetched_again(server, tmp_path, capsys, waits):
    content = server.files["images.tar.gz"]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "images.tar.gz").write_bytes(content)  # fetched with a browser
    server.plan = [cut(500)] + [cut(0)] * 4
    assert main(["data", "get", "pets", "--yes", "--quiet"]) == 2  # after 500 bytes
    assert "run this again later" in capsys.readouterr().err
    del server.requests[:]
    assert main(["data", "get", "pets", "--yes", "--quiet"]) == 0
    assert [(r.path, r.range) for r in server.requests] == [("/annotations.tar.gz", "bytes=500-")]
    assert (tmp_path / "data" / "images.tar.gz").read_bytes() == content  # it is the user's own
    assert main(["data", "get", "pets", "--yes", "--quiet"]) == 2
    assert "already exists" in capsys.readouterr().err


def test_a_wrong_archive_put_there_by_hand_is_named(server, tmp_path):
    (tmp_path / "images.tar.gz").write_bytes(b"<html>Please log in</html>")
    with pytest.raises(CatdogError, match=r"images\.tar\.gz' does not have the checksum"):
        getting.get("pets", tmp_path / "pets", yes=True, progress=False, report=str)
    assert not server.requests


def test_a_full_disk_is_told_before_anything_is_fetched(server, tmp_path, monkeypatch):
    monkeypatch.setattr(getting.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(CatdogError, match="make room"):
        getting.get("microsoft", tmp_path / "new" / "pets", yes=True, progress=False, report=str)
    assert not server.requests and not (tmp_path / "new").exists()


@pytest.mark.skipif(os.name == "nt", reason="links need another right there")
@pytest.mark.parametrize("there", [True, False])
def test_a_link_to_another_disk_is_followed(server, tmp_path, there):
    large = tmp_path / "large disk" / "pets"
    large.parent.mkdir()
    if there:
        large.mkdir()
    (tmp_path / "pets").symlink_to(large)
    getting.get("pets", tmp_path / "pets", yes=True, progress=False, report=str)
    assert (tmp_path / "pets").is_symlink() and any(large.iterdir())
    assert not [path for path in tmp_path.glob(".*")] and not [*large.parent.glob(".*")]


def test_a_disks_own_folder_is_refused_before_anything_is_fetched(server, tmp_path, monkeypatch):
    (tmp_path / "pets").mkdir()
    monkeypatch.setattr(os.path, "ismount", tmp_path.joinpath("pets").samefile)
    with pytest.raises(CatdogError, match="name a folder in it"):
        getting.get("pets", tmp_path / "pets", yes=True, progress=False, report=str)
    assert not server.requests


@pytest.mark.parametrize("when", ["fetched", "unpacked"])
def test_ctrl_c_leaves_nothing_half_done(server, tmp_path, when, monkeypatch, capsys):
    def press(*_, **__):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # CI may ignore it
    if when == "fetched":
        part = tmp_path / "data" / ".pets.download" / "images.tar.gz.part"
        server.plan = [interrupt(3000, part.exists)]
    else:
        monkeypatch.setattr("torchvision.datasets.OxfordIIITPet", press)
    try:
        assert main(["data", "get", "pets", "--yes", "--quiet"]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    said = capsys.readouterr().err
    assert said.startswith("catdog: interrupted; ") and ".pets.download" in said and "kept" in said
    assert [path.name for path in (tmp_path / "data").iterdir()] == [".pets.download"]
    assert not (tmp_path / "data" / ".pets.download" / "unpacked").exists()
    with pytest.raises(CatdogError, match="holds no photo"):
        scan(tmp_path / "data")


def test_of_two_at_once_the_second_is_refused_and_the_first_goes_on(server, tmp_path):
    refused = []

    def meanwhile(handler):
        with pytest.raises(CatdogError, match="Another process is fetching") as error:
            getting.get("microsoft", tmp_path / "pets", yes=True, progress=False, report=str)
        refused.append(error)
        well()(handler)

    server.plan = [meanwhile]
    getting.get("microsoft", tmp_path / "pets", yes=True, progress=False, report=str)
    assert len(refused) == 1 and len(scan(tmp_path / "pets").photos) == 28
    assert [path.name for path in tmp_path.iterdir()] == ["pets"]


def test_archives_that_do_not_hold_what_they_should_are_told(server, tmp_path, monkeypatch):
    contents = {
        "images.tar.gz": tar_gz({"images/a_1.jpg": b""}),
        "annotations.tar.gz": tar_gz({"x": b""}),
    }
    server.files |= contents
    archives = tuple(
        Archive(name, server.url, len(c), hashlib.sha256(c).hexdigest())
        for name, c in contents.items()
    )
    monkeypatch.setitem(COLLECTIONS, "pets", replace(COLLECTIONS["pets"], archives=archives))
    with pytest.raises(CatdogError, match="do not contain what they should"):
        getting.get("pets", tmp_path / "pets", yes=True, progress=False, report=str)
    assert not (tmp_path / "pets").exists()


def run(*arguments: str, stdin: int) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "catdog_lib", "data", "get", *arguments]
    return subprocess.run(command, stdin=stdin, capture_output=True, text=True, timeout=60)


def test_without_a_terminal_it_does_not_download_unasked(tmp_path):
    done = run("pets", "--to", str(tmp_path / "pets"), stdin=subprocess.DEVNULL)
    assert done.returncode == 2 and "add --yes" in done.stderr and done.stderr.count("\n") == 1
    for said in ("811 MB", "BY-SA 4.0", "Parkhi"):
        assert said in done.stdout
    assert not list(tmp_path.iterdir())


def test_at_a_terminal_it_asks_and_takes_no_for_an_answer(tmp_path):
    master, slave = pytest.importorskip("pty").openpty()  # not on Windows
    os.write(master, b"n\n")
    done = run("microsoft", "--to", str(tmp_path / "pets"), "--json", stdin=slave)
    assert done.returncode == 0 and "Download 825 MB? [y/N]" in done.stdout, done.stderr
    assert "Asirra" in done.stdout and "Nothing was downloaded." in done.stdout
    assert json.loads(done.stdout.splitlines()[-1])["folder"] is None
    assert not list(tmp_path.iterdir())


def test_without_a_network_one_sentence_says_what_to_do(tmp_path, capsys, waits):
    where = ["--to", str(tmp_path / "pets"), "--url", "http://127.0.0.1:9"]
    assert main(["data", "get", "pets", *where, "--yes"]) == 2
    (sentence,) = [
        line for line in capsys.readouterr().err.splitlines() if line.startswith("catdog: ")
    ]
    for said in (
        "no connection",
        "run this again",
        "browser",
        str(tmp_path),
        "draw their own animals",
    ):
        assert said in sentence
    assert waits == [1, 2, 4]
