"""Freezing a module: its parameters, and the running statistics of its BatchNorm layers.

Lesson 06, section 4.
"""

from __future__ import annotations

from functools import partial

from torch import nn


def freeze(module: nn.Module, statistics: bool = True) -> nn.Module:
    """Freeze a module and all modules in it, so that training leaves them alone, and return it.

    ``requires_grad=False`` keeps the optimizer off the parameters. That is half of it: in training
    mode BatchNorm still normalizes with the mean and variance of each batch, and moves its running
    ones towards them, so that the outputs of the "frozen" network still change. A frozen module
    therefore stays in evaluation mode, also when ``model.train()`` is called on a network around it
    (and dropout in it stays off).

    Args:
        statistics: False freezes the parameters alone. That is the trap, for lesson 06.
    """
    unfreeze(module).requires_grad_(False)
    if statistics:
        module.eval()
        for submodule in module.modules():
            submodule.train = partial(_stay_in_eval, submodule)  # a partial can be pickled
            submodule.frozen = True  # so its BatchNorm does not synchronize
    return module


def unfreeze(module: nn.Module) -> nn.Module:
    """Make a module and all modules in it trainable again from the next ``train()``; return it."""
    for submodule in module.modules():
        vars(submodule).pop("train", None)
        vars(submodule).pop("frozen", None)
    return module.requires_grad_(True)


def _stay_in_eval(module: nn.Module, mode: bool = True) -> nn.Module:
    """Replace ``nn.Module.train`` of a frozen module; submodules unfrozen since then do obey."""
    module.training = False
    for child in module.children():
        child.train(mode)
    return module
