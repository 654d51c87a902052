"""Checkers of lesson 06, Transfer learning: images and heads for other people's networks."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import torch
from torch import Tensor, nn

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import FLOAT32, as_float64, refuse, show
from catdog_lib.exercises.random_inputs import generator, seeded
from catdog_lib.exercises.registry import WrongAnswer, exercise, require

MEAN, STD = (0.4, 0.5, 0.7), (0.2, 0.25, 0.1)


@exercise("06.1", "prepare")
def prepare(answer: Callable[[Tensor, tuple, tuple], Tensor]) -> None:
    """Check a function of (images, mean, std): bytes as the network was trained to take them."""
    # Of width 3, so that numbers which land on the columns in place of the channels raise no error.
    bright = torch.randint(0, 256, (4, 3, 5, 3), dtype=torch.uint8, generator=generator(6))
    for images in (bright, bright % 2):  # the second so dark that its bytes are all 0 and 1
        value = as_float64(ask(answer, images, MEAN, STD, keeps="the images that it was given"))
        shape, found = tuple(images.shape), tuple(value.shape)
        hint = f"Images of shape {shape} came back as {found}; they should keep their shape."
        require(found == shape, hint)
        _require_prepared(value, images.double())


def _require_prepared(value: Tensor, x: Tensor) -> None:
    """Require images that are prepared as the network was trained to take them."""
    mean, std = (torch.tensor(each, dtype=torch.float64).view(3, 1, 1) for each in (MEAN, STD))
    own_mean, own_std = x.mean((0, 2, 3), keepdim=True), x.std((0, 2, 3), keepdim=True)
    mistakes = {
        "That is the code as it was: mean and std are for values in [0, 1], and when they are "
        "used here the values still go up to 255.": (x - mean) / std / 255,
        "When you subtract the mean, which is for [0, 1], the bytes have not been divided by 255. "
        "Divide them even where no byte is above 1.": (x - mean) / std,
        "These are in [0, 1]; now subtract the mean and divide by the standard deviation.": x / 255,
        "Divide by the standard deviation as well.": x / 255 - mean,
        "Subtract the mean as well.": x / 255 / std,
        "Subtract the mean before you divide by the standard deviation.": x / 255 / std - mean,
        "Divide by the standard deviation; you multiply.": (x / 255 - mean) * std,
        "You took the mean and the deviation of these images. The network wants those of its own "
        "training, which you are given.": (x - own_mean) / own_std,
        "A byte goes up to 255, so that 255 becomes 1.": (x / 256 - mean) / std,
        "A tensor of shape (3,) lines up with the last axis, the columns. Each channel has its own "
        "mean: give the numbers the shape (3, 1, 1).": (x / 255 - mean.view(3)) / std.view(3),
        "You swapped the two: subtract the mean, and divide by the standard deviation.": (
            x / 255 - std
        )
        / mean,
    }
    right = (x / 255 - mean) / std
    if wrong := (~torch.isclose(value, right, **FLOAT32)).nonzero().tolist():
        refuse(value, mistakes, **FLOAT32)
        n, c, row, column = wrong[0]
        raise WrongAnswer(
            f"In image {n}, channel {c}, row {row}, column {column} the byte "
            f"{x[n, c, row, column]:g} should become {show(right[n, c, row, column])}; yours is "
            f"{show(value[n, c, row, column])}. To [0, 1] first, then minus the mean and divided "
            "by the deviation of its channel."
        )


def _network(features: int) -> nn.Module:
    """Return a network of somebody else: its last layer, `fc`, has 10 classes."""

    class Network(nn.Module):
        """Has an "fc" in its body, too, and a parameter outside all layers."""

        def __init__(self):
            super().__init__()
            layers = {"conv": nn.Conv2d(3, features, 3), "norm": nn.BatchNorm2d(features)}
            self.body = nn.ModuleDict({**layers, "fc": nn.Linear(features, features)})
            self.scale = nn.Parameter(torch.ones(features))
            self.fc = nn.Linear(features, 10)

        def forward(self, images: Tensor) -> Tensor:
            maps = self.body["norm"](self.body["conv"](images)).relu()
            return self.fc(self.scale * self.body["fc"](maps.mean((2, 3))))

    with seeded(6):
        return Network()


@exercise("06.2", "swap_head")
def swap_head(answer: Callable[[nn.Module, int], nn.Module]) -> None:
    """Check a function of (network, classes): a new last layer, which alone learns."""
    images = torch.rand(4, 3, 6, 6, generator=generator(7))
    for features, classes, trains in ((12, 2, False), (7, 5, True)):
        network = _network(features).train(trains)
        before = deepcopy(network)
        with seeded(8):
            value = ask(answer, network, classes, trains=True, draws=True)
        require(
            type(value) is type(network) and isinstance(getattr(value, "fc", None), nn.Module),
            f"Return the network itself, with a new layer as its fc; you return {_kind(value)}.",
        )
        _require_head(value.fc, before.fc, classes)
        _require_body(value, before)
        require(bool(value.eval()(images).isfinite().all()), "The new logits are not finite.")
        learning = [name for name, p in value.named_parameters() if p.requires_grad]
        require(
            bool(learning),
            "Nothing is left to learn: the new layer is frozen, too. Freeze first, then put it in.",
        )
        old = [name for name in learning if not name.startswith("fc.")]
        require(not old, f"The backbone would learn: {''.join(old[:1])} still has requires_grad.")
        frozen = [name for name, p in value.fc.named_parameters() if not p.requires_grad]
        require(not frozen, f"The new layer's {', '.join(frozen)} does not learn.")


def _kind(value: object) -> str:
    return "None" if value is None else f"something of type {type(value).__name__}"


def _require_body(value: nn.Module, before: nn.Module) -> None:
    """Require that all but the head is as it was, the modes too."""
    now, body = (
        {name: kept for name, kept in model.state_dict().items() if not name.startswith("fc.")}
        for model in (value, before)
    )
    good = now.keys() == body.keys() and all(
        now[n].dtype == body[n].dtype and torch.equal(now[n], body[n]) for n in body
    )
    require(good, "The backbone has changed; it should stay as it was trained.")
    modes = [
        [part.training for name, part in model.named_modules() if name.split(".")[0] != "fc"]
        for model in (value, before)
    ]
    hint = "You changed the mode of the network, or of a part of it. Leave every part's as it was."
    require(modes[0] == modes[1], hint)


def _require_head(head: nn.Module, old: nn.Linear, classes: int) -> None:
    """Require one linear layer, from the old one's features to the classes."""
    require(
        isinstance(head, nn.Linear),
        f"network.fc should be one nn.Linear; yours is {_kind(head)}.",
    )
    shape = tuple(head.weight.shape)
    require(
        shape[0] != old.out_features,
        "The network still has its old 10 classes. Setting `out_features` changes a number "
        "that is printed, not the layer: put a new nn.Linear in its place.",
    )
    right = (classes, old.in_features)
    require(
        shape == right,
        f"The old layer reads {old.in_features} features, and there are {classes} classes: the new "
        f"weights should have the shape {right}; yours have {shape}.",
    )
    require(head.bias is not None, "The new layer has no bias; the old one had one.")
