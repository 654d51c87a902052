"""What a check has found, as data: what it saw, how sure it is, and what to do.

How sure a check is follows one rule:

- *certain*: a correct script cannot look like this; arithmetic says so, or chance alone would bring
  it about less than once in a thousand million times;
- *likely*: chance alone would bring it about at most once in a thousand times, or two signs that
  have nothing to do with each other agree;
- *possible*: a correct script can look like this, too, and nobody can say how often; look yourself.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

CERTAIN, LIKELY, POSSIBLE = "certain", "likely", "possible"
_EXCLUDED, _RARE = 1e-9, 1e-3


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or may be.

    Attributes:
        check: name of the function that found it.
        saw: what it saw, with the numbers.
        certainty: "certain", "likely" or "possible".
        advice: what to do.
        numbers: those of ``saw``, by name.
    """

    check: str
    saw: str
    certainty: str
    advice: str
    numbers: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the finding as three lines: how sure and which check, what it saw, what to do."""
        name = self.check.replace("_", " ")
        return f"{self.certainty}: {name}\n  {self.saw}\n  → {self.advice}"


@dataclass(frozen=True)
class Diagnosis:
    """The findings of several checks.

    Attributes:
        findings: the surest first.
        checks: names of the checks that were run.
        left_out: each other check, with what it would have needed.
    """

    findings: tuple[Finding, ...]
    checks: tuple[str, ...]
    left_out: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the findings as text, and how many checks were run."""
        count = f"{len(self.checks)} check{'s' * (len(self.checks) != 1)}"
        if not self.findings:
            return f"{count}, nothing found."
        found = f"{len(self.findings)} finding{'s' * (len(self.findings) != 1)}"
        return "\n".join([*map(str, self.findings), f"{count}, {found}."])

    def as_dict(self) -> dict[str, Any]:
        """Return the diagnosis as plain dicts and lists, for JSON."""
        return {
            "findings": [asdict(finding) for finding in self.findings],
            "checks": list(self.checks),
            "left_out": self.left_out,
        }


def surest_first(findings: list[Finding]) -> tuple[Finding, ...]:
    """Return the findings in the order certain, likely, possible; otherwise as they were."""
    order = (CERTAIN, LIKELY, POSSIBLE)
    return tuple(sorted(findings, key=lambda finding: order.index(finding.certainty)))


def certainty_of(p_value: float) -> str | None:
    """Return how sure a check is if chance alone explains what it saw with this probability.

    None: chance explains it too easily to speak of it.
    """
    if p_value < _EXCLUDED:
        return CERTAIN
    return LIKELY if p_value < _RARE else None
