"""The audit calls nothing safe that it has not compared."""

import json

import pytest

from docs import audit

SOUND = {"name": "numpy", "version": "2.0", "vulns": []}
WEAK = {
    "name": "pillow",
    "version": "1.0",
    "vulns": [{"id": "CVE-2023-50447", "fix_versions": ["10.2.0"]}],
}
UNKNOWN = {"name": "torch", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("packages", "status", "says"),
    [
        ([SOUND], 0, "1 of 1 packages compared, 0 with a known vulnerability."),
        ([SOUND, WEAK], 1, "pillow 1.0: CVE-2023-50447, mended in 10.2.0"),
        ([SOUND, UNKNOWN], 2, "Not compared: torch;"),
        ([SOUND, UNKNOWN, WEAK], 1, "Not compared: torch;"),
        ([], 2, "0 of 0"),
    ],
)
def test_the_status_follows_from_what_was_compared(packages, status, says):
    found, lines = audit.audit(json.dumps({"dependencies": packages}))
    assert found == status and says in "\n".join(lines)


def test_without_pip_audit_or_a_network_it_says_so(monkeypatch, capsys):
    def run(command, **_):
        return audit.subprocess.CompletedProcess(command, 1, "", "No module named pip_audit\n")

    monkeypatch.setattr(audit.subprocess, "run", run)
    assert audit.main() == 2
    assert "Nothing was compared" in capsys.readouterr().out
