"""Automatic differentiation in about a hundred lines of code: what ``loss.backward()`` does.

A :class:`Value` holds a tensor and remembers the operation that computed it. Each operation stands
with its derivative beside it, and :meth:`Value.backward` applies the chain rule from the loss back
to the inputs. PyTorch only calculates: its own autograd stays unused. The idea is S. Linnainmaa's
(1970); a tiny version for scalars is A. Karpathy's https://github.com/karpathy/micrograd.

Lesson 04, section 2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch.arguments import check_labels
from catdog_lib.from_scratch.output_sizes import conv_output_size


def operation(forward: Callable, derivative: Callable) -> Callable:
    """Turn a function on tensors into one on values.

    ``forward`` takes the arguments and returns y; those that are not values are constants.
    ``derivative`` takes g = ∂L/∂y, y and the arguments, and returns ∂L/∂argument of the first ones.
    """

    def apply(*arguments, **settings) -> Value:
        tensors = [a.data if isinstance(a, Value) else a for a in arguments]
        try:
            y = forward(*tensors, **settings)
        except (RuntimeError, IndexError) as error:
            shapes = " and ".join(str(tuple(t.shape)) for t in tensors if isinstance(t, Tensor))
            reason = str(error).splitlines()[0].rstrip(".")
            raise CatdogError(
                f"Cannot compute with {shapes}: {reason}; change a shape with reshape or transpose."
            ) from None
        return Value(y, arguments, lambda g: derivative(g, y, *tensors, **settings))

    return apply


def _matmul(a: Tensor, b: Tensor) -> Tensor:
    """Return a @ b of matrices or stacks of them; vectors would need derivatives of their own."""
    if min(a.ndim, b.ndim) < 2:
        raise RuntimeError("a matrix product takes matrices, not vectors")
    return a @ b


def _spread(g: Tensor, y: Tensor, x: Tensor, dim=None, keepdim: bool = False) -> list[Tensor]:
    """Give every number of a sum the gradient of the sum."""
    return [g.reshape(x.sum(dim, keepdim=True).shape).expand(x.shape)]


def _scatter(g: Tensor, x: Tensor, index) -> Tensor:
    """Put g where ``x[index]`` was taken from; what was taken twice receives the sum."""
    taken = torch.arange(x.numel(), device=x.device).reshape(x.shape)[index]
    return g.new_zeros(x.numel()).index_add(0, taken.flatten(), g.flatten()).reshape(x.shape)


class Value:
    """A number or a tensor that knows how it was computed.

    Attributes:
        data: a tensor; numbers and lists are kept in double precision.
        grad: ∂L/∂(this value), of the same shape, after ``L.backward()``; None before. Every call
            adds to it, so set it to None before the next step.
    """

    def __init__(self, data, arguments: Sequence = (), backward: Callable = lambda g: ()):
        self.data = data.detach() if isinstance(data, Tensor) else torch.tensor(data).double()
        self.grad: Tensor | None = None
        self._arguments, self._backward = arguments, backward

    def backward(self, gradient: Tensor | None = None) -> None:
        """Add ∂L/∂v to ``v.grad`` of every value v that this one, L, was computed from.

        Args:
            gradient: ∂L/∂L, of the shape of this value; a scalar can do without: it is 1.

        Raises:
            CatdogError: the gradient has another shape, or is missing.
        """
        if gradient is None and self.data.numel() == 1:
            gradient = torch.ones_like(self.data)
        if gradient is None or gradient.shape != self.data.shape:
            raise CatdogError(
                f"backward() needs a gradient of this value's shape, {tuple(self.data.shape)}; "
                "pass one, or sum the value to a scalar first."
            )
        arrived = {self: gradient}
        for value in reversed(_topological_order(self)):  # each after all that were made from it
            g = arrived.pop(value)
            value.grad = g if value.grad is None else value.grad + g
            for argument, part in zip(value._arguments, value._backward(g), strict=False):
                if isinstance(argument, Value):
                    part = _unbroadcast(part, argument.data.shape)
                    # A value that is used twice moves the loss along both paths: they add up.
                    arrived[argument] = arrived[argument] + part if argument in arrived else part

    # One operation a line: y, and the gradients of its arguments. In columns, hence fmt: off.
    # fmt: off
    __add__     = operation(lambda a, b: a + b,       lambda g, y, a, b: [g, g])
    __sub__     = operation(lambda a, b: a - b,       lambda g, y, a, b: [g, -g])
    __mul__     = operation(lambda a, b: a * b,       lambda g, y, a, b: [g * b, g * a])
    __truediv__ = operation(lambda a, b: a / b,       lambda g, y, a, b: [g / b, -g * y / b])
    __matmul__  = operation(_matmul,                  lambda g, y, a, b: [g @ b.mT, a.mT @ g])
    __neg__     = operation(lambda x: -x,             lambda g, y, x: [-g])
    __pow__     = operation(lambda x, n: x**n,        lambda g, y, x, n: [
                                                          g * n * x ** (n - 1 + (n == 0)),
                                                          g * y * x.log()])
    exp         = operation(lambda x: x.exp(),        lambda g, y, x: [g * y])
    log         = operation(lambda x: x.log(),        lambda g, y, x: [g / x])
    relu        = operation(lambda x: x.clamp(min=0), lambda g, y, x: [g * (x > 0)])
    tanh        = operation(lambda x: x.tanh(),       lambda g, y, x: [g * (1 - y**2)])
    sum         = operation(Tensor.sum,               _spread)
    mean        = operation(Tensor.mean,              lambda g, y, x, *a, **k: _spread(
                                                          g * y.numel() / x.numel(), y, x, *a, **k))
    reshape     = operation(Tensor.reshape,           lambda g, y, x, *shape: [g.reshape(x.shape)])
    transpose   = operation(Tensor.transpose,         lambda g, y, x, i, j: [g.transpose(i, j)])
    __getitem__ = operation(lambda x, i: x[i],        lambda g, y, x, i: [_scatter(g, x, i)])
    unfold      = operation(F.unfold,                 lambda g, y, x, *a, **k: [
                                                          F.fold(g, x.shape[2:], *a, **k)])
    __radd__, __rsub__, __rmul__, __rtruediv__, __rmatmul__ = (
        lambda b, a, f=f: f(a, b) for f in (__add__, __sub__, __mul__, __truediv__, __matmul__))
    # fmt: on
    __iter__ = None  # else Python would ask for value[0], value[1], … until an IndexError


def softmax_cross_entropy(logits: Value, labels: Tensor) -> Value:
    """Return the mean of −log p[n, labels[n]] over n, where p is the softmax of the logits, N×K.

    Raises:
        CatdogError: the labels do not fit the logits.
    """
    check_labels(logits.data, labels)
    z = logits - logits.data.amax(1, keepdim=True)  # leaves p as it is and keeps exp from overflow
    log_p = z - z.exp().sum(1, keepdim=True).log()
    return -log_p[range(len(labels)), labels].mean()


def conv2d(x: Value, weight: Value, stride: int = 1, padding: int = 0) -> Value:
    """Return a convolution as filters @ patches: its derivative comes for free."""
    (n, _, height, _), (filters, _, *kernel) = x.data.shape, weight.data.shape
    patches = x.unfold(kernel, stride=stride, padding=padding)  # N × C·kh·kw × places
    rows = conv_output_size(height, kernel[0], stride, padding)
    return (weight.reshape(filters, -1) @ patches).reshape(n, filters, rows, -1)


def _unbroadcast(g: Tensor, shape: torch.Size) -> Tensor:
    """Sum a gradient over the axes along which broadcasting has repeated a value of this shape."""
    new = g.ndim - len(shape)
    repeated = [i for i in range(g.ndim) if i < new or shape[i - new] != g.shape[i]]
    return g.sum(repeated).reshape(shape) if repeated else g


def _topological_order(last: Value) -> list[Value]:
    """Return all values that ``last`` was computed from, each after its arguments.

    It keeps its own stack: a deep graph would exceed Python's limit of nested calls.
    """
    order, seen, stack = [], set(), [(last, False)]
    while stack:
        value, arguments_done = stack.pop()
        if arguments_done:
            order.append(value)
        elif value not in seen:
            seen.add(value)
            stack.append((value, True))
            stack += [(a, False) for a in value._arguments if isinstance(a, Value)]
    return order
