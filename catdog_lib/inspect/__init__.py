"""Look at a network from outside: its layers, shapes, costs, receptive fields, activations and
gradients.
"""

from catdog_lib.inspect.activations import (
    LayerActivity,
    TopActivation,
    activation_statistics,
    top_activations,
)
from catdog_lib.inspect.autograd_graph import Edge, Graph, Node, trace
from catdog_lib.inspect.cost import Cost, cost
from catdog_lib.inspect.gradient_flow import LayerSignal, layer_signals
from catdog_lib.inspect.hooks import Recorder
from catdog_lib.inspect.layers import convolutions, last_maps, layers_in_order
from catdog_lib.inspect.receptive_field import receptive_field
from catdog_lib.inspect.shape_table import LayerUse, shape_table
from catdog_lib.inspect.unit_fields import Fields

__all__ = [
    "Cost",
    "Edge",
    "Fields",
    "Graph",
    "LayerActivity",
    "LayerSignal",
    "LayerUse",
    "Node",
    "Recorder",
    "TopActivation",
    "activation_statistics",
    "convolutions",
    "cost",
    "last_maps",
    "layer_signals",
    "layers_in_order",
    "receptive_field",
    "shape_table",
    "top_activations",
    "trace",
]
