"""Look at a network: its layers, shapes, costs, receptive fields, activations and gradients."""

from catdog_lib.inspect.activations import (
    LayerActivity,
    TopActivation,
    activation_statistics,
    top_activations,
)
from catdog_lib.inspect.autograd_graph import Edge, Graph, Node, trace
from catdog_lib.inspect.channels import diverse_channels
from catdog_lib.inspect.cost import Cost, cost
from catdog_lib.inspect.effective_field import (
    effective_receptive_field,
    receptive_field_by_gradient,
)
from catdog_lib.inspect.gradient_flow import LayerSignal, layer_signals
from catdog_lib.inspect.hooks import LayerCall, evaluating, named_calls
from catdog_lib.inspect.layers import convolutions, last_feature_maps, layers_in_order
from catdog_lib.inspect.receptive_field import Box, ReceptiveField, UnitFields, receptive_field
from catdog_lib.inspect.recorder import Recorder
from catdog_lib.inspect.shape_table import LayerUse, shape_table

__all__ = [
    "Box",
    "Cost",
    "Edge",
    "Graph",
    "LayerActivity",
    "LayerCall",
    "LayerSignal",
    "LayerUse",
    "Node",
    "ReceptiveField",
    "Recorder",
    "TopActivation",
    "UnitFields",
    "activation_statistics",
    "convolutions",
    "cost",
    "diverse_channels",
    "effective_receptive_field",
    "evaluating",
    "last_feature_maps",
    "layer_signals",
    "layers_in_order",
    "named_calls",
    "receptive_field",
    "receptive_field_by_gradient",
    "shape_table",
    "top_activations",
    "trace",
]
