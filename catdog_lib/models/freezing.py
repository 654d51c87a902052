"""Freezing a module: its parameters, and the running statistics of its BatchNorm layers.

Lesson 06, section 4.
"""

from __future__ import annotations

import weakref

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
            submodule.train = _StayInEval(submodule)
            submodule.frozen = True  # so its BatchNorm does not synchronize
    return module


def unfreeze(module: nn.Module) -> nn.Module:
    """Make a module and all modules in it trainable again from the next ``train()``; return it."""
    for submodule in module.modules():
        vars(submodule).pop("train", None)
        vars(submodule).pop("frozen", None)
    return module.requires_grad_(True)


class _StayInEval:
    """Replace ``nn.Module.train`` of a frozen module; submodules unfrozen since then do obey.

    It holds the module weakly: otherwise module and method would hold each other, and a network
    that nobody needs would stay, with its gradients, until Python next looks for such circles.
    """

    def __init__(self, module: nn.Module):
        self._module = weakref.ref(module)

    def __call__(self, mode: bool = True) -> nn.Module:
        module = self._module()
        module.training = False
        for child in module.children():
            child.train(mode)
        return module

    def __reduce__(self) -> tuple:  # of a copy, pickled or not, it is the copy's
        return type(self), (self._module(),)
