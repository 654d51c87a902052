"""What a sketch says about itself, body parts and description, against its image."""

import dataclasses
import json

import numpy as np
import pytest

from catdog_lib.sketches import SketchBatch, draw_image, draw_images, draw_sketch, draw_sketches
from catdog_lib.sketches.canvas import BODY_PARTS, Canvas, Pen
from catdog_lib.sketches.composition import Composition
from catdog_lib.sketches.sampling import ramp
from catdog_lib.sketches.traits import FEATURES

BACKGROUND, BODY, EARS, EYES, MUZZLE = range(5)
LABELS = (0, 1)


@pytest.fixture(scope="module")
def batch() -> SketchBatch:
    return draw_sketches(360, 32, seed=3)


@pytest.fixture(scope="module")
def hard() -> SketchBatch:
    return draw_sketches(200, 32, seed=3, difficulty=1)


def test_shapes_and_types(batch):
    assert batch.body_parts.shape == (360, 32, 32) and batch.body_parts.dtype == np.uint8
    assert BODY_PARTS == ("background", "body", "ears", "eyes", "muzzle")
    assert batch.body_parts.max() == MUZZLE
    assert len(batch.descriptions) == 360
    np.testing.assert_array_equal(batch.duplicate_of, -1)
    assert not batch.exact.any()
    np.testing.assert_array_equal(batch.true_labels, [d.label for d in batch.descriptions])


def test_images_are_the_same_with_and_without_their_truth(batch, hard):
    for sketches, difficulty in ((batch, 0.5), (hard, 1.0)):
        images, labels = draw_images(60, 32, seed=3, difficulty=difficulty)
        np.testing.assert_array_equal(images, sketches.images[:60])
        np.testing.assert_array_equal(labels, sketches.labels[:60])


@pytest.mark.parametrize("label", LABELS)
def test_a_sketch_has_the_image_of_draw_image(label):
    one = draw_sketch(12, label, 40, difficulty=0.7)
    assert one.image.tobytes() == draw_image(12, label, 40, difficulty=0.7).tobytes()
    assert one.body_parts.shape == (40, 40) and one.description.label == label


def test_a_map_is_drawn_with_the_image():
    """Draw two parts, one over the other, in known places.

    Each pixel goes to the part that covers most of it.
    """
    from PIL import Image

    from catdog_lib.sketches.camera import downsample_map

    canvas = Canvas(Image.new("RGB", (30, 30)), with_map=True)
    page = Pen(canvas, part="background")
    page.of("ears").shape([(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)], (1, 2, 3))
    page.of("eyes").oval(0.5, 0.5, 0.2, 0.2, (9, 9, 9))
    page.of(None).shape([(0, 0.3), (1, 0.3), (1, 0.4), (0, 0.4)], (7, 7, 7))
    page.shape([(0, 0.8), (1, 0.8), (1, 1), (0, 1)], (5, 5, 5))
    small = downsample_map(canvas.map, canvas.margin, 10)
    assert small[4, 4] == EYES and small[2, 2] == EARS and small[0, 0] == BACKGROUND
    assert small[3, 1] == EARS, "a pen of no part leaves the map as it is"
    assert small[8, 5] == BACKGROUND, "what is in front hides the part"
    assert canvas.image.getpixel((15, 15)) == (9, 9, 9)
    assert 8 <= (small == EYES).sum() <= 16  # π · 2² = 12.6


def test_easy_images_show_every_feature():
    easy = draw_sketches(100, 64, seed=8, difficulty=0)
    assert all(d.hidden == () and not d.ambiguous for d in easy.descriptions)
    areas = np.stack([(easy.body_parts == part).mean(axis=(1, 2)) for part in range(5)])
    assert areas.min(axis=1)[[EARS, EYES, MUZZLE]].min() > 0.002
    assert areas[BODY].min() > 0.1


