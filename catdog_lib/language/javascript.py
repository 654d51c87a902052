"""Find the messages in JavaScript: those that a file hands to its function ``say``."""

from __future__ import annotations

import re

_SAID = re.compile(r'\bsay\(\s*"((?:[^"\\]|\\.)*)"')


def messages_in(javascript: str) -> list[str]:
    """Return what a file says to the reader, in English, each message once."""
    return list(dict.fromkeys(_SAID.findall(javascript)))
