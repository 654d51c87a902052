"""Archives that nobody should trust."""

import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from catdog_lib.data.download.archive import unpack
from catdog_lib.errors import CatdogError

FILES = {"cats/1.jpg": b"cat" * 50_000, "dogs/deep/er/2.jpg": b"dog", "empty.txt": b""}


def make(path: Path, *entries: str | tuple) -> Path:
    """Make an archive of entries: a name of a plain file, or a name and what is special."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as file:
            for entry in entries:
                name, mode = entry if isinstance(entry, tuple) else (entry, stat.S_IFREG)
                info = zipfile.ZipInfo("placeholder")
                info.filename, info.external_attr = name, (mode | 0o644) << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                file.writestr(info, FILES.get(name, b"../../outside"))
    else:
        with tarfile.open(path, "w:gz") as file:
            for entry in entries:
                name, kind = entry if isinstance(entry, tuple) else (entry, tarfile.REGTYPE)
                member = tarfile.TarInfo(name)
                member.type, member.linkname, member.mode = kind, "/etc/passwd", 0o4777
                content = FILES.get(name, b"x") if kind == tarfile.REGTYPE else b""
                member.size = len(content)
                file.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture(params=["a.zip", "a.tar.gz"])
def archive(request, tmp_path) -> Path:
    return tmp_path / request.param


def everything(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_files_come_out_as_they_went_in_without_modes(archive, tmp_path):
    unpack(make(archive, *FILES), tmp_path / "out", progress=False)
    assert everything(tmp_path / "out") == FILES
    assert not any(path.stat().st_mode & 0o7000 for path in (tmp_path / "out").rglob("*"))


OUTSIDE = (
    "../x",
    "a/../../x",
    "/tmp/catdog-x",
    "..\\x",
    "C:\\x",
    "C:x",
    "\\\\server\\share\\x",
    "a/..",
    "..",
    ".",
    "",
)


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_leads_out_is_refused(archive, tmp_path, name):
    make(archive, "cats/1.jpg", name)
    before = set(tmp_path.rglob("*"))
    with pytest.raises(CatdogError, match="leads out of the folder") as error:
        unpack(archive, tmp_path / "in" / "out", progress=False)
    assert str(archive) in str(error.value) and "\n" not in str(error.value)
    assert set(tmp_path.rglob("*")) == before and not Path("/tmp/catdog-x").exists()


SPECIAL = {
    "symbolic link": ("a.tar.gz", tarfile.SYMTYPE),
    "hard link": ("a.tar.gz", tarfile.LNKTYPE),
    "character device": ("a.tar.gz", tarfile.CHRTYPE),
    "block device": ("a.tar.gz", tarfile.BLKTYPE),
    "pipe": ("a.tar.gz", tarfile.FIFOTYPE),
    "symbolic link in a zip": ("a.zip", stat.S_IFLNK),
    "device in a zip": ("a.zip", stat.S_IFBLK),
}


@pytest.mark.parametrize("kind", SPECIAL)
def test_links_and_devices_are_refused(tmp_path, kind):
    name, mode = SPECIAL[kind]
    with pytest.raises(CatdogError, match="'cats/special' in it is a link or a device"):
        unpack(
            make(tmp_path / name, "cats/1.jpg", ("cats/special", mode)),
            tmp_path / "out",
            progress=False,
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "names",
    [
        ("cats/1.jpg", "cats/1.jpg"),
        ("cats/1.jpg", "CATS/1.JPG"),
        ("cats/1.jpg", "cats\\1.jpg"),
        ("cats/\u00e9.jpg", "cats/e\u0301.jpg"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_names_of_one_file_are_refused(archive, tmp_path, names):
    """Not all systems tell them apart: one would overwrite the other."""
    with pytest.raises(CatdogError, match="is in it twice"):
        unpack(make(archive, *names), tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_folders_and_headers_count_too(tmp_path):
    """A few kilobytes could make hundreds of thousands of folders, or fill the memory."""
    with tarfile.open(tmp_path / "folders.tar.gz", "w:gz") as file:
        for i in range(300):
            member = tarfile.TarInfo(f"{i}")
            member.type = tarfile.DIRTYPE
            file.addfile(member)
    with pytest.raises(CatdogError, match="more than 200 files and folders"):
        unpack(tmp_path / "folders.tar.gz", tmp_path / "out", max_files=200, progress=False)
    with tarfile.open(tmp_path / "header.tar.gz", "w:gz", format=tarfile.PAX_FORMAT) as file:
        member = tarfile.TarInfo("cat.jpg")
        member.pax_headers = {"comment": "x" * 3_000_000}
        file.addfile(member)
    with pytest.raises(CatdogError, match="header in it is larger"):
        unpack(tmp_path / "header.tar.gz", tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_an_archive_in_an_archive_is_a_file_like_any_other(archive, tmp_path):
    """It is not unpacked in its turn, so a nested bomb stays small."""
    inner = make(tmp_path / "inner.zip", "cats/1.jpg").read_bytes()
    FILES["inner.zip"] = inner
    try:
        unpack(make(archive, "inner.zip"), tmp_path / "out", progress=False)
    finally:
        del FILES["inner.zip"]
    assert everything(tmp_path / "out") == {"inner.zip": inner}


def test_a_bomb_stops_at_the_bound(archive, tmp_path):
    make(archive, "cats/1.jpg")
    assert archive.stat().st_size < 2_000  # of 150,000 bytes
    with pytest.raises(CatdogError, match="unpacks to more than"):
        unpack(archive, tmp_path / "out", max_bytes=100_000, progress=False)
    assert sum(map(len, everything(tmp_path / "out").values())) <= 100_000
    with pytest.raises(CatdogError, match="more than 2 files and folders"):
        unpack(make(archive, *FILES), tmp_path / "more", max_files=2, progress=False)


@pytest.mark.parametrize("damage", ["cut off", "one byte changed", "text"])
def test_a_damaged_archive_is_told(archive, tmp_path, damage):
    content = bytearray(make(archive, *FILES).read_bytes())
    if damage == "cut off":
        content = content[: len(content) // 2]
    elif damage == "one byte changed":
        content[len(content) // (3 if archive.suffix == ".zip" else 2)] ^= 0xFF
    else:
        content = b"<html>Please log in</html>"
    archive.write_bytes(content)
    with pytest.raises(CatdogError, match="is damaged") as error:
        unpack(archive, tmp_path / "out", progress=False)
    assert "\n" not in str(error.value)


def test_a_password_is_told(tmp_path):
    content = bytearray(make(tmp_path / "a.zip", "cats/1.jpg").read_bytes())
    content[6] |= 1  # the flag in the file's own header
    content[content.index(b"PK\x01\x02") + 8] |= 1  # and in the table of contents
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(CatdogError, match=r"is damaged .*encrypted"):
        unpack(tmp_path / "a.zip", tmp_path / "out", progress=False)


def test_a_folder_that_cannot_be_made_is_told(archive, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(CatdogError, match="cannot be unpacked into"):
        unpack(make(archive, *FILES), tmp_path / "out", progress=False)
