"""Photos are decoded once, in several processes, and come from the cache the next time."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from filelock import FileLock

from catdog_lib import data
from catdog_lib.data import cache, folders, photo_file
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
    # To import it would fail: nothing is decoded.
    monkeypatch.setitem(sys.modules, "catdog_lib.data.parallel", None)
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


def test_joblib_is_not_loaded_before_there_is_something_to_decode():
    code = (
        "import sys; from catdog_lib import data; data.load, data.sketch_set; "
        "sys.exit('joblib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def stored(folder) -> tuple:
    """Return the two files of the only cached set."""
    (pixels,), (notes,) = folder.glob("*.npy"), folder.glob("*.json")
    return pixels, notes


def make(key):
    return cache.cached(key, (2, 3), lambda path: [])[0]


def age(key, days):
    """Set back the time at which a set was last used."""
    used = time.time() - days * 24 * 3600
    os.utime(cache.cache_dir() / f"{key}.json", (used, used))


def sets():
    return {path.stem for path in cache.cache_dir().glob("*.npy")}


def test_a_set_that_was_not_used_for_a_month_makes_room_for_a_new_one():
    old, used, recent = map(make, ("old", "used", "recent"))
    age("old", 31), age("used", 31), age("recent", 29)
    make("used")  # no new set: nothing is removed
    assert sets() == {"old", "used", "recent"}
    make("new")
    assert sets() == {"used", "recent", "new"} and not (cache.cache_dir() / "old.json").exists()
    assert old.sum() == used.sum() == recent.sum() == 0  # what is mapped can still be read


def test_a_set_that_another_process_is_making_is_not_removed_as_unused():
    make("old"), age("old", 31)
    with FileLock(cache.cache_dir() / "old.lock"):
        make("new")
    assert sets() == {"old", "new"}


def test_other_files_of_the_cache_folder_stay(tmp_path):
    make("old"), age("old", 31)
    notes = cache.cache_dir() / "solved.json"
    notes.write_text("{}")
    age("solved", 400)
    make("new")
    assert notes.exists() and not notes.with_suffix(".lock").exists() and "old" not in sets()


DAMAGE = {
    "empty pixels": lambda pixels, notes: pixels.write_bytes(b""),
    "empty notes": lambda pixels, notes: notes.write_bytes(b""),
    "no notes": lambda pixels, notes: notes.unlink(),
    "a cut header": lambda pixels, notes: pixels.write_bytes(pixels.read_bytes()[:40]),
    "cut pixels": lambda pixels, notes: pixels.write_bytes(pixels.read_bytes()[:5000]),
    "garbage": lambda pixels, notes: pixels.write_bytes(bytes(range(256)) * 90),
    "one pixel": lambda pixels, notes: change_byte(pixels, 3000),
    "zeros": lambda pixels, notes: pixels.write_bytes(pixels.read_bytes()[:4096] + bytes(57472)),
    "another type": lambda pixels, notes: save(pixels, np.zeros((20, 3, 32, 32), np.float32)),
    "another shape": lambda pixels, notes: save(pixels, np.zeros((2, 3, 3), np.uint8)),
    "a pickle": lambda pixels, notes: np.save(pixels, [{"a": 1}], allow_pickle=True),
    "changed notes": lambda pixels, notes: notes.write_text(
        notes.read_text().replace("[]", '[[1, "damaged", false]]')
    ),
    "notes of another kind": lambda pixels, notes: notes.write_text("[1, 2]"),
    "notes that are no JSON": lambda pixels, notes: notes.write_bytes(b"\xff\x00{"),
}


def change_byte(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def save(path, array):
    with path.open("wb") as file:
        np.save(file, array)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_cache_is_made_again(tmp_path, damage):
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 10)
    whole = data.load(tmp_path / "pets", 32, progress=False).train[:][0].clone()
    DAMAGE[damage](*stored(cache.cache_dir()))
    for _ in range(2):
        again = data.load(tmp_path / "pets", 32, progress=False)
        assert torch.equal(again.train[:][0], whole) and not again.skipped


def test_a_photo_changed_under_its_old_date_and_size_is_decoded_again(tmp_path):
    fill(tmp_path / "pets", "{word}s/{i}.bmp", 10)
    before = data.load(tmp_path / "pets", 32, progress=False)
    path = tmp_path / "pets" / before.train.names[0]
    status = path.stat()
    photo(path, (0, 255, 0))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)
    after = data.load(tmp_path / "pets", 32, progress=False)
    assert not torch.equal(after.train[0][0], before.train[0][0])


def test_an_error_that_passes_is_not_remembered(tmp_path, monkeypatch):
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 10)
    opened = photo_file.os.stat

    def stat(path, **options):
        if str(path).endswith("/cats/3.jpg"):
            raise OSError(5, "Input/output error")
        return opened(path, **options)

    facts = [(0, 0, 0), (0, 0, 0)]  # all the same to the cache
    monkeypatch.setattr(folders, "_facts", lambda path: facts[0])
    with monkeypatch.context() as patch:
        patch.setattr(photo_file.os, "stat", stat)
        (skipped,) = data.load(tmp_path / "pets", 32, progress=False).skipped
    assert skipped.reason == "cannot be read: Input/output error"
    assert not data.load(tmp_path / "pets", 32, progress=False).skipped


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="the system cannot reserve room")
def test_the_room_is_taken_before_anything_is_written(tmp_path):
    taken = []

    def fill_later(path):
        taken.append(path.stat().st_blocks * 512)
        return []

    cache.cached("k", (300, 1000), fill_later)
    assert taken[0] >= 300_000


def test_a_disk_that_fills_is_one_sentence_and_leaves_nothing(tmp_path, monkeypatch):
    """Another program may take the room between the question and the writing."""
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 10)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.os, "posix_fallocate", full, raising=False)
    with pytest.raises(CatdogError, match=r"needs 0\.1 MB .* GB are free; set CATDOG_CACHE"):
        data.load(tmp_path / "pets", 32, progress=False)
    assert not list(cache.cache_dir().glob("*.part")) + list(cache.cache_dir().glob("*.npy"))


BUILD = """
import sys, time
from pathlib import Path
import numpy as np
from catdog_lib.data import cache
def fill(path):
    Path({log!r}).open("a").write("made\\n")
    print("making", flush=True)
    time.sleep({pause})
    np.lib.format.open_memmap(path, mode="r+")[:] = 7
    return ["note"]
