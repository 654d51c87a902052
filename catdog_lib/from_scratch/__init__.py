"""Convolution, backpropagation and optimizers from scratch: slow code, written to be read."""

from catdog_lib.from_scratch.conv_layers import BatchNorm, Convolution, MaxPool2d
from catdog_lib.from_scratch.dense_layers import (
    Add,
    Flatten,
    Linear,
    ReLU,
    SoftmaxCrossEntropy,
    Tanh,
)
from catdog_lib.from_scratch.gradient_check import numeric_gradient, relative_error
from catdog_lib.from_scratch.network import Network, Step

__all__ = [
    "Add",
    "BatchNorm",
    "Convolution",
    "Flatten",
    "Linear",
    "MaxPool2d",
    "Network",
    "ReLU",
    "SoftmaxCrossEntropy",
    "Step",
    "Tanh",
    "numeric_gradient",
    "relative_error",
]
