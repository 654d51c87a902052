"""Machines to compare yours with: two that were measured, and one from a data sheet.

The measured figures are in docs/measurements.md, with their commands. No GPU could be measured.

Lesson 10, section 4.
"""

from __future__ import annotations

# name → (operations a second, bytes a second, bytes of each number that convolutions compute with);
# a multiply-add is two operations
MEASURED = {
    "A: 2 cores with bfloat16": (2 * 243e9, 32e9, 2),
    "B: 2 cores of 2021, float32": (2 * 95e9, 32e9, 4),
}
# "NVIDIA H100 Tensor Core GPU", data sheet, SXM version: bfloat16 without sparsity, HBM3.
SPECIFIED = {"H100 SXM, data sheet": (989e12, 3.35e12, 2)}
# photos a second of five_conv in training at 256 px: the plain loop, the course's loop
LOOPS = {"machine A, 256 px": (13.0, 104.4), "machine B, 256 px": (8.6, 41.3)}
