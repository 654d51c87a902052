"""Read a language's catalogues: messages in English, and how they are said in that language.

A message may have fields, as in ``"You gave {count} numbers."``. The library never sees such a
message, only a sentence with the numbers in it, so a sentence is matched with all messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import NamedTuple

FOLDER = Path(__file__).parent  # a language has a folder in it, such as de
# 3,457 is three and a half in many languages; with a narrow space it is the same number in all.
_THOUSANDS, _SPACE = re.compile(r"(?<=\d),(?=\d{3}(?:,\d{3})*\b)"), "\N{NARROW NO-BREAK SPACE}"
QUESTION = "question"  # the context of a lesson's questions: its text is no business of this room


class Reading(NamedTuple):
    """A way to read a sentence: its translation, and how many letters of it stay in English."""

    left: int
    said: str


class Catalogue:
    """The messages that a language has, and the sentences that they become.

    Attributes:
        messages: English → translation, both with fields in braces.
    """

    def __init__(self, messages: dict[str, str]):
        """Prepare a pattern for each message with fields, the most particular ones first."""
        self.messages = messages
        self._plain = {
            english.format(): said.format()
            for english, said in messages.items()
            if not fields(said)
        }
        texts = {
            english: [text for text, *_ in Formatter().parse(english)]
            for english, said in messages.items()
            if fields(said)
        }
        ordered = sorted(texts, key=lambda english: -len("".join(texts[english])))
        self._patterns = [
            (max(texts[one], key=len), re.compile(_pattern(one), re.DOTALL), one) for one in ordered
        ]

    def translate(self, sentence: str) -> str:
        """Return a sentence in this language; what is not among the messages stays in English.

        The contents of a field are translated as well if they are a message, and so is each part of
        what the checkers join: a hint with its numbers in parentheses, two sentences in a row. Of
        several readings the one that leaves the least in English is taken.
        """
        inner = sentence.strip()
        return sentence.replace(inner, self._read(inner, {}).said) if inner else sentence

    def _read(self, text: str, known: dict[str, Reading]) -> Reading:
        """Return the best reading of a text; ``known`` has those of its parts."""
        if text not in known:
            letters = sum(map(str.isalpha, text))
            known[text] = Reading(letters, text)
            if text in self._plain:
                known[text] = Reading(0, self._plain[text])
            elif letters:
                known[text] = min(
                    [*self._joined(text, known), *self._filled(text, known), known[text]],
                    key=lambda reading: reading.left,
                )
        return known[text]

    def _filled(self, text: str, known: dict[str, Reading]) -> Iterator[Reading]:
        """Yield the readings of a text as one message with its fields filled."""
        for piece, pattern, english in self._patterns:
            if piece in text and (found := pattern.fullmatch(text)):
                parts = {name: self._read(part, known) for name, part in found.groupdict().items()}
                said = {name: _THOUSANDS.sub(_SPACE, part.said) for name, part in parts.items()}
                left = sum(part.left for part in parts.values())
                yield Reading(left, self.messages[english].format(**said))

    def _joined(self, text: str, known: dict[str, Reading]) -> Iterator[Reading]:
        """Yield the readings of a text as joined from two parts."""
        joints = [(end.start(), end.end(), "") for end in re.finditer(r"(?<=[.?!:;…]) ", text)]
        if text.endswith(")"):
            joints += [(at.start(), at.end(), ")") for at in re.finditer(r" \(", text)]
        if text.endswith("."):
            joints.append((len(text) - 1, len(text) - 1, "."))
        for start, end, last in joints:
            first = self._read(text[:start], known)
            second = self._read(text[end : len(text) - len(last)], known)
            joint = text[start:end]
            yield Reading(first.left + second.left, f"{first.said}{joint}{second.said}{last}")


def fields(message: str) -> set[str]:
    """Return the names of a message's fields.

    Raises:
        ValueError: its braces do not match, or a field has something else in it than a name.
    """
    found = [part[1:] for part in Formatter().parse(message) if part[1] is not None]
    if any(not name.isidentifier() or spec or conversion for name, spec, conversion in found):
        raise ValueError("a field holds a name and nothing else")
    return {name for name, _, _ in found}


def read(language: str) -> Catalogue:
    """Return what the library says in a language; a message that cannot be used is left out."""
    folder = FOLDER / language
    paths = [folder / "messages.po", *sorted(folder.glob("lessons/*.po"))]
    return Catalogue({english: said for path in paths for english, said in _usable(path)})


def _usable(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the messages of a file that are translated, and not in doubt; none if it is broken."""
    from babel.messages.pofile import PoFileError, read_po

    try:
        with path.open("rb") as file:
            entries = list(read_po(file, abort_invalid=True))
    except (OSError, ValueError, PoFileError):
        return
    wanted = QUESTION if path.parent.name == "lessons" else None
    for entry in entries:
        if entry.id and entry.string and not entry.fuzzy and entry.context == wanted:
            try:
                if fields(entry.id) == fields(entry.string):
                    yield entry.id, entry.string
            except ValueError:
                continue


def _pattern(message: str) -> str:
    """Return a pattern for the sentences that a message becomes."""
    pattern, seen = "", set()
    for text, name, _, _ in Formatter().parse(message):
        pattern += re.escape(text)
        if name:
            pattern += f"(?P={name})" if name in seen else f"(?P<{name}>.*?)"
            seen.add(name)
    return pattern
