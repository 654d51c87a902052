"""One file over HTTP: from a server that cuts, lies, stalls and changes its mind."""

import gzip
import hashlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from catdog_lib.data.download.http import download
from catdog_lib.errors import CatdogError
from tests.data.download.file_server import (
    FileServer,
    compressed_label,
    cut,
    elsewhere,
    endless,
    interrupt,
    redirect,
    stall,
    status,
    well,
)

SIZE = 1_000_003
CONTENT, OTHER = (np.random.default_rng(seed).bytes(SIZE) for seed in (0, 1))


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    with FileServer({"photos.zip": CONTENT}) as running:
        yield running


STALLED = 1.2  # seconds without data: more than a busy machine lets a server on it wait


def fetch(server, path, content=CONTENT, url=None, **options):
    options = {"timeout": 10, "pause": 0, **options}
    url = url or f"{server.url}/photos.zip"
    advice = "do something else"
    download(url, path, len(content), digest(content), advice=advice, progress=False, **options)


def sent(server) -> list[int]:
    return [request.sent for request in server.requests]


def test_a_file_arrives_whole_and_alone(server, tmp_path):
    fetch(server, tmp_path / "new" / "photos.zip")
    assert (tmp_path / "new" / "photos.zip").read_bytes() == CONTENT
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["photos.zip"]
    fetch(server, tmp_path / "new" / "photos.zip")
    assert len(server.requests) == 1  # it was there


def test_a_connection_cut_again_and_again_costs_no_byte_twice(server, tmp_path):
    server.plan = [cut(150_000)] * 6  # more cuts than tries that get no further
    fetch(server, tmp_path / "photos.zip")
    assert (tmp_path / "photos.zip").read_bytes() == CONTENT
    assert len(server.requests) == 7 and sum(sent(server)) == SIZE
    assert all(request.if_range for request in server.requests[1:])


def test_a_server_that_ignores_range_is_asked_for_the_whole_file_anew(server, tmp_path):
    server.plan = [cut(400_000), well(ranges=False)]
    fetch(server, tmp_path / "photos.zip")
    assert (tmp_path / "photos.zip").read_bytes() == CONTENT
    assert server.requests[1].range == "bytes=400000-" and sent(server) == [400_000, SIZE]


@pytest.mark.parametrize("tag", ["etag", ""], ids=["named by an ETag", "without a name"])
def test_a_file_that_changes_between_tries_is_not_mixed(server, tmp_path, tag):
    def change(handler):
        server.files["photos.zip"] = handler.data = OTHER
        well(tag=tag)(handler)

    server.plan = [cut(400_000, tag=tag), change]
    fetch(server, tmp_path / "photos.zip", OTHER)
    assert (tmp_path / "photos.zip").read_bytes() == OTHER
    # With an ETag the second answer is the whole file already; without one the checksum finds the
    # mixture.
    assert sent(server) == ([400_000, SIZE] if tag else [400_000, SIZE - 400_000, SIZE])


def test_a_server_that_stalls_is_asked_again_for_the_rest(server, tmp_path):
    server.plan = [stall(300_000)]
    fetch(server, tmp_path / "photos.zip", timeout=STALLED)
    assert (tmp_path / "photos.zip").read_bytes() == CONTENT
    # What lay in buffers when the connection was given up has to come again: less than 128 kB.
    assert SIZE <= sum(sent(server)) < SIZE + (1 << 17) and server.requests[1].range


def test_busy_then_fine_a_redirect_and_a_mislabelled_gz(server, tmp_path):
    server.plan = [status(500), status(503), redirect(f"{server.url}/moved/photos.zip")]
    fetch(server, tmp_path / "photos.zip")
    assert server.requests[-1].path == "/moved/photos.zip"
    packed = gzip.compress(CONTENT[:50_000])
    server.files["packed.gz"], server.plan = packed, [compressed_label()]
    fetch(server, tmp_path / "packed.gz", packed, url=f"{server.url}/packed.gz")
    assert (tmp_path / "packed.gz").read_bytes() == packed


