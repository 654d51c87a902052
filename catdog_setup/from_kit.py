"""Install the course from a kit, without a network: python install.py [FOLDER]

Copies the course into FOLDER, by default catdog in your home folder, and installs all it needs into
FOLDER/.venv. A copy that is there already keeps your work: only what it needs is installed.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

KIT = Path(__file__).resolve().parent  # catdog kit copies this file there, as install.py


def damaged(kit: Path) -> list:
    """Return the files of a kit that are missing, or no longer what was written."""
    lines = (kit / "kit" / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = dict(reversed(line.split("  ", 1)) for line in lines)
    return [name for name, checksum in sums.items() if sha256(kit / name) != checksum]


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal; empty if it cannot be read."""
    total = hashlib.sha256()
    try:
        with path.open("rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                total.update(block)
    except OSError:
        return ""
    return total.hexdigest()


def copy_course(folder: Path) -> None:
    """Copy the course to where nothing is yet; a copy that was interrupted is made again.

    The copy may be written to, even if the kit is on a disk that may only be read.
    """
    part, course = folder.with_name(f".{folder.name}.part"), KIT / "catdog"
    if part.exists():
        shutil.rmtree(str(part))
    for path in course.rglob("*"):
        if path.is_file():
            copy = part / path.relative_to(course)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(path), str(copy))
    part.rename(folder)


def main(arguments: list) -> int:
    """Check the kit, copy the course, install what it needs, and return the exit status."""
    folder = Path(os.path.expanduser(arguments[0] if arguments else "~/catdog")).absolute()
    here = "%s-%s, Python %d.%d" % (sys.platform, platform.machine(), *sys.version_info[:2])
    systems = (KIT / "kit" / "systems.txt").read_text(encoding="utf-8").splitlines()
    if here not in systems:
        print(
            f"This kit is for {'; '.join(systems)}, and this is {here}: use another Python or "
            "computer, or let your instructor add this one to the kit (catdog kit --help).",
            file=sys.stderr,
        )
        return 2
    if folder.exists() and not (folder / "catdog_setup").is_dir():
        print(
            f"{folder} is there already: name another: python install.py FOLDER.", file=sys.stderr
        )
        return 2
    print("Checking the kit, which takes as long as reading it once.", flush=True)
    bad = damaged(KIT)
    if bad:
        print(
            f"{', '.join(bad)}: not what was written to the kit (the checksum differs); copy the "
            "kit again.",
            file=sys.stderr,
        )
        return 2
    try:
        if not folder.exists():
            copy_course(folder)
    except OSError as error:
        print(f"The course cannot be copied to {folder}: {error}.", file=sys.stderr)
        return 2
    environment = {**os.environ, "CATDOG_KIT": str(KIT / "kit")}
    status = subprocess.call([sys.executable, str(folder / "run.py"), "setup"], env=environment)
    if status == 0:
        print(f"The course is in {folder}; to begin: python {folder / 'run.py'} lab")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
