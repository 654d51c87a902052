"""Finite differences: their error is what the formula says, and they leave their argument alone."""

import pytest
import torch

from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch import numeric_gradient, relative_error


def test_the_error_of_central_differences_falls_with_the_square_of_h_until_rounding():
    x = torch.tensor([0.3, -1.2, 2.0], dtype=torch.float64)
    for h in (1e-1, 1e-2, 1e-3):  # the third derivative of x³ is 6, so the error is h²
        error = numeric_gradient(lambda t: (t**3).sum(), x, h) - 3 * x**2
        torch.testing.assert_close(error, torch.full_like(x, h**2), rtol=1e-5, atol=0)

    def worst(h):
        return (numeric_gradient(lambda t: t.exp().sum(), x, h) - x.exp()).abs().max()

    assert worst(6e-6) < 1e-9 and worst(1e-3) > 1e-7 and worst(1e-12) > 1e-5
    by_default = numeric_gradient(lambda t: t.exp().sum(), x)
    assert (by_default - x.exp()).abs().max() < 1e-9


def test_one_number_moves_at_a_time():
    """A product is linear in each factor, so central differences are exact, whatever the step."""
    x = torch.tensor([0.5, -2.0, 4.0], dtype=torch.float64)
    torch.testing.assert_close(numeric_gradient(torch.prod, x, h=0.25), x.prod() / x)


def test_the_argument_of_a_numeric_gradient_stays_as_it_is_whatever_its_layout():
    x = torch.arange(6, dtype=torch.float64).reshape(2, 3).T.requires_grad_()
    before = x.detach().clone()
    gradient = numeric_gradient(lambda t: (t * torch.tensor([[1.0, 10.0]])).sum(), x)
    torch.testing.assert_close(gradient, torch.tensor([[1.0, 10]] * 3, dtype=torch.float64))
    assert torch.equal(x, before) and not gradient.requires_grad
    # Not even while it is at work: a function may look at the same tensor by another name.
    x = torch.tensor([1.0, 2.0], dtype=torch.float64)
    torch.testing.assert_close(numeric_gradient(lambda t: (t * x).sum(), x), x)


def test_relative_errors():
    a, b = torch.tensor([3.0, 4.0]), torch.tensor([3.0, 4.5])
    assert relative_error(a, b) == relative_error(b, a) == pytest.approx(0.5 / b.norm().item())
    assert relative_error(a, a) == 0 and relative_error(a, -a) == 2
    assert relative_error(torch.zeros(2), torch.tensor([1e-17, 0])) == pytest.approx(1e-9)


def zeros(*shape):
    return torch.zeros(shape)


BAD = [
    (lambda: numeric_gradient(torch.sum, zeros(3)), r"torch.float32.*x.double\(\)"),
    (lambda: numeric_gradient(torch.exp, zeros(3).double()), "returns 3 numbers"),
    (lambda: relative_error(zeros(3), zeros(3, 1)), r"\(3,\) and \(3, 1\)"),
]


@pytest.mark.parametrize(("act", "says"), BAD)
def test_what_does_not_fit_is_told_in_one_sentence(act, says):
    with pytest.raises(CatdogError, match=f"(?s){says}") as caught:
        act()
    assert str(caught.value).endswith(".")