# What the server does, what the message says, the number of requests, and the bytes kept.
FAILURES = {
    "it is not there": ([status(404)], "downloaded (the server answered 404 Not Found)", 1, 0),
    "it is forbidden": ([status(403)], "downloaded (the server answered 403 Forbidden)", 1, 0),
    "it is always busy": ([status(503)] * 9, "503 Service Unavailable", 4, 0),
    "it cuts at once": ([cut(0)] * 9, "the connection broke", 4, 0),
    "it cuts, ignores Range and cuts there again": (
        [cut(200_000, ranges=False)] * 9, "the connection broke; 0 MB of 1 MB", 5, 200_000,
    ),
    "it stalls": ([stall(0)] * 9, "no data for 1.2 seconds", 4, 0),
    "it announces too much": ([well(length=SIZE + 5)], "offers a different file", 1, 0),
    "it announces too little, as a page that asks for a login does": (
        [well(length=9_000)], "offers a different", 1, 0,
    ),
    "it sends another part than it was asked for": (
        [cut(400_000), elsewhere()], "sends a part of the file that was not asked for", 2, 400_000,
    ),
    "it sends without end": ([endless()], "more than the 1,000,003 bytes", 1, SIZE),
}  # a row for each failure  # fmt: skip


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_is_one_sentence_that_ends_in_advice(server, tmp_path, case):
    server.plan, says, requests, kept = FAILURES[case]
    server.plan = list(server.plan)
    with pytest.raises(CatdogError) as error:
        fetch(server, tmp_path / "photos.zip", timeout=STALLED if case == "it stalls" else 10)
    text = str(error.value)
    assert says in text and server.url in text and text.endswith("; do something else.")
    assert "\n" not in text and len(server.requests) == requests
    assert not (tmp_path / "photos.zip").exists()
    part = tmp_path / "photos.zip.part"
    length = part.stat().st_size if part.exists() else 0
    assert length <= SIZE and (length == kept or (case == "it sends without end" and length > 0))


def test_other_bytes_are_deleted_and_told(server, tmp_path):
    server.files["photos.zip"] = OTHER
    with pytest.raises(CatdogError, match="does not have the checksum"):
        fetch(server, tmp_path / "photos.zip")
    assert not list(tmp_path.iterdir())
    assert len(server.requests) == 1


def test_other_bytes_after_a_cut_are_tried_once_more_and_no_more(server, tmp_path):
    server.files["photos.zip"] = OTHER
    server.plan = [cut(400_000)] + [well()] * 9
    with pytest.raises(CatdogError, match="does not have the checksum"):
        fetch(server, tmp_path / "photos.zip")
    assert sent(server) == [400_000, SIZE - 400_000, SIZE]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("address", ["photos.zip", "ftp://127.0.0.1/photos.zip", "http://"])
def test_what_is_no_web_address_is_told_at_once(server, tmp_path, address):
    with pytest.raises(CatdogError, match="not a web address"):
        fetch(server, tmp_path / "photos.zip", url=address)


@pytest.mark.parametrize(
    ("proxy", "says"), [("socks5://127.0.0.1:9", "SOCKS"), ("gopher://127.0.0.1:9", "scheme")]
)
def test_a_proxy_that_cannot_be_used_is_not_taken_for_the_address(
    server, tmp_path, monkeypatch, proxy, says
):
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(CatdogError, match=f"{says}.*HTTP.*_PROXY.*do something else") as error:
        fetch(server, tmp_path / "photos.zip", url="http://photos.invalid/photos.zip")
    assert "not a web address" not in str(error.value)


def test_no_network_is_told_after_a_few_tries(tmp_path, server):
    with pytest.raises(CatdogError, match="no connection to it"):
        fetch(server, tmp_path / "photos.zip", url="http://127.0.0.1:9/photos.zip")


def test_a_disk_that_cannot_be_written_is_told(server, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(CatdogError, match="cannot be written"):
        fetch(server, tmp_path / "file" / "photos.zip")


def test_a_killed_download_goes_on_where_it_was(server, tmp_path):
    path, part = tmp_path / "photos.zip", tmp_path / "photos.zip.part"
    server.plan = [stall(700_000)]
    script = (
        "from pathlib import Path; from catdog_lib.data.download.http import download; "
        f"download({server.url + '/photos.zip'!r}, Path({str(path)!r}), {SIZE}, "
        f"{digest(CONTENT)!r}, advice='')"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size > 600_000) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    assert process.wait(30) != 0 and not path.exists()
    have = part.stat().st_size
    assert 600_000 < have <= 700_000
    fetch(server, path)
    assert path.read_bytes() == CONTENT
    assert server.requests[-1].range == f"bytes={have}-" and server.requests[-1].sent == SIZE - have


def test_ctrl_c_keeps_the_part_and_says_so(server, tmp_path):
    part = tmp_path / "photos.zip.part"
    server.plan = [interrupt(500_000, lambda: part.exists() and part.stat().st_size > 400_000)]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # CI may ignore it
    try:
        with pytest.raises(
            KeyboardInterrupt, match=r"interrupted; 0 MB of 1 MB are kept in .*photos\.zip\.part"
        ):
            fetch(server, tmp_path / "photos.zip")
    finally:
        signal.signal(signal.SIGINT, before)
    assert part.stat().st_size > 400_000
