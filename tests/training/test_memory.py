"""Memory: kept for the next step, micro-batches when it is too small, and float16, half the size.

What happens on a GPU is simulated here on a CPU; tests/training/test_cuda.py does it on
the GPU.
"""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from catdog_lib import models
from catdog_lib.data import augment
from catdog_lib.data.image_set import batches
from catdog_lib.errors import CatdogError
from catdog_lib.training.history import History
from catdog_lib.training.metrics import RunningMetrics
from catdog_lib.training.precision import MixedPrecision
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.resume import checkpoint_contents, resume
from catdog_lib.training.trainer import Trainer
from tests.tiny import batch, copies, image_set, plain, small

CPU, META = torch.device("cpu"), torch.device("meta")


def make_trainer(model, device=CPU, dtype=torch.float32, passed=None, **recipe) -> Trainer:
    recipe = Recipe(**{"optimizer": "sgd", "lr": 0.1, "precision": "float32", **recipe})
    trainer = Trainer(model.train(), recipe, passed, device, 10)
    trainer.precision = MixedPrecision(device, dtype)
    return trainer


FAULTS = """
import resource, sys, torch
from catdog_lib.device import keep_freed_memory
if sys.argv[1] == "kept" and not keep_freed_memory():
    print("not here")
    sys.exit()
def work():
    for megabytes in (48, 300, 20):
        torch.empty(megabytes << 20, dtype=torch.uint8).fill_(1)
for _ in range(6):  # small blocks that last come to lie between the large ones, once
    work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux's C library is told")
def test_memory_that_was_freed_is_used_again():
    faults = {}
    for how in ("kept", "not"):
        done = subprocess.run(
            [sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=True
        )
        faults[how] = done.stdout.strip()
    if faults["kept"] == "not here":
        pytest.skip("another C library than glibc")
    assert int(faults["kept"]) < 0.25 * int(faults["not"]), faults


RELEASE = """
import re, torch
from catdog_lib.device import keep_freed_memory, release_freed_memory
def megabytes():
    return int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
keep_freed_memory()
before = megabytes()
torch.empty(300 << 20, dtype=torch.uint8).fill_(1)
kept = megabytes()
release_freed_memory()
print(kept - before > 250, megabytes() - before < 50)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux says what is in memory")
def test_memory_that_was_kept_is_returned_after_the_last_step():
    done = subprocess.run(
        [sys.executable, "-c", RELEASE], capture_output=True, text=True, check=True
    )
    if done.stdout.split()[0] == "False":
        pytest.skip("another C library than glibc")
    assert done.stdout == "True True\n"


class TooSmall:
    """Let a network's forward pass fail as on a GPU whose memory holds so many images at once."""

    def __init__(self, model, room):
        self.sizes = []
        model.register_forward_pre_hook(self.look)
        self.room = room

    def look(self, module, inputs):
        self.sizes.append(len(inputs[0]))
        if len(inputs[0]) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory.")


