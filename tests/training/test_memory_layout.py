import pytest
import torch
from torch import nn

from catdog_lib.inspect.hooks import forward_hooks
from catdog_lib.models import FiveConvCNN, SixBlockCNN
from catdog_lib.training import memory_layout, trainer
from catdog_lib.training.memory_layout import FIRST, LAST, fast_layout, layout_time
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.trainer import Trainer
from tests.tiny import image_set

CPU = torch.device("cpu")
LARGE = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 512, 3, padding=1))
IMAGES = torch.zeros(2, 3, 200, 200)  # 40,000 · 8 · 512 · 9 = 1.5e9 multiply-adds
F32, BF16 = torch.float32, torch.bfloat16


@pytest.mark.parametrize(
    ("time", "dtype", "layout"), [(0.79, F32, FIRST), (0.81, F32, LAST), (0.5, BF16, LAST)]
)
def test_the_faster_layout_for_the_largest_convolution_is_taken(monkeypatch, time, dtype, layout):
    timed = []

    def measured(layer, maps):
        timed.append((layer, tuple(maps.shape)))
        return time

    monkeypatch.setattr(memory_layout, "layout_time", measured)
    assert fast_layout(LARGE, IMAGES, dtype) == layout
    assert timed == ([(LARGE[1], (1, 8, 200, 200))] if dtype == F32 else [])


@pytest.mark.parametrize(
    ("model", "size"),
    [(FiveConvCNN(256), 256), (SixBlockCNN(64, width=8), 64), (nn.Linear(3, 2), 64)],
    ids=["five_conv", "small six_block", "no convolution"],
)
def test_nothing_is_timed_where_every_convolution_is_small(monkeypatch, model, size):
    monkeypatch.setattr(memory_layout, "layout_time", lambda *_: pytest.fail("timed"))
    assert fast_layout(model, torch.zeros(1, 3, size, size), F32) == LAST


def test_a_convolution_on_small_maps_is_not_timed(monkeypatch):
    """Its weights and the image's size would allow a billion multiply-adds."""
    monkeypatch.setattr(memory_layout, "layout_time", lambda *_: pytest.fail("timed"))
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.MaxPool2d(16), nn.Conv2d(8, 512, 3, padding=1))
    assert fast_layout(model, IMAGES, F32) == LAST


def test_timing_leaves_the_layer_and_the_random_numbers_alone():
    layer = nn.Conv2d(3, 4, 3).to(memory_format=LAST)
    maps = torch.rand(1, 3, 16, 16)
    before, state = layer.weight.clone(), torch.get_rng_state()
    assert layout_time(layer, maps) > 0
    assert torch.equal(layer.weight, before)
    assert layer.weight.is_contiguous(memory_format=LAST)
    assert layer.weight.grad is None
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("layout", [FIRST, LAST])
def test_the_network_trains_in_the_layout_that_is_faster(monkeypatch, layout):
    asked = []
    monkeypatch.setattr(trainer, "fast_layout", lambda *given: asked.append(given) or layout)
    torch.manual_seed(0)
    model = SixBlockCNN(64, width=2)
    made = Trainer(model, Recipe(batch_size=8, precision="float32"), None, CPU, steps_in_epoch=2)
    seen = []
    with forward_hooks(model, lambda call: seen.append(call.inputs[0]), layers=["block2.0"]):
        made.train_epoch(image_set(16, 0, size=64))
    assert len(asked) == 1  # once, at the first batch
    assert len(seen) == 2
    assert all(maps.is_contiguous(memory_format=layout) for maps in seen)
    assert model.block2[0].weight.is_contiguous(memory_format=layout)


def test_both_layouts_learn_the_same(monkeypatch):
    losses = {}
    for layout in (FIRST, LAST):
        monkeypatch.setattr(trainer, "fast_layout", lambda *_, chosen=layout: chosen)
        torch.manual_seed(0)
        recipe = Recipe(batch_size=8, optimizer="sgd", precision="float32", ema_decay=0.9)
        made = Trainer(SixBlockCNN(64, width=2), recipe, None, CPU, steps_in_epoch=2)
        losses[layout] = made.train_epoch(image_set(16, 0, size=64)).loss
    assert losses[FIRST] == pytest.approx(losses[LAST], rel=5e-3)
