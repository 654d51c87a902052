"""The clinic: twelve broken training scripts, what each looks like, and the line that mends it.

Lesson 08, section 1.
"""

from __future__ import annotations

from importlib import import_module

from catdog_lib.clinic.examine import Case, examine
from catdog_lib.clinic.parts import Log, Run, normalized, small_cnn
from catdog_lib.clinic.patient import Patient

NAMES = (
    "second_softmax",
    "no_zero_grad",
    "dead_relu",
    "shuffled_labels",
    "no_eval",
    "other_pixels",
    "bgr",
    "off_by_one",
    "untrained_file",
    "drifting_norm",
    "leak",
    "unequal_batches",
)
PATIENTS = {name: import_module(f"catdog_lib.clinic.patients.{name}").PATIENT for name in NAMES}

__all__ = ["PATIENTS", "Case", "Log", "Patient", "Run", "examine", "normalized", "small_cnn"]