class TestOutOfMemory:
    def test_the_batch_is_halved_until_it_fits_and_the_step_is_the_same(self):
        one, other = plain(), plain()
        settings = dict(
            momentum=0.9, max_grad_norm=0.5, label_smoothing=0.1, l1=0.01, ema_decay=0.9
        )
        whole, cut = make_trainer(one, **settings), make_trainer(other, **settings)
        memory = TooSmall(other, room=3)
        with pytest.warns(UserWarning, match="gradients are now added up from") as said:
            pieces = cut.step(*batch(10))
        assert ["2 micro-batches" in str(w.message) for w in said] == [True, False] and len(
            said
        ) == 2
        assert {w.filename for w in said} == {__file__}
        assert memory.sizes == [10, 5, 3, 3, 2, 2] and cut.micro_batches == 4
        torch.testing.assert_close(pieces, whole.step(*batch(10)))
        for seed in (6, 7):  # and without another attempt, or another word, from then on
            torch.testing.assert_close(cut.step(*batch(10, seed)), whole.step(*batch(10, seed)))
        assert memory.sizes[6:] == [3, 3, 2, 2] * 2 and len(said) == 2
        for a, b in zip(
            [*one.parameters(), *whole.ema.model.parameters()],
            [*other.parameters(), *cut.ema.model.parameters()],
            strict=True,
        ):
            torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)

    def test_gradients_of_the_parts_that_did_fit_are_not_counted_twice(self):
        one, other = plain(), plain()
        make_trainer(one).step(*batch(9))
        cut, calls = make_trainer(other, accumulation_steps=2), []

        def fail_once(module, inputs):
            calls.append(len(inputs[0]))
            if calls == [5, 4]:
                raise torch.OutOfMemoryError

        other.register_forward_pre_hook(fail_once)
        with pytest.warns(UserWarning, match="4 micro-batches"):
            cut.step(*batch(9))
        assert calls == [5, 4, 3, 2, 2, 2]
        for a, b in zip(one.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(a, b)

    @pytest.mark.filterwarnings("ignore:The memory of cpu")
    def test_too_little_for_one_image_is_said_and_nothing_is_changed(self):
        model = plain()
        before, trainer = copies(model.parameters()), make_trainer(model)
        memory = TooSmall(model, room=0)
        with pytest.raises(CatdogError, match="too small for 1 images at once; use a smaller"):
            trainer.step(*batch(4))
        assert memory.sizes == [4, 2, 1]
        assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
        assert trainer.steps_taken == 0


class TestScaler:
    """float16, as on GPUs before 2020; the CPU knows it too."""

    def half(self, model, **recipe):
        return make_trainer(model, dtype=torch.float16, **recipe)

    def test_it_computes_in_float16_and_learns_the_same(self):
        one, other, inside = plain(), plain(), []
        other[1].register_forward_hook(lambda module, inputs, maps: inside.append(maps.dtype))
        full, half = make_trainer(one, momentum=0.9), self.half(other, momentum=0.9)
        for seed in range(4):
            full.step(*batch(10, seed))
            half.step(*batch(10, seed))
        assert set(inside) == {torch.float16}
        for a, b in zip(one.parameters(), other.parameters(), strict=True):
            assert b.dtype == torch.float32
            torch.testing.assert_close(a, b, atol=2e-3, rtol=0)

    def test_gradients_too_small_for_float16_are_not_lost(self):
        """Below 6e-8 float16 has only 0: without the scale of 65,536 nothing would be learned."""
        sums = {}
        for scaled in (True, False):
            model = plain()
            model.register_forward_hook(lambda module, inputs, logits: logits * 1e-7)
            trainer = self.half(model)
            if not scaled:
                trainer.precision.scaler = torch.amp.GradScaler("cpu", enabled=False)
            trainer.step(*batch(10))
            sums[scaled] = sum(p.grad.abs().sum().item() for p in model.parameters())
        assert sums[True] > 0 == sums[False]

    def test_clipping_sees_the_gradients_as_they_are(self):
        moved = []
        for make in (make_trainer, self.half):
            model = plain()
            before = copies(model.parameters())
            make(model, lr=1.0, max_grad_norm=0.1).step(*batch(10))
            pairs = zip(before, model.parameters(), strict=True)
            moved.append(torch.nn.utils.get_total_norm([a - b.detach() for a, b in pairs]))
        assert moved == pytest.approx([0.1, 0.1], rel=0.01)

    def test_a_gradient_that_is_too_large_skips_the_update_and_halves_the_scale(self):
        model = plain()
        trainer = self.half(model, momentum=0.9)
        trainer.step(*batch(10))
        before, scale = copies(model.parameters()), trainer.precision.scaler.get_scale()
        handle = model[1].weight.register_hook(lambda gradient: gradient * torch.inf)
        trainer.step(*batch(10))
        handle.remove()
        assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
        assert trainer.precision.scaler.get_scale() == scale / 2
        trainer.step(*batch(10))
        assert not any(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))

    def test_a_resumed_run_has_the_scale(self):
        model = plain()
        trainer = self.half(model)
        handle = model[1].weight.register_hook(lambda gradient: gradient * torch.inf)
        trainer.step(*batch(10))
        handle.remove()
        trainer.history = History(device="cpu", dtype="float16")
        state = checkpoint_contents(trainer)
        again = make_trainer(plain())
        with pytest.warns(UserWarning, match="begun in float16"):
            resume(again, state)
        assert (
            again.precision.dtype == torch.float16 and again.precision.scaler.get_scale() == 2**15
        )