def test_each_part_lies_where_it_belongs():
    """Find ears on top, eyes between ears and muzzle, the muzzle in the middle."""
    easy = draw_sketches(40, 64, seed=21, difficulty=0)
    rows, columns = np.mgrid[:64, :64]
    for body_parts, d in zip(easy.body_parts, easy.descriptions, strict=True):
        eye, muzzle = rows[body_parts == EYES].mean(), rows[body_parts == MUZZLE].mean()
        assert eye < muzzle
        assert abs(columns[body_parts == MUZZLE].mean() - 64 * d.pose.x) < 10
        assert abs(eye - 64 * d.pose.y) < 10
        if d.face.ears in ("pointed", "tufted", "rounded", "pricked", "bat"):
            assert rows[body_parts == EARS].mean() < eye


def test_a_map_fits_its_image():
    """Look, without noise, for eyes where the image has the colours of the iris."""
    found = 0
    for seed in range(12):
        composition = Composition([seed, 0], 0, difficulty=0)
        iris = np.array(composition.face.iris, float)
        sketch = composition.draw_sketch(96)
        canvas, _ = Composition([seed, 0], 0, difficulty=0)._paint(96, with_map=False)
        pixels = np.asarray(canvas.image)
        pixels = pixels.reshape(96, 3, 96, 3, 3)[:, 1, :, 1]
        like_iris = np.abs(pixels - iris).max(axis=2) < 3
        near = sketch.body_parts == EYES
        assert near[like_iris].mean() > 0.6
        found += like_iris.sum()
    assert found > 500


def test_the_map_is_the_same_at_every_size():
    small, large = draw_sketch(4, 1, 48).body_parts, draw_sketch(4, 1, 192).body_parts
    assert (small == large[2::4, 2::4]).mean() > 0.95


def test_hidden_features_are_hidden(batch, hard):
    """Count the pixels of hidden ears and muzzles: few; hidden eyes too, or both are shut."""
    seen = {name: 0 for name in FEATURES}
    for sketches in (batch, hard):
        for body_parts, d in zip(sketches.body_parts, sketches.descriptions, strict=True):
            head = (64 * d.pose.unit / 2) ** 2  # its area in pixels, over π
            for name in d.hidden:
                area = (body_parts == BODY_PARTS.index(name)).sum() / head
                assert area < 0.4 or (name == "eyes" and d.pose.lids == "happy"), d
                seen[name] += 1
            if "eyes" not in d.hidden:
                assert d.pose.lids != "happy"
            if d.accessories.neck == "scarf" and d.occluder.kind == "none":
                assert "muzzle" in d.hidden
            if d.accessories.eyes == "sunglasses":
                assert "eyes" in d.hidden
            if d.occluder.kind in ("sheet", "box"):
                assert d.hidden == FEATURES
    assert min(seen.values()) >= 20


def test_ambiguous_images_are_few_and_marked(batch, hard):
    assert 2 <= sum(d.ambiguous for d in batch.descriptions) <= 24
    assert 10 <= sum(d.ambiguous for d in hard.descriptions) <= 50
    for d in (*batch.descriptions, *hard.descriptions):
        mixed = d.face.ears_of != d.face.muzzle_of
        assert d.ambiguous == (mixed or d.hidden == FEATURES)
        if not mixed:
            assert {d.face.ears_of, d.face.eyes_of, d.face.head_of} == {d.label}


def test_a_mixed_animal_tells_nothing_of_its_label():
    mixed = []
    for i in range(1200):
        composition = Composition([77, i], i % 2, difficulty=1)
        if composition.ambiguity.kind == "mixed":
            mixed.append((composition.label, composition.face))
    assert 35 <= len(mixed) <= 90  # 5%
    for feature in ("ears_of", "eyes_of", "muzzle_of", "head_of"):
        agree = np.mean([getattr(face, feature) == label for label, face in mixed])
        assert 0.25 < agree < 0.75, feature


