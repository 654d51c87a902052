"""Faults planted in a set of sketches: as many as asked for, and their truth kept."""

import dataclasses

import numpy as np
import pytest

from catdog_lib.errors import CatdogError
from catdog_lib.sketches import Faults, draw_images, draw_sketches
from catdog_lib.sketches.composition import Composition
from catdog_lib.sketches.scenes import INDOORS, OUTDOORS


def test_without_faults_nothing_changes():
    plain, asked = draw_images(20, 16, seed=2), draw_images(20, 16, seed=2, faults=Faults())
    np.testing.assert_array_equal(plain[0], asked[0])
    np.testing.assert_array_equal(plain[1], asked[1])


@pytest.mark.parametrize("q", [0.0, 0.6, 1.0])
def test_the_shortcut_predicts_the_class_as_often_as_it_says(q):
    faults, scenes = Faults(shortcut=q), {0: set(), 1: set()}
    right = []
    for i in range(600):
        label = faults.true_label(1, i)
        scene = Composition([1, i], label, 0.5, faults.scene_by_class(1, i)).scene
        right.append((scene in OUTDOORS) == bool(label))
        scenes[label].add(scene)
    # Three standard deviations.
    assert abs(np.mean(right) - (1 + q) / 2) < (0.06 if q < 1 else 1e-9)
    assert scenes[0] | scenes[1] == set(INDOORS) | set(OUTDOORS), (
        "within a family, every scene comes"
    )


def test_the_shortcut_changes_only_scenes():
    plain, cut = (draw_sketches(40, 16, seed=1, faults=f) for f in (Faults(), Faults(shortcut=1)))
    for a, b in zip(plain.descriptions, cut.descriptions, strict=True):
        assert dataclasses.replace(a, scene=b.scene) == b
        if a.scene == b.scene:
            continue
        assert (a.scene in OUTDOORS) != (b.scene in OUTDOORS)


def test_label_noise_flips_labels_and_keeps_the_truth():
    clean = draw_sketches(150, 16, seed=4)
    batch = draw_sketches(150, 16, seed=4, faults=Faults(label_noise=0.2))
    np.testing.assert_array_equal(batch.images, clean.images)
    np.testing.assert_array_equal(batch.true_labels, clean.labels)
    wrong = batch.labels != batch.true_labels
    assert wrong.tolist() == [Faults(label_noise=0.2).flipped(4, i) for i in range(150)]
    assert abs(np.mean([Faults(label_noise=0.2).flipped(4, i) for i in range(2000)]) - 0.2) < 0.03
    assert (
        5 < wrong[batch.true_labels == 0].sum() < 30
        and 5 < wrong[batch.true_labels == 1].sum() < 30
    )
    all_wrong = draw_sketches(30, 16, seed=4, faults=Faults(label_noise=1))
    np.testing.assert_array_equal(all_wrong.labels, 1 - clean.labels[:30])


@pytest.mark.parametrize("dogs", [0.0, 0.1, 0.8, 1.0])
def test_imbalance(dogs):
    _, labels = draw_images(20, 16, seed=5, faults=Faults(dogs=dogs))
    all_labels = [Faults(dogs=dogs).true_label(5, i) for i in range(1500)]
    assert labels.tolist() == all_labels[:20]
    assert abs(np.mean(all_labels) - dogs) < (0.035 if 0 < dogs < 1 else 1e-9)


def test_duplicates_repeat_an_earlier_image_and_name_it():
    batch = draw_sketches(260, 32, seed=6, faults=Faults(duplicates=0.25))
    copies = np.flatnonzero(batch.duplicate_of >= 0)
    assert abs(len(copies) / 260 - 0.25) < 0.08
    assert (batch.duplicate_of[copies] < copies).all()
    assert (batch.duplicate_of[batch.duplicate_of[copies]] == -1).all(), "points to the first one"
    # Half of them; a copy of a copy is more often a near one.
    assert 0.3 < batch.exact[copies].mean() < 0.65
    for i in copies:
        first = batch.duplicate_of[i]
        assert batch.true_labels[i] == batch.true_labels[first]
        assert batch.descriptions[i] == batch.descriptions[first]
        np.testing.assert_array_equal(batch.body_parts[i], batch.body_parts[first])
        change = np.abs(batch.images[i].astype(int) - batch.images[first])
        if batch.exact[i]:
            assert change.max() == 0
        else:
            assert 0 < change.mean() < 20
    fresh = batch.images[batch.duplicate_of < 0]
    assert len({image.tobytes() for image in fresh}) == len(fresh)


def test_faults_keep_the_beginning_of_a_set():
    faults = Faults(shortcut=0.5, label_noise=0.1, dogs=0.7, duplicates=0.3)
    long, short = (draw_sketches(n, 16, seed=7, difficulty=0.3, faults=faults) for n in (60, 25))
    images, labels = draw_images(25, 16, 7, 0.3, faults)
    for name in ("images", "labels", "true_labels", "body_parts", "duplicate_of", "exact"):
        np.testing.assert_array_equal(getattr(long, name)[:25], getattr(short, name))
    assert long.descriptions[:25] == short.descriptions
    np.testing.assert_array_equal(images, short.images)
    np.testing.assert_array_equal(labels, short.labels)


@pytest.mark.parametrize("name", ["shortcut", "label_noise", "dogs", "duplicates"])
@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), "0.5", True, None])
def test_anything_but_a_share_is_refused(name, share):
    with pytest.raises(CatdogError, match=f"^{name} is "):
        Faults(**{name: share})
