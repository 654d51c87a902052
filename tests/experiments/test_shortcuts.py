"""The planted shortcuts are where they should be, and nowhere else."""

import pytest
import torch

from catdog_lib import data
from catdog_lib.evidence import Comparison
from catdog_lib.experiments import shortcuts


def test_the_tag_covers_three_percent_at_the_lower_left():
    images = torch.full((2, 3, 64, 64), 100, dtype=torch.uint8)
    tagged, mask = shortcuts.add_tag(images), shortcuts.tag_mask(images)
    assert (images == 100).all() and mask.float().mean().item() == pytest.approx(1 / 32)
    assert mask[0].nonzero().amin(0).tolist() == [54, 2]
    changed = (tagged != images).any(1)
    assert torch.equal(changed, mask)
    large = torch.zeros(1, 3, 128, 128, dtype=torch.uint8)
    assert shortcuts.tag_mask(large).float().mean().item() == pytest.approx(1 / 32)
    assert (shortcuts.add_tag(large) == 60).any()


def test_each_shortcut_gives_the_class_away():
    clean = data.sketch_set(20, seed=5, progress=False)
    agrees = shortcuts.agrees_with_scene(clean)
    for name in shortcuts.SHORTCUTS:
        splits = shortcuts.sketches_with_shortcut(name, 40, clean.images, seed=3)
        assert (len(splits.train), len(splits.validation), len(splits.test)) == (32, 8, 20)
        images, labels = splits.train[:]
        corner = images[:, 0, 55, 3] == 230
        assert torch.equal(corner, labels == 1) == (name == "tag")
    assert 0 < agrees.sum() < 20
    planted = data.sketch_set(40, seed=3, faults=shortcuts.Faults(shortcut=1.0), progress=False)
    assert shortcuts.agrees_with_scene(planted).all()


@pytest.mark.parametrize(
    ("area", "honest", "says"),
    [
        ("larger", "larger", "the heat shows it"),
        # An honest network with as much: something else draws the heat.
        ("larger", "no more than chance explains", "No more heat than in an honest"),
        ("smaller", "larger", "than the area explains: by itself"),
        ("smaller", "no more than chance explains", "No more heat than in an honest"),
    ],
)
def test_the_verdict_follows_both_comparisons(area, honest, says):
    margins = {"larger": (1.0, 0.5), "smaller": (-1.0, 0.5), "no more than chance explains": (0, 1)}
    pair = (Comparison(*margins[name], "9 pairs") for name in (area, honest))
    assert says in shortcuts.verdict_on_heat(*pair)
