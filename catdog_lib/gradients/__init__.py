"""Backpropagation to read: every layer's forward and backward by hand, and what autograd does with the same layers."""

from catdog_lib.gradients.by_layer import LayerSignal, layer_signals
from catdog_lib.gradients.chain import Chain, Step, chain_of
from catdog_lib.gradients.dense import Add, Flatten, Linear, ReLU, SoftmaxCrossEntropy, Tanh
from catdog_lib.gradients.graph import Edge, Graph, Node, trace
from catdog_lib.gradients.maps import BatchNorm, Convolution, MaxPool2d
from catdog_lib.gradients.numeric import numeric_gradient, relative_error

__all__ = [
    "Add",
    "BatchNorm",
    "Chain",
    "Convolution",
    "Edge",
    "Flatten",
    "Graph",
    "LayerSignal",
    "Linear",
    "MaxPool2d",
    "Node",
    "ReLU",
    "SoftmaxCrossEntropy",
    "Step",
    "Tanh",
    "chain_of",
    "layer_signals",
    "numeric_gradient",
    "relative_error",
    "trace",
]
