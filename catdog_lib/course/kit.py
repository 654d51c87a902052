"""A kit: the course with all that it installs, in one folder, for a room without a network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from catdog_lib.course.formulas import MATHJAX
from catdog_lib.course.handouts import contents
from catdog_lib.course.site import PACKAGES, checkout
from catdog_lib.course.slides.assets import REVEAL
from catdog_lib.data.download.npm import NpmPackage, npm_files
from catdog_lib.errors import CatdogError
from catdog_setup.environment import REQUIREMENTS, uv_settings
from catdog_setup.from_kit import sha256
from catdog_setup.systems import MACOS, PYTHONS, SYSTEMS, this_system

UV_PLATFORMS = {  # the systems' names in uv
    "linux-x86_64": "x86_64-manylinux_2_28",
    "linux-aarch64": "aarch64-manylinux_2_28",
    "win32-AMD64": "x86_64-pc-windows-msvc",
    "darwin-arm64": "aarch64-apple-darwin",
}
NPM_PACKAGES = (MATHJAX, *PACKAGES, REVEAL)  # of the pages and the slides
_READ_ME = """The course, with all that it installs: no network is needed.

    python install.py            copies it to the folder catdog in your home folder, and sets it up
    python install.py FOLDER     another folder

It is for: {systems}.
{site}
"""
_SITE = "To read the lessons without installing anything, open catdog/site/html/index.html.\n"


def write_kit(
    out: Path,
    system: str | None = None,
    python: str | None = None,
    edition: str = "student",
    root: Path | None = None,
    also: tuple[NpmPackage, ...] = (),
) -> list[str]:
    """Write a kit into ``out``, or add the packages for another system to the kit that is there.

    Args:
        system: one of ``SYSTEMS``; by default this one.
        python: its version, "3.12" say; by default this one.
        edition: "student" or "instructor", as the handouts.
        root: the checkout; by default the one that this library was installed from.
        also: what further commands fetch with npm, beside ``NPM_PACKAGES``.

    Returns:
        The systems that the kit is for.

    Raises:
        CatdogError: there is no such system, ``out`` holds something else, or the packages, of
            Python or of npm, cannot be fetched.
    """
    root = root or checkout()
    system, python = system or this_system(), python or "{}.{}".format(*sys.version_info)
    if system not in SYSTEMS or python not in ["{}.{}".format(*known) for known in PYTHONS]:
        raise CatdogError(f"There are no builds for Python {python} on {system}; see the README.")
    listed = out / "kit" / "systems.txt"
    if out.exists() and any(out.iterdir()) and not listed.is_file():
        raise CatdogError(f"{out} holds something else than a kit; name an empty folder.")
    _fetch(out / "kit", system, python, root)
    _copy_course(out, edition, root, NPM_PACKAGES + also)
    known = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
    systems = sorted({*known, f"{system}, Python {python}"})
    listed.write_text("\n".join(systems) + "\n", encoding="utf-8")
    site = _SITE if (out / "catdog" / "site").is_dir() else ""
    read_me = _READ_ME.format(systems="; ".join(systems), site=site)
    (out / "READ ME.txt").write_text(read_me, encoding="utf-8")
    _write_checksums(out)
    return systems


def _fetch(kit: Path, system: str, python: str, root: Path) -> None:
    """Fetch the packages for one system into ``kit/wheels``, each one compared with its checksum.

    uv finds out which they are, since pip would ask what *this* system needs.
    """
    wheels, chosen = kit / "wheels", kit / f"{system}-{python}.txt"
    wheels.mkdir(parents=True, exist_ok=True)
    build_system = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = "\n".join(["uv", *build_system["build-system"]["requires"]])
    environment = os.environ | uv_settings(sys.executable)
    environment |= {"MACOSX_DEPLOYMENT_TARGET": f"{MACOS}.0"}
    extras = re.fullmatch(r"\.\[(.*)\]", REQUIREMENTS[-1])[1].split(",")
    resolve = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "-"]
    resolve += [word for extra in extras for word in ("--extra", extra)]
    resolve += ["--python-platform", UV_PLATFORMS[system], "--python-version", python]
    resolve += ["-c", "constraints.txt", "--only-binary", ":all:", "--generate-hashes", "--quiet"]
    resolve += ["--no-header", "--no-annotate", "--output-file", str(chosen)]
    fetch = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    fetch += ["--python-version", python, "--require-hashes", "-r", str(chosen), "-d", str(wheels)]
    fetch += [word for tag in _platform_tags(system) for word in ("--platform", tag)]
    found = subprocess.run(resolve, cwd=root, env=environment, input=wanted, text=True).returncode
    if found or subprocess.run(fetch, cwd=root).returncode:
        raise CatdogError(
            f"The packages for Python {python} on {system} could not be fetched, for the reason "
            "above; check the network and the room on the disk, and run the same command again."
        )


def _platform_tags(system: str) -> list[str]:
    """Return the tags of the wheels for a system, all of them: pip adds no older ones."""
    processor = system.partition("-")[2]
    if system.startswith("linux"):
        return [f"manylinux_2_{minor}_{processor}" for minor in range(28, 4, -1)] + [
            f"manylinux2014_{processor}",
            f"linux_{processor}",
        ]
    return ["win_amd64"] if system.startswith("win") else [f"macosx_{MACOS}_0_{processor}"]


def _copy_course(out: Path, edition: str, root: Path, npm_packages: tuple[NpmPackage, ...]) -> None:
    """Write the course, what its commands fetch, its pages if built, and what installs it."""
    course = out / "catdog"
    if course.exists():
        shutil.rmtree(course)
    for name, content in contents(root, edition):
        path = course / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for package in npm_packages:
        shutil.copytree(npm_files(package), course / "kit" / "npm" / package.folder_name)
    if (root / "site" / "html").is_dir():
        shutil.copytree(root / "site" / "html", course / "site" / "html")
    shutil.copy(root / "catdog_setup" / "from_kit.py", out / "install.py")


def _write_checksums(out: Path) -> None:
    """Write ``kit/SHA256SUMS``, in the form that ``sha256sum --check`` reads from ``out``."""
    sums = out / "kit" / "SHA256SUMS"
    files = [path for path in sorted(out.rglob("*")) if path.is_file() and path != sums]
    lines = [f"{sha256(path)}  {path.relative_to(out).as_posix()}" for path in files]
    sums.write_text("\n".join(lines) + "\n", encoding="utf-8")
