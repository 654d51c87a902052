"""Freezing: what is frozen stays as it is, in its parameters and in BatchNorm's running
statistics.
"""

from __future__ import annotations

from types import MethodType

from torch import nn


def freeze(module: nn.Module, statistics: bool = True) -> nn.Module:
    """Let a module, and all modules in it, learn nothing more; returns the module.

    ``requires_grad=False`` keeps the optimizer off the parameters. That is half of it: in training
    mode BatchNorm still normalises with the mean and variance of each batch, and moves its running
    ones towards them, so that the "frozen" network changes and answers differently from what it
    was. A frozen module therefore stays in evaluation mode, also when ``model.train()`` is called
    on a network around it (and dropout in it stays off).

    Args:
        statistics: False freezes the parameters alone. That is the trap, for lesson 06.
    """
    unfreeze(module).requires_grad_(False)
    if statistics:
        module.eval()
        for part in module.modules():
            part.train = MethodType(_stay, part)
            part.frozen = True  # BatchNorm in it needs no statistics of other processes either
    return module


def unfreeze(module: nn.Module) -> nn.Module:
    """Let a module, and all modules in it, learn again, from the next ``train()`` on; returns the
    module.
    """
    for part in module.modules():
        vars(part).pop("train", None)
        vars(part).pop("frozen", None)
    return module.requires_grad_(True)


def _stay(module: nn.Module, mode: bool = True) -> nn.Module:
    """``nn.Module.train`` of a frozen module. What was unfrozen inside it does as it is told."""
    module.training = False
    for child in module.children():
        child.train(mode)
    return module