array, notes = cache.cached("k", (50, 40), fill)
print(int(array.sum()), notes)
"""


def build(tmp_path, pause) -> subprocess.Popen:
    code = BUILD.format(log=str(tmp_path / "log"), pause=pause)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def test_a_lock_that_cannot_be_had_is_one_sentence():
    """As one that another user has made, in a cache that two share."""
    (cache.cache_dir() / "k.lock").mkdir(parents=True)  # root, too, cannot open a folder to write
    with pytest.raises(CatdogError, match=r"cannot be used \(.*CATDOG_CACHE"):
        cache.cached("k", (5,), lambda path: [])


def test_of_two_processes_one_builds_and_one_waits(tmp_path):
    first = build(tmp_path, 2.0)
    assert first.stdout.readline() == "making\n"
    second = build(tmp_path, 2.0)
    assert second.communicate(timeout=60)[0] == "14000 ['note']\n"
    assert first.communicate(timeout=60)[0] == "14000 ['note']\n"
    assert (tmp_path / "log").read_text() == "made\n"


def test_what_a_killed_process_leaves_is_removed_and_made_again(tmp_path):
    killed = build(tmp_path, 60)
    assert killed.stdout.readline() == "making\n"
    killed.kill()
    killed.wait()
    killed.stdout.close()
    assert list(cache.cache_dir().glob("k.part"))

    def fill_other(path):
        np.lib.format.open_memmap(path, mode="r+")[:] = 1
        return []

    cache.cached("other", (5,), fill_other)
    assert not list(cache.cache_dir().glob("*.part"))
    assert build(tmp_path, 0).communicate(timeout=60)[0].endswith("14000 ['note']\n")


def test_a_temporary_folder_outside_ascii_is_no_obstacle(tmp_path, monkeypatch):
    fill(tmp_path / "pets", "{word}s/{i}.png", 130)
    (tmp_path / "ü").mkdir()
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", str(tmp_path / "ü"))
    assert len(data.load(tmp_path / "pets", 16, progress=False).train) == 176


def test_a_cache_in_the_home_folder_may_be_named_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("CATDOG_CACHE", "~/mine")
    assert cache.cache_dir() == tmp_path / "mine"


def test_a_set_that_was_to_be_forgotten_goes_after_a_month_too():
    """A photo that could not be read for a while changes its key when it can be read again."""
    make("forgotten"), age("forgotten", 0)
    cache.forget("forgotten")
    pixels = cache.cache_dir() / "forgotten.npy"
    make("new")
    assert pixels.exists()
    os.utime(pixels, (0, 0))
    make("newer")
    assert sets() == {"new", "newer"}


def test_a_set_is_in_use_from_the_moment_it_is_opened(monkeypatch):
    """Another process may clear up while this one computes the checksum."""
    make("old"), age("old", 31)
    checksum = cache._checksum

    def meanwhile(*arguments):
        found = checksum(*arguments)
        cache._remove_unused(cache.cache_dir())
        return found

    monkeypatch.setattr(cache, "_checksum", meanwhile)
    assert make("old").shape == (2, 3) and sets() == {"old"}
