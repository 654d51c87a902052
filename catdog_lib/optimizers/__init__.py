"""What changes the weights: PyTorch's optimizers by name, and Muon."""

from catdog_lib.optimizers.choose import OPTIMIZERS, make_optimizer, parameter_groups
from catdog_lib.optimizers.muon import Muon

__all__ = ["OPTIMIZERS", "Muon", "make_optimizer", "parameter_groups"]
