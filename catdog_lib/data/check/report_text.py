"""The findings of a check as a short table for a terminal.

Lesson 00, section 2.
"""

from __future__ import annotations

from collections.abc import Iterator

from catdog_lib.data.check.findings import KINDS, NOTE, PROBLEM, UNUSABLE, FolderFinding
from catdog_lib.data.check.folder import Report

_EXAMPLES = 5  # shown of each kind
_TITLES = {PROBLEM: "Problems", UNUSABLE: "Not usable", NOTE: "Usable, but worth knowing"}


def report_text(report: Report) -> str:
    """Return the report as text: counts, then each kind of finding with a few examples."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield f"{printable(report.folder)}: {report.files:,} files, {report.usable:,} usable photos"
    for split, count in report.counts.items():
        yield f"  {count:>7,} {split}"
    for severity, title in _TITLES.items():
        kinds = [kind for kind, (level, _) in KINDS.items() if level == severity]
        groups = {kind: [f for f in report.findings if f.kind == kind] for kind in kinds}
        if any(groups.values()):
            yield f"{title}:"
        for kind, findings in groups.items():
            if findings:
                yield f"  {len(findings):>7,} {kind}: {KINDS[kind][1]}"
                yield from (f"          {_one(finding)}" for finding in findings[:_EXAMPLES])
            if len(findings) > _EXAMPLES:
                yield f"          and {len(findings) - _EXAMPLES:,} more"
    if not report.findings:
        yield "Nothing is wrong with them."


def _one(finding: FolderFinding) -> str:
    names = [printable(name) for name in finding.files[:_EXAMPLES]]
    if len(finding.files) > _EXAMPLES:
        names.append(f"and {len(finding.files) - _EXAMPLES:,} more")
    text = " = ".join(names)
    return ": ".join(part for part in (text, printable(finding.detail)) if part)


def printable(text: str) -> str:
    """Escape what a terminal could take for a command, or what no encoding can hold."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )
