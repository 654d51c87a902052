"""The systems on which the course can be installed: those that all its packages have builds for.

``tests/setup/test_systems.py`` asks the package registry whether this is still so.
"""

import platform
import sys

PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))
SYSTEMS = ("linux-x86_64", "linux-aarch64", "win32-AMD64", "darwin-arm64")
GLIBC = (2, 28)
MACOS = 14


def this_system() -> str:
    """Return the name of this system, as in ``SYSTEMS``."""
    return f"{sys.platform}-{platform.machine()}"


def unsupported() -> str:
    """Return why the course cannot be installed here and what to do, in one sentence, or ""."""
    elsewhere = "use another computer, or a notebook service such as Google Colab."
    if sys.version_info[:2] not in PYTHONS or sys.maxsize < 2**32:
        range_ = "%d.%d to %d.%d" % (*PYTHONS[0], *PYTHONS[-1])
        found = "%d.%d of %d bits" % (*sys.version_info[:2], 64 if sys.maxsize > 2**32 else 32)
        named = "python3.12 run.py course, or make PYTHON=python3.12 course"
        if sys.platform == "win32":
            named = "py -3.12 run.py course"
        return (
            f"The course needs Python {range_} of 64 bits, and {sys.executable} is {found}: "
            f"install one, from python.org say, and name it: {named}."
        )
    if this_system() == "darwin-x86_64":
        return (
            "The course needs PyTorch 2.10 or newer, and 2.2 was the last for Intel Macs: install "
            f"the Python for Apple chips if this Mac has one; otherwise {elsewhere}"
        )
    if this_system() not in SYSTEMS:
        return f"PyTorch has no builds for {this_system()}: {elsewhere}"
    if sys.platform == "darwin" and int(platform.mac_ver()[0].split(".")[0]) < MACOS:
        return (
            f"The tested PyTorch needs macOS {MACOS}, and this is {platform.mac_ver()[0]}: update "
            'it, install torch 2.11.0 as README.md says under "Other systems", or ' + elsewhere
        )
    libc, version = platform.libc_ver() if sys.platform == "linux" else ("", "")
    if sys.platform == "linux" and libc != "glibc":
        return f"PyTorch needs a Linux with glibc, and this one has musl, like Alpine: {elsewhere}"
    if version and tuple(map(int, version.split("."))) < GLIBC:
        return f"PyTorch needs glibc {GLIBC[0]}.{GLIBC[1]}, and this is {version}: {elsewhere}"
    return ""
