"""What a GPU's program does wrong without a GPU: tensors of two devices meet, or a step waits."""

from functools import partial

import pytest
import torch
from torch import nn

from catdog_lib import models
from catdog_lib.data import augment
from catdog_lib.data.image_set import batches
from catdog_lib.sparsity import proximal_step
from catdog_lib.training import loop
from catdog_lib.training.metrics import RunningMetrics
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.trainer import Trainer
from tests.fake_gpu import GPU, OTHER_GPU, SMALL, Waits, fake_gpu
from tests.tiny import image_set

AUGMENTATIONS = [*augment.__all__, "flip_and_crop to 96 pixels"]
RECIPES = {
    "champion": dict(optimizer="muon", lr=0.1, weight_decay=0.1, schedule="one_cycle"),
    "sgd": dict(optimizer="sgd", momentum=0.9, ema_decay=0.9, accumulation_steps=2),
    "adamw": dict(optimizer="adamw", weight_decay=0.01, max_grad_norm=1.0, l1=1e-5),
    "proximal": dict(optimizer="adam", penalty="proximal", l1=1e-3, group_l1=1e-3),
}


@pytest.fixture
def gpu():
    with fake_gpu() as there:
        yield there


def transform(name):
    if name in augment.__all__:
        return getattr(augment, name)
    return partial(augment.flip_and_crop, size=96)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_no_augmentation_waits_and_all_compute_on_the_gpu(name, gpu):
    images = torch.zeros(128, 3, 64, 64, dtype=torch.uint8, device=GPU)
    images = images.to(memory_format=torch.channels_last)
    out = transform(name)(images, torch.Generator().manual_seed(0))
    assert out.device == GPU and out.dtype == torch.float32
    assert out.is_contiguous(memory_format=torch.channels_last)
    assert not gpu.waited


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("name", ["five_conv", "six_block", "residual"])
def test_no_step_waits(name, recipe, gpu):
    model = models.build(name, size=64, width=4)
    trainer = Trainer(model, Recipe(**RECIPES[recipe]), None, OTHER_GPU, 10)
    metrics = RunningMetrics()
    gpu.waited.clear()  # the network's weights have gone there
    for _ in range(2):
        images = torch.zeros(16, 3, 64, 64, dtype=torch.uint8, device=OTHER_GPU)
        targets = torch.zeros(16, dtype=torch.int64, device=OTHER_GPU)
        metrics.add(trainer.step(images, targets), targets)
    assert trainer.steps_taken == 2 and not gpu.waited
    assert {p.device for p in model.parameters()} == {OTHER_GPU}


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop])
def test_no_proximal_step_waits(kind, gpu):
    """A fused optimizer counts its steps on the GPU."""
    model = models.build("residual", size=64, width=4).to(GPU)
    optimizer = kind(model.parameters(), lr=0.01)
    for weight in model.parameters():
        weight.grad = torch.zeros_like(weight)
        averages = dict.fromkeys(("exp_avg_sq", "square_avg"), torch.zeros_like(weight))
        optimizer.state[weight] |= {"step": torch.zeros((), device=GPU), **averages}
    proximal_step(optimizer, model, l1=1e-3, group_l1=1e-3)


@pytest.mark.parametrize("where", ["main memory", "the GPU's"])
def test_no_batch_waits(where, gpu):
    dataset = image_set(200, 0, 64)
    if where != "main memory":
        dataset = dataset.to(GPU)
    gpu.waited.clear()
    for images, labels in batches(dataset, 64, shuffle=torch.Generator(), device=GPU):
        assert images.device == labels.device == GPU
        assert images.is_contiguous(memory_format=torch.channels_last)
    assert not gpu.waited


def test_prediction_waits_once(gpu):
    model, asked = nn.Sequential(nn.Flatten(), nn.Linear(192, 2)).to(GPU), []
    data = [(torch.zeros(8, 3, 8, 8, device=GPU), torch.zeros(8, device=GPU))] * 3
    with pytest.raises(Waits):
        loop.predict(model, data, lambda images: asked.append(1) or model(images))
    assert len(asked) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        lambda there: there.sum().item(),
        lambda there: there.nonzero(),
        lambda there: there.tolist(),
        lambda there: there[there > 0],
        lambda there: there.cpu(),
        lambda there: bool(there.any()),
    ],
    ids=["item", "nonzero", "tolist", "mask", "cpu", "bool"],
)
def test_the_alarm_works(wrong, gpu):
    with pytest.raises(Waits):
        wrong(torch.zeros(3, device=GPU))


def test_the_alarm_for_copies_works(gpu):
    large, small = torch.zeros(SMALL // 4 + 1), torch.zeros(SMALL // 4)
    for harmless in (small, large.pin_memory()):
        harmless.to(GPU, non_blocking=True)
    assert not gpu.waited
    for tensor, non_blocking in ((small, False), (large, True), (large.pin_memory(), False)):
        tensor.to(GPU, non_blocking=non_blocking)
    assert gpu.waited == [
        f"{SMALL} bytes, not non_blocking",
        f"{SMALL + 4} bytes, not pinned",
        f"{SMALL + 4} bytes, not non_blocking",
    ]


def test_two_devices_must_not_meet(gpu):
    with pytest.raises(RuntimeError, match="device"):
        torch.zeros(3) + torch.zeros(3, device=GPU)
