"""Read and write catalogues as PO files, so that they change only where a message did."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, generate_po, read_po

from catdog_lib.atomic_write import write
from catdog_lib.errors import CatdogError

_WAS = "The English was: "  # in a comment, until a translator has looked at the new wording
_FORMATS = {"python-format", "python-brace-format"}  # Babel sees them in "90% cats", too


class Entry(NamedTuple):
    """A message of a catalogue that is to be written.

    Attributes:
        english: the message.
        comment: where it is from, for translators.
        context: what tells it from the same words elsewhere; None as a rule.
    """

    english: str
    comment: str = ""
    context: str | None = None


def read(path: Path) -> Catalog:
    """Return the catalogue in a file.

    Raises:
        CatdogError: it is not a PO file.
    """
    try:
        with path.open("rb") as file:
            return read_po(file, abort_invalid=True)
    except (OSError, ValueError, PoFileError) as error:
        raise CatdogError(f"{path} is not a readable PO file ({error}); mend that line.") from error


def update(path: Path, entries: Iterable[Entry], language: str) -> Catalog:
    """Write the messages that there are now into a catalogue, and return it.

    Translations are kept. That of a message whose wording has changed a little is kept in doubt
    (*fuzzy*), with the former wording in a comment; that of one that is gone, at the end.

    Raises:
        CatdogError: the file is there and is no catalogue, or cannot be written.
    """
    now = Catalog()
    for entry in entries:
        comments = [entry.comment] if entry.comment else []
        now.add(entry.english, auto_comments=comments, context=entry.context)
    catalogue = read(path) if path.exists() else Catalog()
    before = {(one.id, one.context): one for one in catalogue if one.id}
    catalogue.update(now, no_fuzzy_matching=True)  # Babel would guess from any message, however old
    _keep_in_doubt(catalogue, before)
    header = (
        f"# {path.stem} · {language}\n"
        'msgid ""\nmsgstr ""\n'
        f'"Language: {language}\\n"\n'
        '"Content-Type: text/plain; charset=UTF-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n\n'
    )
    for one in (*catalogue, *catalogue.obsolete.values()):
        one.flags -= _FORMATS
    body = "".join(generate_po(catalogue, width=100, no_location=True, omit_header=True))
    path.parent.mkdir(parents=True, exist_ok=True)
    write((header + body.rstrip() + "\n").encode(), path)
    return catalogue


def _keep_in_doubt(catalogue: Catalog, before: dict[tuple, Message]) -> None:
    """Give a new message the translation of a similar one that is gone, marked as in doubt.

    Args:
        catalogue: changes.
        before: the messages that there were, by their English and context.
    """
    gone = {
        (one.id, one.context): key for key, one in catalogue.obsolete.items() if one.string
    }  # where Babel has them
    for one in catalogue:
        said = before.get((one.id, one.context))
        if said and said.fuzzy:
            old = next((i for i, c in enumerate(said.auto_comments) if c.startswith(_WAS)), None)
            one.auto_comments += said.auto_comments[old:] if old is not None else []
        if one.id and not one.string:
            similar = [english for english, context in gone if context == one.context]
            for english in get_close_matches(one.id, similar, 1):
                one.string = catalogue.obsolete.pop(gone.pop((english, one.context))).string
                one.flags.add("fuzzy")
                one.auto_comments.append(_WAS + " ".join(english.split()))


def translations(catalogue: Catalog, context: str | None = None) -> dict[str, str]:
    """Return what is translated and not in doubt: English → translation."""
    return {
        one.id: one.string
        for one in catalogue
        if one.id and one.string and not one.fuzzy and one.context == context
    }


def count(catalogue: Catalog) -> tuple[int, int, int]:
    """Return how many messages are translated, in doubt, and there in all."""
    all_of_them = [one for one in catalogue if one.id]
    doubtful = sum(one.fuzzy for one in all_of_them)
    done = sum(bool(one.string) and not one.fuzzy for one in all_of_them)
    return done, doubtful, len(all_of_them)


def flaws(english: str, said: str) -> list[str]:
    """Return what a translation has lost or made up: fields, code and formulas, a sentence each."""
    found = []
    for kind, pattern in (
        ("field", r"(?<!\{)\{\w+\}(?!\})"),
        ("code", r"`[^`]+`"),
        ("formula", r"\$[^$]+\$"),
        ("address", r"\]\(([^)]+)\)"),
    ):
        theirs, ours = (sorted(set(re.findall(pattern, text))) for text in (english, said))
        found += [f"the {kind} {one} is missing" for one in theirs if one not in ours]
        found += [f"the {kind} {one} is not in the English" for one in ours if one not in theirs]
    return [f"{' '.join(english.split())[:60]!r}: {flaw}." for flaw in found]
