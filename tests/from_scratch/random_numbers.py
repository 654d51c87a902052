"""Random numbers for the tests of derivatives."""

import torch


def numbers(rng, *shape):
    """Draw normal float64 numbers, further apart from each other and 0 than a difference's step."""
    generator = torch.Generator().manual_seed(rng.randrange(2**31))
    x = torch.randn(shape, generator=generator, dtype=torch.float64)
    ranks = torch.randperm(x.numel(), generator=generator).reshape(shape) + 1
    return (x * 1e3).round() / 1e3 + (2e-4 + 6e-4 * ranks / x.numel())
