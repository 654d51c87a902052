"""The library speaks the field's language: one name for one thing, and it is the standard one."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

from docs.library_page import LIBRARY, PAGE, ROOMS, ROOT, USED, docstring, page

PYTHON = sorted(LIBRARY.rglob("*.py"))

# What this library once called things, and what the field calls them.
NAMES = """
Team DistributedContext
FollowFields ReceptiveFieldTracer
Reach FieldSpan
Tally RunningMetrics
Stored ImageInfo
Unusable DecodeError
Excitement TopActivation
Contestant WorkerProcess
Look PhotoRecord
team dist_context
leads is_main
from_first broadcast_object
first_goes_ahead main_process_first
own_chance seed_rank
one_voice main_process_output
fails_first is_first_failure
learner wrapped_model
no_number non_finite_loss_error
first_without_number first_non_finite
for_prediction optimize_for_inference
resident preload_to_device
most_exciting top_activations
randomised randomize_weights
orthogonalized newton_schulz
require_same check_settings_match
likeness perceptual_hash
chance bernoulli
mess dirty_folder
chain_of Network.from_module
lucky multiple_comparisons
two_ways equivariance
ladder speedup_steps
pictures images
stale epochs_since_best
"""
STANDARD = dict(line.split() for line in NAMES.strip().splitlines())


def words(path: Path) -> set[str]:
    """Return every name that a Python file defines or uses."""
    text = path.read_text(encoding="utf-8")
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.string for token in tokens if token.type == tokenize.NAME}


def name_of(path: Path) -> str:
    return path.relative_to(LIBRARY).as_posix()


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_names_are_the_fields(path):
    found = sorted(words(path) & set(STANDARD))
    assert not found, ", ".join(f"{name}: write {STANDARD[name]}" for name in found)


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_each_file_says_in_one_line_what_it_is_for(path):
    first = docstring(path).split("\n\n")[0]
    assert first and "\n" not in first
    assert first.endswith((".", "?", "``.", "!"))


def test_the_annotated_tree_is_that_of_the_library():
    rooms = {path.parent.name for path in LIBRARY.glob("*/__init__.py")}
    assert rooms == set(ROOMS)
    said = PAGE.read_text(encoding="utf-8")
    assert said == page(), "type: python docs/library_page.py"


def headings(lesson: str) -> set[str]:
    (path,) = (ROOT / "notebooks").glob(f"{lesson}_*.ipynb")
    return set(re.findall(r'"## (\d+) ·', path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_the_lessons_that_a_file_names_have_these_sections(path):
    said = docstring(path)
    used = USED.search(said)
    mentioned = re.findall(r"^Lesson \d\d, section", said, re.MULTILINE)
    assert bool(used) == bool(mentioned)  # a reference in another form is on no page
    for lesson, section in re.findall(r"Lesson (\d\d), section (\d+)", used[0] if used else ""):
        assert section in headings(lesson), f"lesson {lesson} has no section {section}"


def test_teaching_rooms_say_which_lesson_uses_them():
    for room in ("from_scratch", "models", "training", "inspect", "explain", "sparsity"):
        files = list((LIBRARY / room).glob("*.py"))
        assert sum(bool(USED.search(docstring(path))) for path in files) >= len(files) / 2, room


def test_docstrings_begin_with_a_verb():
    """Ruff's rule D401 refuses what is no imperative; a noun that it lets pass is refused here."""
    nouns = [
        f"{name_of(path)}: {ast.get_docstring(node).splitlines()[0]}"
        for path in PYTHON
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and ast.get_docstring(node)
        and not any("property" in ast.unparse(each) for each in node.decorator_list)
        and not re.match(r"[A-Z][a-z]+\b", ast.get_docstring(node))
    ]
    assert not nouns, "\n".join(nouns)
