"""A GPU that computes something else than the CPU is found, named, and not used.

The device ``meta``, which has shapes and no numbers, stands for the GPU.
"""

import warnings

import pytest
import torch
from torch import nn

from catdog_lib.cli import hardware as doctor
from catdog_lib.device import agreement, choice, choose_device

CPU, GPU = torch.device("cpu"), torch.device("meta")
RIGHT = agreement.results_on(CPU)


def nothing(results):
    raise NotImplementedError("no kernel image is available for execution on the device")


def wrong_at(position, change):
    """Return a GPU that is right but for one of its results."""
    return lambda results: [change(r) if i == position else r for i, r in enumerate(results)]


WRONG = {
    "cannot compute it": nothing,
    "logits that are not finite": wrong_at(0, lambda r: r * float("nan")),
    "logits of other images": wrong_at(0, lambda r: r.flip(0)),
    "no gradient for the images": wrong_at(1, torch.zeros_like),
    "a kernel's gradient is transposed": wrong_at(2, lambda r: r.mT),
    "one gradient a little too large": wrong_at(8, lambda r: 1.05 * r),
}


@pytest.fixture
def gpu(monkeypatch):
    """Make the GPU the fastest device here: it computes what the CPU does, changed as told."""

    def install(change):
        def results_on(device):
            return RIGHT if device == CPU else change([r.clone() for r in RIGHT])

        monkeypatch.setattr(agreement, "results_on", results_on)

    for module in (choice, doctor):
        monkeypatch.setattr(module, "fastest_device", lambda: GPU)
    monkeypatch.setattr(doctor, "describe", lambda device: f"the {device.type} GPU")
    caches = (agreement.difference_from_cpu, choice._trusted)
    for each in caches:
        each.cache_clear()
    yield install
    for each in caches:
        each.cache_clear()


@pytest.mark.parametrize("wrong", WRONG)
def test_a_gpu_that_is_wrong_is_not_used(wrong, gpu):
    gpu(WRONG[wrong])
    with pytest.warns(UserWarning, match="something else than the CPU") as said:
        assert choose_device() == CPU
    assert [choose_device(), len(said)] == [CPU, 1]  # once in a process
    assert said[0].filename == __file__
    assert agreement.difference_from_cpu(GPU) > agreement.TOLERANCE  # NaN would not be
    finding = doctor.device()
    assert not finding.ok and "is not used" in finding.text
    assert finding.facts["device"] == "cpu"


OUT_OF_MEMORY = {
    "CUDA": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB"),
    "without a word": torch.OutOfMemoryError(),
    "Apple's": RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
    "cuBLAS": RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"),
    "the driver": RuntimeError("CUDA error: out of memory"),
}


@pytest.mark.parametrize("said", OUT_OF_MEMORY)
def test_memory_that_runs_out_is_no_wrong_result(said, gpu):
    def full(results):
        raise OUT_OF_MEMORY[said]

    gpu(full)
    with pytest.raises(torch.OutOfMemoryError):
        agreement.difference_from_cpu(GPU)
    with pytest.warns(UserWarning, match="memory of .* has run out, so the CPU computes") as given:
        assert choose_device() == CPU
    assert [choose_device(), len(given)] == [CPU, 1]
    finding = doctor.device()
    assert not finding.ok and "its memory has run out" in finding.text
    assert finding.facts["device"] == "cpu"
    gpu(lambda results: results)
    assert agreement.difference_from_cpu(GPU) == 0  # once there is memory again


def rounded(results):
    """Return numbers as TF32 leaves them: 11 bits."""
    return [(r.view(torch.int32) + 0x1000 & ~0x1FFF).view(torch.float32) for r in results]


def test_a_gpu_that_only_rounds_is_used(gpu):
    gpu(rounded)
    with warnings.catch_warnings(action="error"):
        assert choose_device() == GPU
    finding = doctor.device()
    assert finding.ok and "which agree with the CPU's to" in finding.text
    assert 1e-5 < finding.facts["difference_from_cpu"] < 1e-3


def test_tf32_stays_within_the_tolerance(monkeypatch):
    """Its rounding, of both factors of each product, done by hand in every forward pass."""
    function = nn.functional.conv2d

    class Round(torch.autograd.Function):
        @staticmethod
        def forward(context, values):
            return rounded([values.contiguous()])[0]

        @staticmethod
        def backward(context, gradient):
            return rounded([gradient.contiguous()])[0]

    def conv(layer, images, weight, bias):
        return function(Round.apply(images), Round.apply(weight), bias, layer.stride, layer.padding)

    monkeypatch.setattr(nn.Conv2d, "_conv_forward", conv)
    pairs = list(zip(agreement.results_on(CPU), RIGHT, strict=True))
    moved = max(((a - b).norm() / b.norm()).item() for a, b in pairs)
    assert 1e-5 < moved < agreement.TOLERANCE / 5


def test_a_device_without_numbers_is_infinitely_far_away():
    assert agreement.difference_from_cpu(GPU) == float("inf")
    assert agreement.difference_from_cpu(CPU) == 0


def test_a_device_that_is_named_is_taken_at_its_word(gpu):
    gpu(nothing)
    assert choose_device("meta") == GPU


def test_the_comparison_draws_nothing_from_a_seeded_run():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    agreement.results_on(CPU)
    assert torch.equal(torch.rand(3), expected)
