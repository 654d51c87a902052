"""Drawings of neither cat nor dog."""

import numpy as np
import pytest

from catdog_lib.errors import CatdogError
from catdog_lib.sketches import STRANGERS, draw_stranger


@pytest.mark.parametrize("kind", STRANGERS)
def test_a_seed_gives_the_same_drawing_and_each_another(kind):
    drawn = [np.asarray(draw_stranger(kind, seed, 32)) for seed in range(4)]
    assert drawn[0].shape == (32, 32, 3)
    assert np.array_equal(drawn[0], np.asarray(draw_stranger(kind, 0, 32)))
    assert len({one.tobytes() for one in drawn}) == 4


def test_a_horse_is_drawn_into_the_scene_that_is_empty_without_it():
    for seed in range(5):
        scene, horse = (
            np.asarray(draw_stranger(kind, seed, 64, 0)).astype(int) for kind in ("scene", "horse")
        )
        changed = np.abs(scene - horse).max(axis=2) > 25
        assert 0.1 < changed.mean() < 0.6
        assert not changed[:4].any(), "the sky above it is the scene's"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(("cow", 0, 32), "use one of scene"), (("horse", -1, 32), "seed"), (("horse", 0, 3), "size")],
)
def test_what_cannot_be_drawn_is_one_sentence(arguments, says):
    with pytest.raises(CatdogError, match=says):
        draw_stranger(*arguments)
