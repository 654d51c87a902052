"""Checkers of lesson 07, Feature maps: record a layer (07.1), cover a photo (07.2)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn

from catdog_lib.exercises.calling import ask, call
from catdog_lib.exercises.checking import FLOAT32, require_choice, require_value, same, show
from catdog_lib.exercises.random_inputs import generator, seeded
from catdog_lib.exercises.registry import WrongAnswer, exercise, require


def _small_network() -> nn.Sequential:
    """Return a network with a layer inside a block, whose output an in-place ReLU overwrites."""
    with seeded(0):
        block = OrderedDict(second=nn.Conv2d(3, 3, 3, padding=1), overwrite=nn.ReLU(inplace=True))
        layers = OrderedDict(
            first=nn.Conv2d(3, 3, 3, padding=1),
            act=nn.ReLU(),
            block=nn.Sequential(block),
            pool=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            linear=nn.Linear(12, 2),
        )
    return nn.Sequential(layers).eval()


@exercise("07.1", "record")
def record(answer: Callable[[nn.Module, str, Tensor], Tensor]) -> None:
    """Check a function of (model, layer, images): what the layer of this name gives.

    It leaves the network as it was: no new hook, the hooks that were there before, the mode.
    """
    model, x = _small_network(), torch.randn(2, 3, 4, 4, generator=generator(1))
    inner = model.block.second
    seen: list[bool] = []  # by somebody else's hooks: whether gradients flow before, and after
    model.act.register_forward_hook(lambda _, __, output: seen.append(output.requires_grad))
    inner.register_forward_hook(lambda *_: None)
    model.pool.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].requires_grad))
    model.pool.train()
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    value = ask(answer, model, "block.second", x, keeps="the images that it was given")
    require(len(seen) <= 2, "The network ran more than once: one forward pass is enough.")
    require(
        seen != [True, False],
        "Behind your hook no gradient flows any more: detach_() and a hook that returns something "
        "change the output itself. Keep output.detach().clone(), and return nothing.",
    )
    require(
        isinstance(value, Tensor),
        f"Return the tensor that the layer gave; you return a {type(value).__name__}.",
    )
    _check_output(model, value, x)
    require(
        not value.requires_grad,
        "What you return still holds the whole graph in memory: keep output.detach(), too.",
    )
    try:
        call(answer, model, "block.second", x[:, :2], stops=RuntimeError)  # it takes 3 channels
    except WrongAnswer as wrong:
        raise WrongAnswer(
            "When the network stops with an error, it has to be left as it was, too: remove the "
            f"hook in `finally`, or use `with`. {wrong}"
        ) from wrong.__cause__
    other = ask(answer, model, "first", x)
    require(
        isinstance(other, Tensor) and same(other, model.first(x), **FLOAT32),
        "For a different layer, 'first', the result is wrong: ask for model.get_submodule(layer).",
    )


def _check_output(model: nn.Module, value: Tensor, x: Tensor) -> None:
    """Require the output of the layer block.second."""
    with torch.no_grad():
        between, second = model.act(model.first(x)), model.block.second
        right = second(between)
        mistakes = {
            "That goes into the layer; what comes out of it is the hook's third argument.": between,
            "The ReLU after the layer works in place: it has overwritten what you kept. Keep a "
            "copy, output.clone().": right.relu(),
            "You sent the photo straight into the layer; it has to go through the layers before.": (
                second(x)
            ),
            "That is the output of the whole network.": model(x),
        }
    otherwise = (
        f"You return something other than what the layer 'block.second' of a small network gave, "
        f"of shape {tuple(right.shape)}: {show(value)}."
    )
    require_value(value, right, mistakes, otherwise, **FLOAT32)


@exercise("07.2", is_prediction=True)
def two_balls(answer: str) -> str:
    """Check which of two equal balls is hot when a score needs only one of them."""
    photo = torch.full((3, 16, 32), 0.5)
    balls = {}
    for name, rows, columns in (
        ("left", slice(4, 12), slice(4, 12)),
        ("right", slice(4, 12), slice(20, 28)),
    ):
        balls[name] = rows, columns
        photo[:, rows, columns] = torch.tensor([0.9, 0.1, 0.1])[:, None, None]

    def score(image: Tensor) -> float:
        redness = image[0] - image[1:].mean(0)
        return redness.max().item()  # the reddest place; where it is does not matter

    falls = {}
    for name, places in {**{n: [b] for n, b in balls.items()}, "both": balls.values()}.items():
        covered = photo.clone()
        for rows, columns in places:
            covered[:, rows, columns] = 0.5
        falls[name] = score(photo) - score(covered)
    hot = [name for name in balls if falls[name] > 0]
    right = "".join(hot) or "neither"
    numbers = (
        f"covering the left ball lowers the score by {falls['left']:.2f}, the right one by "
        f"{falls['right']:.2f}, both at once by {falls['both']:.2f}"
    )
    hint = f"The result: {numbers}. Cover one ball: how red is the reddest place that is left?"
    require_choice(answer, right, dict.fromkeys(("both", "left", "right", "neither"), hint))
    return (
        f"Indeed, {numbers}. Where either of two places is enough by itself, covering only one of "
        "them changes nothing, and occlusion finds neither."
    )
