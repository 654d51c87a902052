"""Layers that do not learn: no gradient reaches them, no optimizer holds them, or they are dead."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer

from catdog_lib.diagnose.finding import CERTAIN, LIKELY, POSSIBLE, Finding
from catdog_lib.diagnose.frozen import require_same_names
from catdog_lib.inspect.hooks import LayerCall, evaluating, forward_hooks, layer_name

_RECTIFIERS = (nn.ReLU, nn.ReLU6)
_DEAD, _DIED = 0.9, 0.6  # share of a layer's units; of those that were alive
_BATCH, _CHUNK = 64, 16  # images in the backward pass, and at once where batches do not matter
_GATE = 0.01  # how far a gate that starts at 0 is opened


def missing_gradients(
    model: nn.Module,
    train_images: Tensor,
    train_labels: Tensor,
    optimizer: Optimizer | None = None,
) -> list[Finding]:
    """Find layers that should learn and cannot.

    Either no gradient reaches them (a ``detach()``, ``no_grad()`` or ``.data`` in between, a layer
    that ``forward`` does not use, dead units), or the optimizer does not have their parameters. The
    backward pass is made on a copy; weights that are all 0, such as the last scale of a residual
    block, are opened a little first, because gradients rightly stop there at the start.

    Args:
        model: takes images, returns logits N×K. It stays as it is.
        train_images, train_labels: a batch to learn from; of more than 64, the first 64.
        optimizer: the one that trains the model.
    """
    probe = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in probe.parameters():
            if not parameter.any():
                parameter.copy_(_GATE * torch.randn(parameter.shape, generator=_generator()))
    with torch.enable_grad():
        outputs = probe(train_images[:_BATCH])
        if outputs.requires_grad:
            probe.zero_grad()
            F.cross_entropy(outputs, train_labels[:_BATCH]).backward()
    silent = _layers_where(probe, lambda p: p.grad is None or not p.grad.any())
    held = {
        id(p) for group in (optimizer.param_groups if optimizer else ()) for p in group["params"]
    }
    forgotten = _layers_where(model, lambda p: id(p) not in held) if optimizer else []
    findings = []
    if silent:
        saw = (
            f"No gradient reaches {len(silent)} of {_count(model)} layers that require gradients: "
            f"{', '.join(silent[:3])}{' …' if len(silent) > 3 else '.'}"
        )
        advice = (
            "Look between these layers and the loss for detach(), no_grad(), .data or numpy, for a "
            "layer that forward does not use, and for units that are always 0."
        )
        numbers = {"layers": len(silent)}
        findings.append(Finding("missing_gradients", saw, CERTAIN, advice, numbers))
    if forgotten:
        saw = (
            f"The optimizer does not hold the parameters of {len(forgotten)} of {_count(model)} "
            f"layers that require gradients: {', '.join(forgotten[:3])}"
            f"{' …' if len(forgotten) > 3 else ''}."
        )
        advice = (
            "Make the optimizer after the last change of the network, or freeze what should not "
            "learn."
        )
        numbers = {"forgotten": len(forgotten)}
        findings.append(Finding("missing_gradients", saw, CERTAIN, advice, numbers))
    return findings


def _layers_where(model: nn.Module, holds: Callable[[nn.Parameter], bool]) -> list[str]:
    """Return the layers of which it holds for every parameter that requires a gradient."""
    found = []
    for name, module in model.named_modules():
        own = [p for p in module.parameters(recurse=False) if p.requires_grad]
        if own and all(map(holds, own)):
            found.append(name or type(module).__name__)
    return found


def _count(model: nn.Module) -> int:
    """Return how many layers have parameters that require gradients."""
    return len(_layers_where(model, lambda p: True))


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def dead_units(
    model: nn.Module, train_images: Tensor, before: Mapping[str, Tensor] | None = None
) -> list[Finding]:
    """Find layers whose units are 0 for every image, after their ReLU.

    A unit whose ReLU is 0 for all images gets no gradient, so it stays as it is. One step of a
    learning rate that is far too high can leave a whole layer like this. A fresh network may have
    such units, too, in dense layers up to half of them; so nine of ten have to be dead, or six of
    ten of those that were alive before the training, where that is known.

    Looks at the outputs of ReLU modules, and for a ReLU that is only a function at what the next
    convolution or linear layer reads.

    Args:
        model: runs in evaluation mode, and is left as it was.
        train_images: as the model takes them; some dozens, of all classes.
        before: a copy of the model's state dict from before the training.
    """
    alive, start = _alive_units(model, train_images), {}
    if before:
        require_same_names(model, before)
        earlier = copy.deepcopy(model)
        earlier.load_state_dict(before)
        start = _alive_units(earlier, train_images)
    findings = []
    for name, now in alive.items():
        units, dead = len(now), int((~now).sum())
        once = int(start[name].sum()) if name in start else 0
        died = int((start[name] & ~now).sum()) if name in start else 0
        many_died = once > 0 and died >= _DIED * once
        if dead < _DEAD * units and not many_died:
            continue
        certainty = CERTAIN if dead == units else LIKELY if many_died else POSSIBLE
        saw = f"{dead} of {units} units are 0 for all {len(train_images)} images after layer {name}"
        saw += (
            f"; {died} of the {once} that were alive before died in training."
            if name in start
            else "."
        )
        advice = (
            "Start again with a lower learning rate, or look at the biases and the scale of the "
            "images: a dead unit gets no gradient, so it hardly ever recovers."
        )
        numbers = {"layer": name, "dead": dead, "units": units, "died": died}
        findings.append(Finding("dead_units", saw, certainty, advice, numbers))
    return findings


@torch.no_grad()
def _alive_units(model: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """Return for each ReLU which of its units are above 0 anywhere, for any image."""
    alive: dict[str, Tensor] = {}
    last: tuple[str, int] | None = None  # the last layer with weights, and how many units it has

    def note(name: str, values: Tensor) -> None:
        """Add what units did, N×units or N×units×H×W, after a ReLU."""
        places = [side for side in range(values.ndim) if side != 1]
        now = (values > 0).sum(places) > 0
        name = f"{name} ({type(model.get_submodule(name)).__name__})"
        alive[name] = alive[name] | now if name in alive else now

    def watch(call: LayerCall) -> None:
        nonlocal last
        values, name = call.inputs[0], layer_name(call.name)
        if isinstance(call.layer, _RECTIFIERS):
            note(name, call.output)
            last = None  # what follows reads the same values
        elif isinstance(call.layer, nn.Conv2d | nn.Linear):
            if last and values.shape[1] % last[1] == 0 and not (values < 0).any():
                note(last[0], values.unflatten(1, (last[1], -1)) if values.ndim == 2 else values)
            last = (name, call.output.shape[1])

    with evaluating(model), forward_hooks(model, watch):
        for chunk in images.split(_CHUNK):
            last = None
            model(chunk)
    return alive
