"""``catdog data check``: every planted fault is found, no clean file named, nothing breaks it."""

import json
import os
import re
import subprocess
import sys
from base64 import b64decode
from collections import Counter
from contextlib import contextmanager
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from PIL import Image, ImageEnhance, ImageOps
from PIL.Image import Resampling

from catdog_lib.cli import main
from catdog_lib.data.check.contact_sheet import write_contact_sheet
from catdog_lib.data.check.dirty_folder import CLEAN, make_dirty_folder
from catdog_lib.data.check.findings import KINDS
from catdog_lib.data.check.folder import _imbalance, check_folder
from catdog_lib.data.check.report_text import report_text
from catdog_lib.data.folders import Photo, escaped
from catdog_lib.errors import CatdogError
from catdog_lib.sketches import draw_image


@pytest.fixture(scope="module")
def dirty_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dirty")
    return folder, make_dirty_folder(folder)


@pytest.fixture
def pets(tmp_path):
    """Make ten flawless sketches: train/{cats,dogs}/{0,1,2}.jpg and test/{cats,dogs}/{0,1}.jpg."""
    for split, count in (("train", 3), ("test", 2)):
        for label, word in enumerate(("cats", "dogs")):
            (tmp_path / split / word).mkdir(parents=True)
            for i in range(count):
                image = draw_image(100 * count + 10 * i + label, label, 96, 0.2)
                image.save(tmp_path / split / word / f"{i}.jpg", quality=92)
    return tmp_path


def kinds(folder) -> dict[str, set[str]]:
    """Return the kinds of findings by file; those without files under ""."""
    found: dict[str, set[str]] = {}
    for finding in check_folder(folder, progress=False).findings:
        for name in finding.files or ("",):
            found.setdefault(name, set()).add(finding.kind)
    return found


def test_every_planted_fault_is_found_and_no_clean_file_is_named(dirty_folder):
    folder, truth = dirty_folder
    found = kinds(folder)
    assert found.pop("") == {"imbalance"}
    assert found == {name: {kind} for name, kind in truth.items() if kind != CLEAN}
    on_disk = {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}
    assert on_disk == set(truth)


def test_the_dirty_folder_holds_every_kind_of_fault_that_a_folder_of_files_can(dirty_folder):
    _, truth = dirty_folder
    # Tested below: not a matter of a file's content.
    elsewhere = {"imbalance", "no class", "no permission to read it", "not a file", "no such file"}
    elsewhere |= {"unknown format", "more bytes than a photo has", "takes too long to decode"}
    elsewhere |= {"cannot be read", "unreadable name", "unreadable folder"}
    assert set(truth.values()) == {CLEAN, *KINDS} - elsewhere
    assert Counter(truth.values())[CLEAN] >= 15


def test_the_dirty_folder_is_the_same_for_a_seed_and_will_not_cover_other_files(
    dirty_folder, tmp_path
):
    folder, truth = dirty_folder
    assert make_dirty_folder(tmp_path / "again") == truth
    for name in truth:
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()
    assert make_dirty_folder(tmp_path / "other", seed=1) != truth
    with pytest.raises(CatdogError, match="already exists"):
        make_dirty_folder(folder)


def test_a_clean_folder_gives_no_finding(pets):
    report = check_folder(pets, progress=False)
    assert report.findings == () and (report.files, report.usable) == (10, 10)
    assert report.counts == {"test, cats": 2, "test, dogs": 2, "train, cats": 3, "train, dogs": 3}
    assert "Nothing is wrong" in report_text(report)


def test_a_bomb_costs_no_memory(tmp_path, dirty_folder):
    """Compare the peak memory of checking the dirty folder's bomb and only clean files."""
    folder, truth = dirty_folder
    code = """if True:
        import resource, sys
        from catdog_lib.data.check.examine import examine_rows
        examine_rows(0, sys.argv[1:])
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    """
    peaks = []
    for kind in (CLEAN, "more pixels than a photo has"):
        paths = [folder / name for name, fault in truth.items() if fault == kind]
        done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, check=True)
        peaks.append(int(done.stdout) * (1 if sys.platform == "darwin" else 1024))
    assert peaks[1] - peaks[0] < 10e6


def test_a_claim_below_pillows_own_limit_is_refused_too(pets):
    claim = BytesIO()
    Image.new("1", (9000, 9000)).save(claim, "PNG")
    (pets / "train" / "cats" / "9.png").write_bytes(claim.getvalue())
    assert len(claim.getvalue()) < 20_000
    assert kinds(pets) == {"train/cats/9.png": {"more pixels than a photo has"}}


