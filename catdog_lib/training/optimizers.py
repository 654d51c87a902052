"""From a name to an optimizer: which parameters are decayed, and in which form it runs fastest.

Lesson 10, section 2.
"""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import nn

from catdog_lib.errors import CatdogError
from catdog_lib.training.muon import Muon

# The first is the base of all others; the others need a closure or sparse gradients.
_UNFIT = {"Optimizer", "LBFGS", "SparseAdam"}
OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    name.lower(): kind
    for name, kind in vars(torch.optim).items()
    if isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer) and name not in _UNFIT
}
OPTIMIZERS["muon"] = Muon  # also in place of torch's own, which takes matrices only
# Muon's step for a matrix has length lr; a vector's is lr · this · its gradient.
VECTOR_RATE = 16


def make_optimizer(
    name: str,
    model: nn.Module,
    lr: float,
    momentum: float | None = None,
    weight_decay: float = 0.0,
    lr_decay: float = 1.0,
    dtype: torch.dtype = torch.float32,
) -> torch.optim.Optimizer:
    """Make the optimizer of this name, in any case: one of ``torch.optim``, or "muon".

    The latter is :class:`catdog_lib.training.muon.Muon`. The optimizer runs in PyTorch's fused form
    where there is one: one pass over all parameters in place of several.

    Args:
        name: such as "Adam", "sgd", "muon".
        model: its parameters are trained, where it is.
        lr: learning rate.
        momentum: for optimizers that have one; SGD's is then Nesterov's. None keeps the optimizer's
            own.
        weight_decay: for weights of two dimensions or more; BatchNorm's parameters and biases are
            never decayed.
        lr_decay: fraction of the rate above it at which each of ``model.stages`` learns, from the
            last one down.
        dtype: the number format in which the network's convolutions are computed: Muon's matrix
            products follow it, except for float16, whose range is too small for them. All other
            optimizers compute in the weights' own.

    Raises:
        CatdogError: there is none of this name, or it does not take the model's parameters, a
            momentum or a decay; or lr_decay is not 1 and the model has no list of stages.
    """
    if name.lower() not in OPTIMIZERS:
        names = ", ".join(sorted(kind.__name__ for kind in OPTIMIZERS.values()))
        raise CatdogError(f"There is no optimizer {name!r} that fit could use; use one of {names}.")
    kind = OPTIMIZERS[name.lower()]
    settings: dict[str, Any] = {"lr": lr}
    takes = inspect.signature(kind).parameters
    if momentum is not None:
        if "momentum" not in takes:
            raise CatdogError(
                f"The optimizer {name} has no momentum; leave momentum out, or use SGD."
            )
        settings["momentum"] = momentum
        if momentum and "nesterov" in takes:
            settings["nesterov"] = True
    if kind is Muon:
        settings["dtype"] = torch.float32 if dtype == torch.float16 else dtype
    if weight_decay and "weight_decay" not in takes:
        raise CatdogError(f"The optimizer {name} has no weight decay; leave weight_decay at 0.")

    def groups() -> list[dict[str, Any]]:
        found = []
        for depth, stage in enumerate(_stages_from_the_head(model, lr_decay)):
            decay, no_decay = parameter_groups(stage, weight_decay)
            decay["lr"] = no_decay["lr"] = lr * lr_decay**depth
            if kind is Muon:
                no_decay["lr"] *= VECTOR_RATE
            found += [decay, no_decay]
        return found

    try:
        if "fused" in takes:
            try:
                return kind(groups(), fused=True, **settings)
            except (RuntimeError, ValueError):  # not on this device, or not for these parameters
                pass
        return kind(groups(), **settings)
    except (TypeError, ValueError) as error:
        raise CatdogError(
            f"The optimizer {name} does not take this model ({error}); use another."
        ) from None


def require_fit(optimizer: torch.optim.Optimizer, model: nn.Module) -> None:
    """Raise an error if ``fit`` could not train the model with an optimizer made elsewhere.

    Raises:
        CatdogError: it needs a closure or sparse gradients, or holds no parameter of the model.
    """
    name = type(optimizer).__name__
    if name in _UNFIT:
        raise CatdogError(
            f"The optimizer {name} needs a closure or sparse gradients, and fit gives it neither; "
            "use another, such as SGD."
        )
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if held.isdisjoint(map(id, model.parameters())):
        raise CatdogError(
            f"The optimizer {name} holds no parameter of this network; make it "
            "from model.parameters()."
        )


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return the parameters that learn, in two groups: those that are decayed, and all other ones.

    Parameters of two dimensions or more are decayed. Decay keeps a weight from growing without
    need. A bias or a scale of BatchNorm sets a level; pulled towards 0, it would only set it
    wrongly (He and others 2018, arXiv 1812.01187, section 3.1).
    """
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return [
        {"params": [p for p in trainable if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in trainable if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _stages_from_the_head(model: nn.Module, lr_decay: float) -> list[nn.Module]:
    """Return what learns at a rate of its own: the whole model, or its stages, the last one first.

    Raises:
        CatdogError: ``lr_decay`` is not 1, and the model has no list of stages.
    """
    if lr_decay == 1:
        return [model]
    stages = getattr(model, "stages", None)
    if not isinstance(stages, list):
        raise CatdogError(
            f"lr_decay is {lr_decay:g}, and {type(model).__name__} is not cut into stages that "
            "could learn at different rates; leave it at 1."
        )
    return [layers for _, layers in reversed(stages)]
