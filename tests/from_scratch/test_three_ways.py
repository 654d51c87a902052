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
    assert capsys.readouterr().out.count("Linear, argument ") == 3


def linear_with(factor):
    """Return a linear layer whose gradient of the weights is this many times what it should be."""

    class Wrong(from_scratch.Linear):
        @staticmethod
        def backward(g, saved):
            x, weight, _ = saved
            return g @ weight, factor * g.T @ x, g.sum(0)

    return Wrong


@pytest.mark.parametrize("factor", [2, 1 + 1e-8])  # finite differences would not see the latter
def test_a_wrong_backward_is_found(factor):
    with pytest.raises(CatdogError, match="the gradient of argument 1, 3×4, differs"):
        check_three_ways(linear_with(factor), F.linear, *TENSORS)


def test_a_mistake_that_autograd_shares_is_found_by_finite_differences():
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, weight):
            return weight.clone()

        @staticmethod
        def backward(ctx, g):
            return 2 * g

    def linear(x, weight, bias):
        return F.linear(x, Doubled.apply(weight), bias)

    # It is twice as long as the true gradient, so they are half of its length apart.
    with pytest.raises(CatdogError, match=r"autograd's by \de[+-]\d\d .* differences' by 5e-01\.$"):
        check_three_ways(linear_with(2), linear, *TENSORS)


def test_a_wrong_forward_is_found():
    with pytest.raises(CatdogError, match="forward is not what PyTorch computes"):
        check_three_ways(from_scratch.Linear, lambda x, w, b: F.linear(x, w), *TENSORS)


def test_a_gradient_that_is_nan_is_wrong():
    class Root:
        @staticmethod
        def forward(x):
            return x.sqrt(), (x,)

        @staticmethod
        def backward(g, saved):
            return (g * float("nan"),)

    with pytest.raises(CatdogError, match="backward is wrong"):
        check_three_ways(Root, torch.sqrt, torch.rand(3) + 1)