class Crossings(TorchDispatchMode):
    """Notes where a tensor moves to the device ``meta`` so that the program would wait for a GPU.

    ``meta`` stands for the GPU: it has shapes and no numbers, so whatever asks for one raises an
    error.
    """

    def __init__(self):
        super().__init__()
        self.waits = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function is torch.ops.aten._to_copy.default:
            goes = {args[0].device, torch.device(kwargs.get("device") or args[0].device)}
            if goes == {CPU, META} and not kwargs.get("non_blocking"):
                self.waits.append(str(function))
        if function is torch.ops.aten.copy_.default:
            blocking = len(args) < 3 or not args[2]
            if {args[0].device, args[1].device} == {CPU, META} and blocking:
                self.waits.append(str(function))
        return function(*args, **kwargs)


class TestNoWaiting:
    """The program runs ahead of the GPU: no step asks it for a number, or waits for a copy."""

    @pytest.mark.parametrize("name", augment.__all__)
    def test_no_augmentation_waits(self, name):
        images = torch.zeros(16, 3, 64, 64, dtype=torch.uint8, device=META)
        images = images.to(memory_format=torch.channels_last)
        with Crossings() as crossings:
            changed = getattr(augment, name)(images, torch.Generator().manual_seed(0))
        assert changed.device == META and not crossings.waits

    @pytest.mark.parametrize("stays", [True, False], ids=["on the GPU", "in main memory"])
    def test_no_batch_waits(self, stays):
        photos = image_set(20, 0)
        photos = photos.to(META) if stays else photos
        with Crossings() as crossings:
            pairs = list(batches(photos, 8, shuffle=torch.Generator(), device=META))
        assert [len(labels) for _, labels in pairs] == [8, 8, 4] and not crossings.waits
        assert {tensor.device for pair in pairs for tensor in pair} == {META}

    @pytest.mark.parametrize("optimizer", ["adam", "muon"])
    def test_no_step_waits(self, optimizer):
        model = models.build("residual", size=32, width=4).to(META)
        passed = None
        if optimizer == "adam":  # its fused form knows no meta device
            passed = torch.optim.Adam(model.parameters(), fused=False)
        trainer = make_trainer(
            model,
            META,
            passed=passed,
            optimizer=optimizer,
            max_grad_norm=1.0,
            ema_decay=0.9,
            l1=1e-5,
            accumulation_steps=2,
            label_smoothing=0.1,
        )
        images = torch.zeros(8, 3, 32, 32, dtype=torch.uint8, device=META)
        labels, metrics = torch.zeros(8, dtype=torch.int64, device=META), RunningMetrics()
        with Crossings() as crossings:
            for _ in range(2):
                metrics.add(trainer.step(images, labels), labels)
        assert trainer.steps_taken == 2 and not crossings.waits

    def test_the_stand_in_notices(self):
        there = torch.zeros(3, device=META)
        with Crossings() as crossings:
            torch.zeros(3).to(META)
            there.copy_(torch.zeros(3))
            torch.zeros(3).to(META, non_blocking=True)
        assert len(crossings.waits) == 2
        for ask in (torch.Tensor.item, torch.Tensor.nonzero):
            with pytest.raises((RuntimeError, NotImplementedError)):
                ask(F.relu(there).sum())


def test_batchnorm_goes_with_float16():
    model = small()
    trainer = make_trainer(model, dtype=torch.float16)
    assert trainer.step(*batch(10)).isfinite().all()
    assert model[2].running_var.dtype == torch.float32
