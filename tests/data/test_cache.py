"""Photos are decoded once, in several processes, and come from the cache the next time."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from catdog_lib import data
from catdog_lib.data import cache
from catdog_lib.data.decode import decode, decode_rows
from catdog_lib.data.draw import draw_rows
from catdog_lib.errors import CatdogError
from tests.data.photo_folders import fill, photo


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CATDOG_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CATDOG_DATA", raising=False)


def test_the_second_load_decodes_nothing_and_maps_the_file(tmp_path, monkeypatch):
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 10)
    pixels = data.load(tmp_path / "pets", 32, progress=False).train[:][0]
    monkeypatch.setattr(cache, "parallel_map", lambda *_: pytest.fail("decoded again"))
    second = data.load(tmp_path / "pets", 32, progress=False)
    assert torch.equal(pixels, second.train[:][0])
    second.train.store.zero_()  # copy-on-write: this must not reach the file
    again = data.load(tmp_path / "pets", 32, progress=False)
    assert torch.equal(pixels, again.train[:][0])


def test_a_changed_photo_is_decoded_again(tmp_path):
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 10)
    before = data.load(tmp_path / "pets", 32, progress=False)
    photo(tmp_path / "pets" / before.train.names[0], (0, 255, 0), size=(91, 70))
    after = data.load(tmp_path / "pets", 32, progress=False)
    assert after.train.names == before.train.names
    assert not torch.equal(after.train[0][0], before.train[0][0])
    assert torch.equal(after.train[1:][0], before.train[1:][0])


def test_a_cache_cut_short_is_made_again(tmp_path):
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 10)
    whole = data.load(tmp_path / "pets", 32, progress=False).train[:][0].clone()
    (pixels,) = cache.cache_dir().glob("*.npy")
    pixels.write_bytes(pixels.read_bytes()[:1000])
    assert torch.equal(data.load(tmp_path / "pets", 32, progress=False).train[:][0], whole)
    assert not list(cache.cache_dir().glob("*.split"))


def test_a_full_disk_is_reported_before_decoding(tmp_path, monkeypatch):
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 10)
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(CatdogError, match="CATDOG_CACHE"):
        data.load(tmp_path / "pets", 32, progress=False)


def test_many_photos_are_decoded_in_processes_as_in_one(tmp_path):
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 130)
    (tmp_path / "pets" / "cats" / "77.jpg").write_bytes(b"broken")
    splits = data.load(tmp_path / "pets", 24, progress=False)
    assert [item.name for item in splits.skipped] == ["cats/77.jpg"]
    for split in (splits.train, splits.test):
        for i in range(0, len(split), 17):
            assert np.array_equal(
                split[i][0].numpy(), decode(tmp_path / "pets" / split.names[i], 24)
            )


def test_a_script_without_a_main_guard_can_load_photos(tmp_path):
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 130)
    script = tmp_path / "mine.py"
    script.write_text(
        f"from catdog_lib import data\nprint(len(data.load({str(tmp_path / 'pets')!r}, "
        "24).train))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.split()[-1]) == (0, "176"), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("work", [decode_rows, draw_rows], ids=lambda work: work.__name__)
def test_the_processes_that_decode_and_draw_do_not_load_torch(work):
    code = f"import sys, {work.__module__}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
