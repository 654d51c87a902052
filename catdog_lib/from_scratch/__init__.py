"""Backpropagation to read: every layer's forward and backward by hand, and what autograd does with
the same layers.
"""

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
from catdog_lib.from_scratch.network import Chain, Step, chain_of

__all__ = [
    "Add",
    "BatchNorm",
    "Chain",
    "Convolution",
    "Flatten",
    "Linear",
    "MaxPool2d",
    "ReLU",
    "SoftmaxCrossEntropy",
    "Step",
    "Tanh",
    "chain_of",
    "numeric_gradient",
    "relative_error",
]
