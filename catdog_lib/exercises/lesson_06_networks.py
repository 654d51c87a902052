"""Checkers of lesson 06, Transfer learning: networks of other people (06.1 to 06.3)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from catdog_lib.exercises.calling import ask, seeded
from catdog_lib.exercises.checking import require_value, same, show
from catdog_lib.exercises.registry import WrongAnswer, exercise, require

MEAN, STD = (0.4, 0.5, 0.7), (0.2, 0.25, 0.1)
IN_WORDS = {
    "weights": "the convolution's weights",
    "scale": "BatchNorm's scale",
    "running mean": "BatchNorm's running mean",
    "running variance": "BatchNorm's running variance",
    "output": "the output in evaluation mode",
}


@exercise("06.1", "prepare")
def prepare(answer: Callable[[Tensor, tuple, tuple], Tensor]) -> None:
    """Check a function of (images, mean, std): bytes as the network was trained to take them."""
    g = torch.Generator().manual_seed(6)
    # Of width 3, so that numbers which land on the columns in place of the channels raise no error.
    images = torch.randint(0, 256, (4, 3, 5, 3), dtype=torch.uint8, generator=g)
    value = ask(answer, images, MEAN, STD, keeps="the images that it was given")
    x = images.double()
    mean, std = (torch.tensor(each, dtype=torch.float64).view(3, 1, 1) for each in (MEAN, STD))
    own_mean, own_std = x.mean((0, 2, 3), keepdim=True), x.std((0, 2, 3), keepdim=True)
    mistakes = {
        "That is the code as it was: mean and std are for values in [0, 1], and when they are "
        "used here the values still go up to 255.": (x - mean) / std / 255,
        "The values still go up to 255 when you subtract the mean, which is for [0, 1].": (x - mean)
        / std,
        "These are in [0, 1]; now subtract the mean and divide by the standard deviation.": x / 255,
        "Divide by the standard deviation as well.": x / 255 - mean,
        "Subtract the mean as well.": x / 255 / std,
        "Subtract the mean before you divide by the standard deviation.": x / 255 / std - mean,
        "Divide by the standard deviation; you multiply.": (x / 255 - mean) * std,
        "You took the mean and the deviation of these images. The network wants those of its own "
        "training, which you are given.": [
            (x - own_mean) / own_std,
            (x / 255 - own_mean / 255) / (own_std / 255),
        ],
        "A byte goes up to 255, so that 255 becomes 1.": (x / 256 - mean) / std,
        "A tensor of shape (3,) lines up with the last axis, the columns. Each channel has its own "
        "mean: give the numbers the shape (3, 1, 1).": (x / 255 - mean.view(3)) / std.view(3),
        "You used the mean for the deviation, or the other way round.": (x / 255 - std) / mean,
    }
    otherwise = (
        f"The first value should be {show((x[0, 0, 0, 0] / 255 - MEAN[0]).item() / STD[0])}: to "
        "[0, 1] first, then minus the mean and divided by the deviation of its channel."
    )
    require_value(value, (x / 255 - mean) / std, mistakes, otherwise, rtol=1e-4, atol=1e-5)


def _network(features: int) -> nn.Module:
    """Return a network of somebody else: its last layer, `fc`, has 10 classes."""

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(3, features, 3), nn.BatchNorm2d(features))
            self.fc = nn.Linear(features, 10)

        def forward(self, images: Tensor) -> Tensor:
            return self.fc(self.body(images).relu().mean((2, 3)))

    with seeded(6):
        return Network().eval()


@exercise("06.2", "swap_head")
def swap_head(answer: Callable[[nn.Module, int], nn.Module]) -> None:
    """Check a function of (network, classes): a new last layer, which alone learns."""
    images = torch.rand(4, 3, 6, 6, generator=torch.Generator().manual_seed(7))
    for features, classes in ((12, 2), (7, 5)):
        network = _network(features)
        body = {name: value.clone() for name, value in network.body.state_dict().items()}
        with seeded(8):
            value = ask(answer, network, classes, trains=True, draws=True)
        require(isinstance(value, nn.Module), f"Return the network; you return {show(value)}.")
        learning = {n: p for n, p in value.named_parameters() if p.requires_grad}
        with torch.no_grad():
            shape = tuple(value.eval()(images).shape)
        require(
            shape != (4, 10),
            "The network still has its old 10 classes. Setting `out_features` changes a number "
            "that is printed, not the layer: put a new nn.Linear in its place.",
        )
        require(
            shape == (4, classes),
            f"For 4 images and {classes} classes the logits should have the shape (4, {classes}); "
            f"yours have {shape}.",
        )
        now = getattr(value, "body", nn.Identity()).state_dict()
        good = now.keys() == body.keys() and all(torch.equal(now[n], body[n]) for n in body)
        require(good, "The backbone has changed; it should stay as it was trained.")
        require(
            bool(learning),
            "Nothing is left to learn: the new layer is frozen, too. Freeze first, then put it in.",
        )
        old = [name for name in learning if name.startswith("body")]
        require(not old, f"The backbone would learn: {''.join(old[:1])} still has requires_grad.")
        count = sum(p.numel() for p in learning.values())
        if count == classes * (10 + 1):
            raise WrongAnswer(
                "Your new layer reads the 10 old logits. Put it in the place of the old layer, so "
                "that it reads the features."
            )
        require(
            count == classes * (features + 1),
            f"One new layer from {features} features to {classes} classes has "
            f"{classes * (features + 1)} parameters; {count} learn.",
        )


@exercise("06.3", is_prediction=True)
def what_moves(answer: object) -> str:
    """Check a prediction: what changes in a network without gradients, in training mode."""
    named = [answer] if isinstance(answer, str) else answer
    good = isinstance(named, list | tuple | set | frozenset)
    listed = ", ".join(map(repr, IN_WORDS))
    require(
        good and all(isinstance(each, str) for each in named), f"Give a list of some of {listed}."
    )
    chosen = {each.strip().lower() for each in named}
    unknown = sorted(chosen - IN_WORDS.keys())
    require(not unknown, f"{''.join(unknown[:1])!r} is none of {listed}.")
    moved = _what_moved()
    if wrong := [name for name in IN_WORDS if (name in chosen) and not moved[name]]:
        raise WrongAnswer(
            f"You expected {IN_WORDS[wrong[0]]} to move: not one bit of it has changed. It is a "
            "parameter, and only an optimizer moves parameters."
        )
    if missing := [name for name in IN_WORDS if (name not in chosen) and moved[name]]:
        raise WrongAnswer(
            f"You did not expect {IN_WORDS[missing[0]]} to move, but it has, by "
            f"{moved[missing[0]]:.2f} at most. What does BatchNorm do in each forward pass in "
            "training mode, and what does it use that for in evaluation mode?"
        )
    return (
        f"The running mean moved by up to {moved['running mean']:.2f}, the running variance by up "
        f"to {moved['running variance']:.2f}, and so the output for the same image by up to "
        f"{moved['output']:.2f}, with no gradient and no optimizer."
    )


def _what_moved() -> dict[str, float]:
    """Run the network of the exercise, and return by how much each thing has changed at most."""
    with seeded(0):
        network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).requires_grad_(False)
        image = torch.rand(1, 3, 8, 8)

        def state() -> dict[str, Tensor]:
            conv, norm = network.eval()
            values = (conv.weight, norm.weight, norm.running_mean, norm.running_var, network(image))
            return {n: value.clone() for n, value in zip(IN_WORDS, values, strict=True)}

        before = state()
        network.train()
        for _ in range(20):
            network(torch.rand(8, 3, 8, 8))
        after = state()
    found = {name: (after[name] - before[name]).abs().max().item() for name in IN_WORDS}
    # What has not changed is the same bit for bit.
    return {n: 0.0 if same(after[n], before[n], rtol=0, atol=0) else found[n] for n in IN_WORDS}
