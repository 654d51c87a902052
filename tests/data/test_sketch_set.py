"""Sketches from the cache: the same as new ones, piece by piece, with their truth."""

import sys
from dataclasses import asdict

import numpy as np
import pytest
import torch

from catdog_lib import data
from catdog_lib.data import sketch_sets
from catdog_lib.errors import CatdogError
from catdog_lib.sketches import BODY_PARTS, Faults, draw_sketches

FAULTS = Faults(shortcut=0.5, label_noise=0.2, duplicates=0.3)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CATDOG_CACHE", str(tmp_path))


def test_pieces_add_up_to_the_set():
    """Draw pieces, where an image may repeat one of an earlier piece."""
    whole = draw_sketches(40, 32, 5, 0.5, FAULTS)
    pieces = [draw_sketches(10, 32, 5, 0.5, FAULTS, first) for first in (0, 10, 20, 30)]
    for name in ("images", "labels", "true_labels", "body_parts", "duplicate_of", "exact"):
        together = np.concatenate([getattr(piece, name) for piece in pieces])
        np.testing.assert_array_equal(together, getattr(whole, name), name)
    assert sum((piece.descriptions for piece in pieces), ()) == whole.descriptions
    assert (whole.duplicate_of[10:] >= 0).any() and (whole.duplicate_of[10:] < 10).any()


def test_a_set_is_what_was_drawn_and_stays_so(monkeypatch):
    """Draw more than 200 sketches, which takes several processes."""
    wanted = draw_sketches(230, 16, 3, 0.4, FAULTS)
    for attempt in ("new", "from the cache"):
        if attempt == "from the cache":
            # Importing it would fail.
            monkeypatch.setitem(sys.modules, "catdog_lib.data.parallel", None)
        found = data.sketch_set(230, 16, seed=3, difficulty=0.4, faults=FAULTS, progress=False)
        images, labels = found.images[:]
        np.testing.assert_array_equal(images, wanted.images)
        np.testing.assert_array_equal(labels, wanted.labels)
        np.testing.assert_array_equal(found.body_parts, wanted.body_parts)
        np.testing.assert_array_equal(found.true_labels, wanted.true_labels)
        np.testing.assert_array_equal(found.duplicate_of, wanted.duplicate_of)
        first, fresh = found.descriptions[0], asdict(wanted.descriptions[0])
        assert first["coat"]["pattern"] == fresh["coat"]["pattern"]
        assert [d["hidden"] for d in found.descriptions] == [
            list(d.hidden) for d in wanted.descriptions
        ]
    assert len(found.images.names) == len(set(found.images.names)) == 230


@pytest.mark.parametrize(
    "change", [{"seed": 4}, {"difficulty": 0.9}, {"faults": FAULTS}, {"size": 24}, {"count": 5}]
)
def test_each_argument_makes_another_set(change, tmp_path):
    usual = {"count": 4, "size": 16, "seed": 0}
    data.sketch_set(**usual, progress=False)
    data.sketch_set(**usual | change, progress=False)
    assert len(list(tmp_path.glob("*.npy"))) == 2


def test_the_map_agrees_with_the_image():
    found = data.sketch_set(60, 32, difficulty=0, progress=False)
    for part in BODY_PARTS:
        assert (found.body_parts == BODY_PARTS.index(part)).any((1, 2)).all(), part
    assert found.body_parts.max() == len(BODY_PARTS) - 1
    assert found.images.store.dtype == found.body_parts.dtype == torch.uint8


def test_load_takes_the_same_images():
    splits = data.load("sketches", 16, max_train=20, max_test=8, progress=False)
    test = data.sketch_set(8, 16, seed=1, progress=False)
    assert torch.equal(splits.test[:][0], test.images[:][0])


@pytest.mark.parametrize(
    ("word", "value"), [("difficulty", 3), ("count", 0), ("count", "many"), ("size", 9000)]
)
def test_a_bad_argument_leaves_no_file(tmp_path, word, value):
    with pytest.raises(CatdogError, match=f"^{word} is "):
        data.sketch_set(**{"count": 4, "size": 16, word: value}, progress=False)
    assert not list(tmp_path.iterdir())


def test_changed_source_code_draws_the_set_again(tmp_path, monkeypatch):
    data.sketch_set(4, 16, progress=False)
    package = tmp_path / "changed" / "sketches"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("# another way of drawing")
    monkeypatch.setattr(sketch_sets.sketches, "__file__", str(package / "__init__.py"))
    data.sketch_set(4, 16, progress=False)
    assert len(list(tmp_path.glob("*.npy"))) == 2
