"""Compare the tested packages with the public list of known vulnerabilities: ``make audit``.

The list is asked over the network through pip-audit (``pip install pip-audit``), which the course
does not need otherwise. A package that the list was not asked about is not called safe. Without a
network only what is installed here is checked: do the packages fit together?

Exit status: 0 if all were compared and none has a known vulnerability; 1 if one has; 2 if some
could not be compared.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
_FIT = "Whether the installed packages fit together:"


def audit(report: str) -> tuple[int, list[str]]:
    """Return the exit status and the lines to print for a report of pip-audit.

    Args:
        report: JSON, as ``pip-audit --format json`` prints it.
    """
    packages = json.loads(report)["dependencies"]
    weak = [package for package in packages if package.get("vulns")]
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    lines = [
        f"{package['name']} {package['version']}: {weakness['id']}, mended in "
        f"{', '.join(weakness['fix_versions']) or 'no version yet'}"
        for package in weak
        for weakness in package["vulns"]
    ]
    compared = len(packages) - len(unknown)
    lines.append(
        f"{compared} of {len(packages)} packages compared, {len(weak)} with a known vulnerability."
    )
    if unknown:
        lines.append(
            f"Not compared: {', '.join(unknown[:5])}{' …' if len(unknown) > 5 else ''}; the index "
            "that pip uses here has no list of vulnerabilities, so try again where pypi.org is "
            "reached."
        )
    return 1 if weak else 2 if unknown or not packages else 0, lines


def main() -> int:
    """Check the installed packages and compare the tested ones; return the exit status."""
    fits = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True)
    print(_FIT, (fits.stdout or fits.stderr).strip().splitlines()[-1])
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--no-deps", "--disable-pip"]
    command += ["--requirement", str(ROOT / "constraints.txt")]
    done = subprocess.run(command, capture_output=True, text=True)
    try:
        status, lines = audit(done.stdout)
    except (ValueError, KeyError):
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        status, lines = (
            2,
            [
                f"Nothing was compared with the list of vulnerabilities ({said}); type pip install "
                "pip-audit, and try again where pypi.org is reached."
            ],
        )
    print(*lines, sep="\n")
    return status or fits.returncode


if __name__ == "__main__":
    raise SystemExit(main())
