"""Every lesson runs to its end on ten photos of a cat and ten of a dog, also when cells run twice.

With so few photos most of what takes long elsewhere is short, and costs little a second time.
"""

import re

import pytest

from catdog_lib.course.lesson_files import find_lessons
from catdog_lib.sketches import draw_image
from tests.notebooks.live_lesson import LiveLesson
from tests.notebooks.rerun import differences, run_each_twice

LESSONS = {lesson.number: lesson.path for lesson in find_lessons()}
NO_NUMBER = re.compile(r"\b(nan|inf)\b|\bof 0\b|\b1 images\b")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Write ten small JPEG files of each animal, of ten sizes and shapes."""
    folder = tmp_path_factory.mktemp("photos")
    for label, word in enumerate(("cat", "dog")):
        (folder / f"{word}s").mkdir()
        for i in range(10):
            drawn = draw_image(100 + i, label, 128).resize((96 + 8 * i, 100 + 3 * i))
            drawn.save(folder / f"{word}s" / f"{word}.{i}.jpg", quality=90)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("number", LESSONS)
def test_the_lesson_says_nothing_without_a_number_and_the_same_twice(number, photos, tmp_path):
    settings = {"CATDOG_DATA": str(photos), "CATDOG_CACHE": str(tmp_path / "cache")}
    with LiveLesson(LESSONS[number], tmp_path, **settings).kernel() as lesson:
        once, again = run_each_twice(lesson)
    for cell in lesson.cells:
        shown = once[cell.id]
        assert not shown.error, (cell.id, shown.error)
        if "NBVAL_CHECK_OUTPUT" in cell.source:  # the same whatever the photos are
            continue
        assert not NO_NUMBER.search("\n".join(shown.outputs)), (cell.id, shown.outputs)
    assert not differences(once, again)
