"""Catalogues keep what translators wrote, and change only where a message did."""

import pytest

from catdog_lib.course.translation.po_files import (
    Entry,
    count,
    flaws,
    read,
    translations,
    update,
)
from catdog_lib.errors import CatdogError

ENTRIES = [Entry("Give one number.", "a.py"), Entry("90% cats and 10% dogs"), Entry("red")]


def fill(path, english, said):
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace(f'msgid "{english}"\nmsgstr ""', f'msgid "{english}"\nmsgstr "{said}"'),
        encoding="utf-8",
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "de" / "messages.po"


def test_a_new_catalogue_says_where_a_message_is_from_and_nothing_of_formats(path):
    assert count(update(path, ENTRIES, "de")) == (0, 0, 3)
    text = path.read_text(encoding="utf-8")
    assert '#. a.py\nmsgid "Give one number."\nmsgstr ""\n' in text
    assert "format" not in text and '"Language: de\\n"' in text


def test_to_update_what_has_not_changed_changes_nothing(path):
    update(path, ENTRIES, "de")
    fill(path, "red", "Rot")
    update(path, ENTRIES, "de")
    before = path.read_bytes()
    assert count(update(path, ENTRIES, "de")) == (1, 0, 3)
    assert path.read_bytes() == before


def test_the_translation_of_a_changed_message_is_kept_in_doubt_until_somebody_has_looked(path):
    update(path, ENTRIES, "de")
    fill(path, "Give one number.", "Gib eine Zahl an.")
    changed = [Entry("Give me one number.", "a.py"), *ENTRIES[1:]]
    for _ in range(2):  # the second time the old wording is known from the file only
        catalog = update(path, changed, "de")
        assert count(catalog) == (0, 1, 3) and translations(read(path)) == {}
        text = path.read_text(encoding="utf-8")
        assert "#. The English was: Give one number.\n#, fuzzy\n" in text
        assert 'msgid "Give me one number."\nmsgstr "Gib eine Zahl an."' in text
    path.write_text(text.replace("#, fuzzy\n", ""), encoding="utf-8")
    update(path, changed, "de")
    assert translations(read(path)) == {"Give me one number.": "Gib eine Zahl an."}
    assert "The English was" not in path.read_text(encoding="utf-8")


def test_the_translation_of_a_message_that_is_gone_is_not_lost(path):
    update(path, ENTRIES, "de")
    fill(path, "red", "Rot")
    assert count(update(path, ENTRIES[:1], "de")) == (0, 0, 1)
    assert '#~ msgid "red"\n#~ msgstr "Rot"' in path.read_text(encoding="utf-8")


def test_the_same_words_may_be_said_twice_in_two_contexts(path):
    update(path, [Entry("red"), Entry("red", "", "question")], "de")
    text = path.read_text(encoding="utf-8")
    done = text.replace(
        'msgctxt "question"\nmsgid "red"\nmsgstr ""',
        'msgctxt "question"\nmsgid "red"\nmsgstr "Rot"',
    )
    path.write_text(done, encoding="utf-8")
    assert translations(read(path), "question") == {"red": "Rot"} and not translations(read(path))


def test_what_is_no_catalogue_is_named(path):
    path.parent.mkdir()
    path.write_text("msgid without quotes\n", encoding="utf-8")
    with pytest.raises(CatdogError, match=r"messages\.po is not a readable PO file"):
        update(path, ENTRIES, "de")


@pytest.mark.parametrize(
    ("english", "said", "flaw"),
    [
        ("You gave {count}.", "Du hast etwas gegeben.", "the field {count} is missing"),
        ("You gave {count}.", "Das sind {zahl}.", "the field {zahl} is not in the English"),
        ("Use `permute`.", "Nimm permute.", "the code `permute` is missing"),
        ("Of $n$ images.", "Von n Bildern.", "the formula $n$ is missing"),
        ("See [it](a.md).", "Siehe [es](b.md).", "the address a.md is missing"),
        ("Give {{1, 2}}.", "Gib {{1, 2}} an.", None),
        ("Of $n$ images use `n`.", "Nimm `n` von $n$ Bildern.", None),
    ],
)
def test_what_a_translation_has_lost_is_one_sentence(english, said, flaw):
    found = flaws(english, said)
    assert bool(found) == bool(flaw)
    if flaw:
        assert f"{english!r}: {flaw}." in found
