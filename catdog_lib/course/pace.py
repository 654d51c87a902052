"""How fast this machine is, relative to the one that the lessons' promises are stated for.

A lesson promises its time on a reference machine. A slower machine may take longer, in proportion.
How much slower it is shows in four things that lessons do: import PyTorch, decode photos, compute
convolutions, run Python. Each is timed.
"""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from statistics import median

import torch
from PIL import Image
from torch import nn

from catdog_lib.device import autocast, choose_device, fast_dtype


@dataclass(frozen=True)
class Pace:
    """Seconds that a machine needs for four small tasks, each the median of several tries."""

    imports: float
    decoding: float
    convolution: float
    python: float

    @property
    def factor(self) -> float:
        """How many times as long as on the reference machine a lesson may take here; 1 or more.

        It is the ratio of the task that comes off worst: a lesson may consist mostly of that one.
        """
        here, there = asdict(self), asdict(REFERENCE)
        return max(1.0, *(here[task] / there[task] for task in here))


# Two cores of an AMD EPYC of 2021, with AVX2 and no bfloat16; PyTorch 2.15, 28 November 2026.
REFERENCE = Pace(imports=2.15, decoding=0.095, convolution=0.118, python=0.145)


def measure() -> Pace:
    """Measure this machine's pace in about 10 seconds; whatever else it is doing counts, too."""
    return Pace(
        imports=_typical(_import_torch, 3),
        decoding=_typical(_decode, 10),
        convolution=_typical(_convolve(), 10),
        python=_typical(_python, 10),
    )


@cache
def factor() -> float:
    """Return :attr:`Pace.factor` of this machine, measured once in a process."""
    return measure().factor


def _typical(task: Callable[[], object], tries: int) -> float:
    """Return the median time of a task, in seconds."""
    times = []
    for _ in range(tries):
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return median(times)


def _import_torch() -> None:
    """Import PyTorch in a process of its own."""
    subprocess.run([sys.executable, "-c", "import torch"], check=True)


def _decode() -> None:
    """Make 60 JPEG files of 400×300 pixels and read them at 64×64."""
    photo = Image.linear_gradient("L").resize((400, 300)).convert("RGB")
    for quality in range(35, 95):
        file = io.BytesIO()
        photo.save(file, "jpeg", quality=quality)
        Image.open(file).convert("RGB").resize((64, 64), Image.Resampling.BICUBIC)


def _convolve() -> Callable[[], object]:
    """Return a task: forward and backward through a small network.

    It computes on the device and in the number format that lessons compute in.
    """
    device = choose_device()
    dtype = fast_dtype(device)
    layers = [
        nn.Conv2d(3, 32, 3),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
    ]
    network = nn.Sequential(*layers).to(device, memory_format=torch.channels_last)
    images = torch.rand(64, 3, 64, 64, device=device)
    images = images.to(memory_format=torch.channels_last)

    def step() -> float:
        """Compute a loss and its gradients."""
        with torch.enable_grad(), autocast(device, dtype):
            loss = network(images).square().mean()
        loss.backward()
        return loss.item()  # waits for a GPU

    return step


def _python() -> None:
    """Do what plots and notebooks do most: small objects, attributes, dictionaries, text."""
    words = [f"{i * 7919 % 100_003:06d}" for i in range(150_000)]
    count: dict[str, int] = {}
    for word in words:
        count[word[:3]] = count.get(word[:3], 0) + 1
    sorted(words, key=lambda word: word[::-1])