COPIES = {
    "the same file": (lambda p: p, {}, "the same bytes"),
    "another comment": (None, {}, "the same pixels"),
    "saved as PNG": (lambda p: p, {"format": "PNG"}, "the same pixels"),
    "saved again": (lambda p: p, {"quality": 40}, "nearly the same ("),
    "half the size": (lambda p: p.resize((48, 48), Resampling.LANCZOS), {}, "nearly the same ("),
    "cropped": (lambda p: p.crop((1, 1, 95, 95)), {}, "nearly the same ("),
    "lighter": (lambda p: ImageEnhance.Brightness(p).enhance(1.2), {}, "nearly the same ("),
    "grey": (lambda p: p.convert("L"), {}, "nearly the same ("),
    "mirrored": (ImageOps.mirror, {}, "nearly the same, mirrored ("),
}  # a row for each way to copy  # fmt: skip


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_is_known_again(pets, copy):
    change, options, how = COPIES[copy]
    original = pets / "train" / "dogs" / "1.jpg"
    content = original.read_bytes()
    if change is None:
        content = content[:2] + b"\xff\xfe\x00\x06mine" + content[2:]  # a JPEG comment
    elif copy != "the same file":
        buffer = BytesIO()
        options = {"format": "JPEG", "quality": 92, **options}
        change(Image.open(original)).save(buffer, **options)
        content = buffer.getvalue()
    (pets / "train" / "dogs" / "copy.jpg").write_bytes(content)
    same = "near duplicate" if how.startswith("nearly") else "duplicate"
    findings = [f for f in check_folder(pets, progress=False).findings if len(f.files) > 1]
    assert [(f.kind, f.files) for f in findings] == [
        (same, ("train/dogs/1.jpg", "train/dogs/copy.jpg"))
    ]
    assert findings[0].detail.startswith(how)


def test_all_copies_are_one_finding_and_may_be_a_leak_and_a_label_conflict_at_once(pets):
    original = pets / "train" / "cats" / "1.jpg"
    Image.open(original).save(pets / "test" / "cats" / "near.jpg", quality=50)
    for name in ("dogs/same.jpg", "cats/same.jpg", "dogs/again.jpg"):
        (pets / "train" / name).write_bytes(original.read_bytes())
    leak, conflict = check_folder(pets, progress=False).findings
    assert (leak.kind, leak.severity) == ("leak", "problem")
    assert (conflict.kind, conflict.severity) == ("label conflict", "problem")
    assert (
        set(leak.files)
        == set(conflict.files)
        == {
            "test/cats/near.jpg",
            "train/cats/1.jpg",
            "train/cats/same.jpg",
            "train/dogs/again.jpg",
            "train/dogs/same.jpg",
        }
    )
    assert leak.detail.startswith("test and train; the same bytes; nearly the same (")
    assert conflict.detail.startswith("cat and dog; the same bytes; nearly the same (")


