"""`catdog messages`: catalogues are begun and brought up to date, and what is left is said."""

import json

import nbformat
import pytest

from catdog_lib.cli import main
from catdog_lib.course.lesson_files import find_lessons
from catdog_lib.course.translation import catalogues, lessons
from catdog_lib.course.translation.catalogues import library_entries, sources, update_catalogues
from catdog_lib.course.translation.lessons import in_language, write_lesson
from tests.course.small_lessons import write_lessons


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of the catalogues, empty."""
    for module in (catalogues, lessons):
        monkeypatch.setattr(module, "FOLDER", tmp_path / "language")
    return tmp_path / "language"


@pytest.fixture
def root(tmp_path):
    return write_lessons(tmp_path / "course")


def translate(path, english, said):
    text = path.read_text(encoding="utf-8")
    assert f'msgid "{english}"\nmsgstr ""' in text
    changed = text.replace(f'msgid "{english}"\nmsgstr ""', f'msgid "{english}"\nmsgstr "{said}"')
    path.write_text(changed, encoding="utf-8")


def test_there_is_a_catalogue_for_the_library_each_lesson_and_each_page():
    names = list(sources())
    assert names[0] == "messages" and "pages/glossary" in names
    assert {f"lessons/{lesson.path.stem}" for lesson in find_lessons()} <= set(names)


def test_the_library_has_the_words_of_all_checkers_and_of_the_explorables():
    found = {entry.english: entry.comment for entry in library_entries()}
    assert found["Exercise {number}: not yet. {wrong}"] == "exercises/registry.py"
    assert found["Play again"] == "explore/js/label_game/index.js"
    assert found["Predict, then look"] == "explore/questions.py"
    for lesson in range(11):
        files = [f"exercises/lesson_{lesson:02}_" in comment for comment in found.values()]
        assert sum(files) > 15, f"lesson {lesson:02}"


def test_a_catalogue_is_begun_by_the_number_of_its_lesson_and_then_kept_up(folder, root):
    written, others = update_catalogues("fr", ["1"], root)
    assert list(written) == ["lessons/01_small"] and "lessons/02_another" in others
    written, _ = update_catalogues("fr", [], root)
    assert list(written) == ["lessons/01_small"]
    assert [path.name for path in folder.rglob("*.po")] == ["01_small.po"]


def test_a_page_is_divided_by_sphinx(folder, root):
    pytest.importorskip("sphinx", reason='needs the docs packages: pip install -e ".[docs]"')
    written, _ = update_catalogues("fr", ["pages/index"], root)
    english = [one.id for one in written["pages/index"] if one.id]
    assert "What you will be able to do" in english and "Beside the lessons" in english
    assert not [one for one in english if one.startswith("Built on")]


def test_a_lesson_is_written_and_what_changed_since_is_reported_and_not_lost(folder, root):
    update_catalogues("fr", ["01"], root)
    catalogue = folder / "fr" / "lessons" / "01_small.po"
    translate(catalogue, "# A small lesson", "# Une petite leçon")
    translate(
        catalogue, "A zebrafinch is neither.", "Un diamant mandarin n'est ni l'un ni l'autre."
    )
    first, second = find_lessons(root)
    lines: list[str] = []
    french, english = in_language([first, second], "fr", lines.append)
    assert (french.title, french.path.parent.name) == ("Une petite leçon", "fr")
    assert french.seconds == first.seconds and english == second
    assert "Lesson 02 is not translated to 'fr'." in lines
    assert any(line.endswith("is in English still: ## A formula") for line in lines)

    notebook = nbformat.read(first.path, as_version=4)
    notebook.cells[0].source = "# A small lesson\n\nA zebrafinch is neither, and sings."
    nbformat.write(notebook, first.path)
    update_catalogues("fr", [], root)
    path, missing = write_lesson(first, "fr")
    assert (notebook.cells[0].id, "A zebrafinch is neither, and sings.") in missing
    text = nbformat.read(path, as_version=4).cells[0].source
    assert text == "# Une petite leçon\n\nA zebrafinch is neither, and sings."
    assert "Un diamant mandarin" in catalogue.read_text(encoding="utf-8")
    assert "The English was: A zebrafinch is neither." in catalogue.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["xyz"], "'xyz' names no language"),
        (["../de"], "'../de' names no language"),
        (["en_GB", "00"], "The course is written in English"),
        (["de", "17"], "There is no catalogue '17'; the catalogues are messages,"),
        (["de", "pages/../x"], "There is no catalogue 'pages/../x'"),
    ],
)
def test_what_cannot_be_translated_is_one_sentence(arguments, says, folder, capsys):
    assert main(["messages", *arguments]) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1


def test_the_command_says_how_far_a_language_is(folder, capsys):
    assert main(["messages", "fr", "messages", "--json"]) == 0
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith("messages ") and first.endswith("translated")
    assert json.loads(last)["messages"]["done"] == 0 < json.loads(last)["messages"]["all"]


def test_the_pages_speak_known_languages_only(capsys):
    assert main(["course", "--language", "xx", "--lesson", "00"]) == 2
    assert "the course speaks en, de" in capsys.readouterr().err
