"""The command ``catdog doctor``."""

from __future__ import annotations

import click

from catdog_lib.cli.options import Command


@click.command(cls=Command, epilog="catdog doctor")
def doctor() -> tuple[int, dict]:
    """Report what this machine can do, and what is missing."""
    from catdog_lib.cli.machine import examine

    findings = examine()
    for finding in findings:
        print(f"{'ok  ' if finding.ok else '!   '}{finding.what:<10} {finding.text}")
    return 0, {
        finding.what: {"ok": finding.ok, "text": finding.text, **finding.facts}
        for finding in findings
    }
