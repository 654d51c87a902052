"""Speed: the course's training loop against a plain one, and against what the machine can do."""

from catdog_lib.bench.comparison import Bench, Comparison, compare
from catdog_lib.bench.rows import ROWS

__all__ = ["ROWS", "Bench", "Comparison", "compare"]