def test_images_of_nothing_are_not_taken_for_copies_of_each_other(pets):
    for i in range(3):
        page = Image.linear_gradient("L").point(lambda value, i=i: 200 + 10 * i + value // 40)
        page.convert("RGB").save(pets / "train" / "dogs" / f"blank{i}.png")
    assert kinds(pets) == {"": {"imbalance"}}  # now 3 cats and 6 dogs


SPLITS = {
    "random variation": ({"train": (60, 60), "test": (30, 24)}, []),
    "one class": ({"train": (60, 60), "test": (61, 40)}, ["test: 61 cats, 40 dogs"]),
    "no split": ({None: (10, 16)}, ["not split: 10 cats, 16 dogs"]),
    "a split unlike the others": (
        {"train": (120, 170), "validation": (12, 15), "test": (170, 120)},
        ["dogs are 59% of train and 41% of test"],
    ),
}


@pytest.mark.parametrize("case", SPLITS)
def test_imbalance_of_classes_and_between_splits(case):
    counts, expected = SPLITS[case]
    photos = [
        Photo(f"{split}/{label}/{i}.jpg", label, split, bytes=1, modified_ns=0, changed_ns=0)
        for split, pair in counts.items()
        for label, count in enumerate(pair)
        for i in range(count)
    ]
    assert list(_imbalance(photos)) == expected


@contextmanager
def ordinary_user():
    """Give up the administrator's rights, for whom permissions do not hold."""
    administrator = os.geteuid() == 0
    if administrator:
        os.seteuid(65534)
    try:
        yield
    finally:
        if administrator:
            os.seteuid(0)


@pytest.mark.skipif(
    not hasattr(os, "mkfifo"), reason="Windows has neither such permissions nor pipes"
)
def test_what_cannot_be_read_is_named():
    with TemporaryDirectory() as folder:  # pytest's own folders are closed to other users
        os.chmod(folder, 0o755)
        pets = Path(folder)
        for label, word in enumerate(("cat", "dog")):
            draw_image(label, label, 96, 0.2).save(pets / f"{word}.0.jpg")
        draw_image(7, 0, 96, 0.2).save(pets / "cat.1.jpg")
        os.chmod(pets / "cat.1.jpg", 0)
        os.mkfifo(pets / "cat.2.jpg")
        (pets / "README.md").write_text("mine")
        with ordinary_user():
            found = kinds(pets)
        assert found == {
            "cat.1.jpg": {"no permission to read it"},
            "cat.2.jpg": {"not a file"},
            "README.md": {"no class"},
        }


def test_a_strange_file_name_can_neither_break_nor_command_the_terminal_or_the_page(pets, capfd):
    names = ["cat.<img src=x onerror=alert(1)>.jpg", "cat.\"'&amp;.jpg", "cat.\x1b[31m\n.jpg"]
    if sys.platform == "linux":
        names.append(os.fsdecode(b"cat.\xff.jpg"))
    for name in names:
        (pets / "train" / name).write_bytes(b"no image")
    draw_image(3, 0, 40, 0.2).save(pets / "train" / 'cat."><script>.png')
    sheet = pets.parent / f"{pets.name}.html"
    assert main(["data", "check", str(pets), "--quiet", "--sheet", str(sheet), "--json"]) == 0
    printed = capfd.readouterr().out
    assert "\x1b" not in printed and r"cat.\x1b[31m\n.jpg" in printed
    facts = json.loads(printed.splitlines()[-1])
    found = {name for item in facts["findings"] for name in item["files"]}
    assert found == {f"train/{escaped(name)}" for name in names} | {'train/cat."><script>.png'}
    page = sheet.read_text(encoding="utf-8")
    assert "<script" not in page and "onerror=alert(1)>" not in page
    assert "cat.&lt;img src=x onerror=alert(1)&gt;.jpg" in page


def test_the_table_is_short_and_the_json_complete(pets, capsys):
    for i in range(30):
        (pets / "test" / "dogs" / f"empty{i}.jpg").write_bytes(b"")
    (pets / "test" / "cats" / "bad.jpg").write_bytes(b"GIF?")
    assert main(["data", "check", str(pets), "--quiet", "--json"]) == 0
    *table, last = capsys.readouterr().out.splitlines()
    text = "\n".join(table)
    assert "41 files, 10 usable photos" in text
    assert text.count("empty") < 10 and "and 25 more" in text and "test/cats/bad.jpg" in text
    facts = json.loads(last)
    assert (facts["files"], facts["usable"]) == (41, 10) and len(facts["findings"]) == 31
    assert facts["findings"][-1] == {
        "severity": "unusable",
        "kind": "not an image",
        "files": ["test/cats/bad.jpg"],
        "detail": "",
    }


class Page(HTMLParser):
    """Every tag of a page, with its attributes."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))


def test_the_contact_sheet_holds_all_it_shows(dirty_folder, tmp_path):
    folder, truth = dirty_folder
    report = check_folder(folder, progress=False)
    write_contact_sheet(report, tmp_path / "sheet.html")
    text = (tmp_path / "sheet.html").read_text(encoding="utf-8")
    images = [attributes for tag, attributes in Page(text).tags if tag == "img"]
    gone = {finding.files[0] for finding in report.unusable}
    assert {image["alt"] for image in images} == {
        name for name, kind in truth.items() if kind != CLEAN and name not in gone
    }
    assert text.count("no image") == len(gone) == 6
    for image in images:
        kind, data = image["src"].split(",")
        assert kind == "data:image/jpeg;base64"
        assert max(Image.open(BytesIO(b64decode(data))).size) <= 160
    asked = [a for _, attributes in Page(text).tags for a in ("href", "srcset") if a in attributes]
    assert not asked and not re.search(r"https?:|url\(|@import", text)
    assert "default-src 'none'" in text and "color-scheme: light dark" in text


def test_the_contact_sheet_stays_small(pets, tmp_path, capsys):
    tiny = BytesIO()
    draw_image(5, 1, 40, 0.2).save(tiny, "JPEG")
    for i in range(60):
        (pets / "test" / "dogs" / f"t{i}.jpg").write_bytes(tiny.getvalue())
    report = check_folder(pets, progress=False)
    write_contact_sheet(report, tmp_path / "sheet.html")
    text = (tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert text.count("<img") <= 4 + 24 and "and 36 more" in text and "and 56 more" in text
    with pytest.raises(CatdogError, match=r"gone.*cannot be written"):
        write_contact_sheet(report, tmp_path / "gone" / "sheet.html")


def test_a_folder_without_training_photos_is_not_called_sound(tmp_path):
    for label, word in enumerate(("cats", "dogs")):
        (tmp_path / "validation" / word).mkdir(parents=True)
        for i in range(3):
            draw_image(i, label, 80).save(tmp_path / "validation" / word / f"{i}.png")
    text = report_text(check_folder(tmp_path, progress=False))
    assert "validation only: there are no photos to train on" in text


def test_an_avif_photo_has_the_ending_that_it_should_have(pets):
    from PIL import features

    if not features.check("avif"):
        pytest.skip("this Pillow writes no AVIF")
    with Image.open(pets / "train" / "cats" / "0.jpg") as image:
        image.save(pets / "train" / "cats" / "0.avif", quality=60)
    (pets / "train" / "cats" / "0.jpg").unlink()
    assert "train/cats/0.avif" not in kinds(pets)