def test_whiskers_and_tongues_come_and_go(batch):
    cats = [d.face for d in batch.descriptions if d.label == 0]
    dogs = [d.face for d in batch.descriptions if d.label == 1]
    assert 0.75 < np.mean([face.whiskers for face in cats]) < 0.97
    assert not any(face.whiskers for face in dogs)
    assert 0.3 < np.mean([face.tongue for face in dogs]) < 0.6
    assert 0 < np.mean([face.tongue for face in cats]) < 0.2


def test_a_description_is_json(batch):
    for d in batch.descriptions[:50]:
        again = json.loads(json.dumps(dataclasses.asdict(d)))
        assert again["pose"]["lids"] == d.pose.lids and again["ambiguous"] is d.ambiguous


def test_only_the_animal_differs_between_a_cat_and_a_dog_of_one_seed():
    """Check that coat, pose, scene, things, light and noise cannot give away the class."""
    same = ("scene", "coat", "pose", "accessories", "occluder", "camera")
    changes, untouched = [], 0
    for seed in range(40):
        cat, dog = (draw_sketch(seed, label, 64) for label in LABELS)
        for name in same:
            assert getattr(cat.description, name) == getattr(dog.description, name), name
        if not cat.description.ambiguous:
            assert cat.description.face != dog.description.face
        change = np.abs(np.asarray(cat.image, float) - np.asarray(dog.image, float)).mean(axis=2)
        changes.append(change[16:48, 16:48].mean())
        # JPEG works on blocks of 16 pixels, blur and shadow reach a little beyond the animal.
        animal = (cat.body_parts > 0) | (dog.body_parts > 0)
        blocks = animal.reshape(4, 16, 4, 16).any(axis=(1, 3))
        around = np.pad(blocks, 1)
        for dy in (0, 1, 2):
            for dx in (0, 1, 2):
                blocks = blocks | around[dy : dy + 4, dx : dx + 4]
        far = ~np.kron(blocks, np.ones((16, 16), bool))
        assert change[far].max(initial=0) == 0
        untouched += far.sum()
    assert np.mean(changes) > 10
    assert untouched > 2000


def test_traits_do_not_depend_on_the_class(batch):
    """Check that scenes, patterns and things are as frequent with cats as with dogs."""
    for trait in (
        lambda d: d.scene,
        lambda d: d.coat.pattern,
        lambda d: d.pose.posture,
        lambda d: d.accessories.neck,
        lambda d: d.occluder.kind,
    ):
        values = np.array([trait(d) for d in batch.descriptions])
        for value in set(values):
            cats, dogs = ((values[batch.true_labels == label] == value).mean() for label in LABELS)
            assert abs(cats - dogs) < 0.15, value


def test_every_kind_of_thing_is_drawn(batch, hard):
    everything = (*batch.descriptions, *hard.descriptions)
    assert {d.scene for d in everything} == {
        "garden", "bokeh", "beach", "fence", "sofa", "room", "shelf", "studio",
    }  # outdoors, then indoors  # fmt: skip
    assert {d.occluder.kind for d in everything} == {
        "none", "ledge", "grass", "frame", "leaf", "butterfly", "ball", "yarn", "pot",
        "sheet", "box",
    }  # the last two hide all of the animal  # fmt: skip
    assert {d.accessories.head for d in everything} == {"none", "flower", "party hat", "woolly hat"}
    assert len({d.face.breed for d in everything}) == 15  # five of cats, nine of dogs, and mixed


def test_difficulty_moves_evenly():
    assert [ramp(d, 0, 10, 40) for d in (0, 0.25, 0.5, 0.75, 1)] == [0, 5, 10, 25, 40]
    hidden, noise, unit = [], [], []
    for d in (0, 0.5, 1):
        descriptions = draw_sketches(60, 16, seed=6, difficulty=d).descriptions
        hidden.append(np.mean([len(x.hidden) for x in descriptions]))
        noise.append(np.mean([x.camera.noise for x in descriptions]))
        unit.append(np.mean([x.pose.unit for x in descriptions]))
    assert hidden[0] == 0 < hidden[1] < hidden[2]
    assert noise[0] < noise[1] < noise[2]
    assert unit[0] > unit[1] > unit[2]
