"""The label game: what Python hands over, and a score that is the same in JavaScript."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from catdog_lib.data import ImageSet
from catdog_lib.errors import CatdogError
from catdog_lib.explore import LabelGame
from catdog_lib.training.metrics import wilson_interval
from tests.explore.javascript import in_javascript, run_javascript


def image_set(count: int) -> ImageSet:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, 3, 6, 9), dtype=torch.uint8, generator=generator)
    return ImageSet(
        images, torch.arange(count), torch.arange(count) % 2, tuple(map(str, range(count)))
    )


def test_the_game_hands_over_the_very_pixels():
    dataset = image_set(4)
    game = LabelGame(dataset)
    for uri, image in zip(game.images, dataset[:][0], strict=True):
        data = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
        np.testing.assert_array_equal(
            np.asarray(Image.open(io.BytesIO(data))), image.permute(1, 2, 0)
        )
    assert game.labels == [0, 1, 0, 1]


def test_the_score_counts_only_what_was_answered():
    game = LabelGame(image_set(5))
    assert game.summary() == "Not played yet."
    game.answers = [0, 1, 1, -1, -1]
    assert game.summary() == "2 of 3 right: 67% (95% interval 21% to 94%)"


def test_the_keys_are_the_first_letters_of_the_readers_words(monkeypatch):
    assert LabelGame(image_set(1)).names == ["cat", "dog"]
    monkeypatch.setenv("CATDOG_LANGUAGE", "de")
    game = LabelGame(image_set(3))
    assert game.names == ["Katze", "Hund"]
    game.answers = [0, 0, 0]
    assert game.summary() == "2 von 3 richtig: 67% (95-%-Intervall 21% bis 94%)"


def test_a_key_answers_as_a_large_and_as_a_small_letter(tmp_path):
    cases = [
        [["cat", "dog"], "c"],
        [["Katze", "Hund"], "h"],
        [["Katze", "Hund"], "K"],
        [["a"], "b"],
    ]
    code = "c => js.labelOfKey(...c)"
    assert in_javascript("label_game/index.js", code, cases, tmp_path) == [0, 1, 0, -1]


def test_games_do_not_share_answers():
    one, other = LabelGame(image_set(3)), LabelGame(image_set(3))
    one.answers = [0, 0, 0]
    assert other.answers == [-1, -1, -1]


@pytest.mark.parametrize("count", [0, 101])
def test_too_few_or_too_many_images_are_refused(count):
    with pytest.raises(CatdogError, match=f"^dataset holds {count} images"):
        LabelGame(image_set(count))


def test_javascript_and_python_give_the_same_interval(tmp_path):
    cases = [(right, count) for count in (1, 2, 7, 20, 100) for right in range(count + 1)]
    found = in_javascript("label_game/index.js", "c => js.wilsonInterval(...c)", cases, tmp_path)
    np.testing.assert_allclose(found, [wilson_interval(*case) for case in cases], atol=1e-12)


def test_javascript_counts_right_answers(tmp_path):
    assert (
        run_javascript(
            "label_game/index.js", "js.countRight([0, 1, -1, 1], [0, 0, 0, 1])", tmp_path
        )
        == 2
    )
