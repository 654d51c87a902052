"""The check of a layer finds a wrong derivative."""

import pytest
import torch
from torch.nn import functional as F

from catdog_lib import from_scratch
from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch.three_ways import check_three_ways

TENSORS = torch.randn(5, 4), torch.randn(3, 4), torch.randn(3)


def test_a_right_layer_passes(capsys):
    check_three_ways(from_scratch.Linear, F.linear, *TENSORS)
    assert capsys.readouterr().out.count("Linear, gradient of") == 3


def test_a_wrong_backward_is_found():
    class Wrong(from_scratch.Linear):
        @staticmethod
        def backward(g, saved):
            x, weight, _ = saved
            return g @ weight, 2 * g.T @ x, g.sum(0)

    with pytest.raises(CatdogError, match="the gradient of argument 1, 3×4, differs"):
        check_three_ways(Wrong, F.linear, *TENSORS)


def test_a_wrong_forward_is_found():
    with pytest.raises(CatdogError, match="forward is not what PyTorch computes"):
        check_three_ways(from_scratch.Linear, lambda x, w, b: F.linear(x, w), *TENSORS)
