"""The names of ImageNet's thousand classes; torchvision has them too, but takes seconds to import.

Lesson 06, section 1.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files


@cache
def imagenet_classes() -> tuple[str, ...]:
    """Return the names of ImageNet's classes in the order of the logits, such as "tabby".

    They are those of torchvision's weights.
    """
    file = files(__package__) / "imagenet_classes.json"
    return tuple(json.loads(file.read_text(encoding="utf-8")))
