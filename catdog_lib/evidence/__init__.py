"""What a result is worth: is a difference more than chance, and is a number what it usually is?

Lesson 03, section 7; Lesson 05, section 5; Lesson 06, section 1; Lesson 10, section 3.
"""

from catdog_lib.evidence.claims import claim
from catdog_lib.evidence.comparisons import (
    Comparison,
    compare_crossed,
    compare_paired,
    compare_unpaired,
)

__all__ = ["Comparison", "claim", "compare_crossed", "compare_paired", "compare_unpaired"]
