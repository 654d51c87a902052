"""On a CPU a batch holds fewer images the larger they are; on a GPU, always as many."""

import pytest
import torch

from catdog_lib.device import prediction_batch


@pytest.mark.parametrize(
    ("device", "size", "count"),
    [
        ("cpu", 32, 128),
        ("cpu", 64, 98),
        ("cpu", 224, 8),
        ("cpu", 1024, 1),
        ("cuda", 64, 128),
        ("cuda", 224, 128),
    ],
)
def test_a_batch_holds_what_the_caches_hold(device, size, count):
    assert prediction_batch(torch.device(device), size) == count
