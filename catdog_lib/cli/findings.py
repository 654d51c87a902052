"""One thing that ``catdog doctor`` has examined."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing that was examined.

    Attributes:
        what: its name.
        ok: whether it is as it should be.
        text: a sentence about it.
        facts: what ``--json`` adds.
    """

    what: str
    ok: bool
    text: str
    facts: dict[str, Any] = field(default_factory=dict)
