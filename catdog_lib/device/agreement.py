"""Does a GPU compute what the CPU computes? A forward and a backward pass on both, compared.

A driver, a build of PyTorch that does not fit the GPU, or a defect in a backend can make a GPU
return wrong numbers without any error. A network then trains badly, and nobody knows why.
"""

from __future__ import annotations

import re
from functools import cache

import torch
from torch import nn
from torch.nn import functional as F

# A GPU may round what it multiplies to 11 bits (TF32); that moves a result by less than 0.001.
TOLERANCE = 0.02
# How a device says, in other errors than torch.OutOfMemoryError, that memory has run out.
_NO_MEMORY = re.compile(r"out of memory|not enough memory|can't allocate memory|_ALLOC_FAILED")


@cache
def difference_from_cpu(device: torch.device) -> float:
    """Return how much the results of a small network on a device differ from those on the CPU.

    The results are its logits and the gradients of all its parameters and of the images. Each
    differs by ‖a - b‖ / ‖b‖, where a is from the device and b from the CPU; the largest of these
    counts. It is infinite if the device cannot compute the network, or returns numbers that are not
    finite. Computed once in a process.

    Raises:
        torch.OutOfMemoryError: memory ran out, which says nothing about the results.
    """
    try:
        pairs = list(zip(results_on(device), results_on(torch.device("cpu")), strict=True))
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError) or _NO_MEMORY.search(str(error)):
            raise torch.OutOfMemoryError(str(error)) from error
        # Such as "no kernel image is available for execution on the device".
        return float("inf")
    differences = torch.stack([(a - b).norm() / b.norm() for a, b in pairs])
    return differences.max().item() if differences.isfinite().all() else float("inf")


def agrees_with_cpu(device: torch.device) -> bool:
    """Return whether a device computes what the CPU computes, up to rounding.

    Raises:
        torch.OutOfMemoryError: as :func:`difference_from_cpu`.
    """
    return device.type == "cpu" or difference_from_cpu(device) <= TOLERANCE


def results_on(device: torch.device) -> list[torch.Tensor]:
    """Return a network's logits and gradients, and moved pixels, computed on a device, on the CPU.

    The network has the layers that the course trains: convolution, BatchNorm, ReLU, max-pooling and
    a linear layer, with the images in channels-last order. Pixels are moved as augmentation does
    it, which Apple's GPUs could not before PyTorch 2.13. Weights and images are the same in each
    call, and drawing them changes nothing that a seeded run draws next.

    Images and first weights are numbers of 8 bits, whose products are exact in any format. So no
    rounding lifts a value over the corner of the ReLU, or makes another one the largest of its
    window, either of which would change gradients by several hundredths.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        network = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(32),
            nn.Flatten(),
            nn.Linear(32 * 6 * 6, 2),
        )
        images = torch.randn(16, 3, 24, 24).bfloat16().float()
        network[0].weight.data = network[0].weight.data.bfloat16().float()
    network = network.to(device, memory_format=torch.channels_last)
    images = images.to(device).contiguous(memory_format=torch.channels_last).requires_grad_()
    with torch.enable_grad():
        logits = network(images)
        F.cross_entropy(logits, torch.arange(16, device=device) % 2).backward()
        places = torch.linspace(-1.5, 1.5, 512, device=device).view(1, 16, 16, 2)
        moved = F.grid_sample(images[:1], places, padding_mode="border", align_corners=False)
    results = [logits, moved, *(value.grad for value in (images, *network.parameters()))]
    return [result.detach().cpu() for result in results]
