"""Checkers of lesson 07, Feature maps."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import torch
from torch import Tensor, nn

from catdog_lib.exercises.covering import deletion_answers, occlusion_answers, scorer
from catdog_lib.exercises.registry import exercise, require, require_function, require_returned

Mistakes = Sequence[tuple[object, str]]


def _same(value: Tensor, target: Tensor) -> bool:
    shape = value.shape == target.shape
    return shape and torch.allclose(value.to(target), target, rtol=1e-4, atol=1e-5)


def _require_tensor(value: object, shape: tuple[int, ...], what: str) -> None:
    require_returned(value)
    found = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
    require(found == shape, f"Return {what}, a tensor of shape {shape}; yours is {found}.")
    require(not value.isnan().any(), "There is a NaN in it: did you divide by 0?")


def _require_none_of(value: Tensor, mistakes: Mistakes) -> None:
    for wrong, hint in mistakes:
        require(not _same(value, wrong), hint)


@contextmanager
def _untouched(**given: Tensor) -> Iterator[None]:
    """What the answer was given is as it was, when it is done."""
    before = {name: tensor.clone() for name, tensor in given.items()}
    yield
    for name, tensor in given.items():
        require(
            torch.equal(tensor, before[name]),
            f"Your function changed the {name} that it was given: work on {name}.clone().",
        )


# 07.1
def _small_network() -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):  # the student's own random numbers go on as they would
        torch.manual_seed(0)
        layers = {
            "first": nn.Conv2d(3, 3, 3, padding=1), "act": nn.ReLU(), "second": nn.Conv2d(3, 3, 3, padding=1),
            "overwrite": nn.ReLU(inplace=True), "pool": nn.MaxPool2d(2), "flatten": nn.Flatten(),
            "linear": nn.Linear(12, 2),
        }  # fmt: skip
    return nn.Sequential(OrderedDict(layers)).eval()


def _hooks(model: nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


@exercise("07.1")
def record(answer: Callable[[nn.Module, str, Tensor], Tensor]) -> None:
    """A function of (model, layer, pictures): what the layer of this name gives, with no hook left
    behind.
    """
    require_function("07.1", "record", answer)
    model, x = _small_network(), torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    value = answer(model, "second", x)
    require_returned(value)
    require(
        isinstance(value, Tensor),
        f"Return the tensor that the layer gave; you return a {type(value).__name__}.",
    )
    with torch.no_grad():
        between = model.act(model.first(x))
        right = model.second(between)
        mistakes = [
            (between, "That goes into the layer; what comes out is the hook's third argument."),
            (right.relu(), "The ReLU behind the layer works in place: it has overwritten what you kept. Keep a copy, "
             "output.clone()."),
            (model.second(x), "You sent the photo straight into the layer; it has to go through the layers before."),
            (model(x), "That is the answer of the whole network."),
        ]  # fmt: skip
    _require_none_of(value.detach(), mistakes)
    require(
        _same(value.detach(), right),
        f"For the layer 'second' of a small network, of shape {tuple(right.shape)}, you return "
        f"something else than what it gave: a tensor of shape {tuple(value.shape)}.",
    )
    require(
        _hooks(model) == 0,
        "Your hook is still there, and would run for ever: call .remove() on what "
        "register_forward_hook returned.",
    )
    require(
        not value.requires_grad,
        "What you return still holds the whole graph in memory: keep output.detach(), too.",
    )
    with suppress(RuntimeError):
        answer(model, "second", x[:, :2])  # two channels: the network refuses them
    require(
        _hooks(model) == 0,
        "When the network stops with an error, your hook stays behind: remove it in `finally`, or "
        "use `with`.",
    )
    other = answer(model, "first", x)
    require(
        isinstance(other, Tensor) and _same(other, model.first(x).detach()),
        "For another layer, 'first', the result is wrong: ask for model.get_submodule(layer).",
    )


# 07.2. In formulas u is the number of a unit along one side of its map; a side of the photo has n
# pixels.
def _span(u: int, size: int, jump: int, start: float, n: int) -> tuple[int, int]:
    first = start + jump * u - (size - 1) / 2
    return int(first), int(first) + size


def _cut(first: int, end: int, n: int) -> tuple[int, int]:
    return max(first, 0), min(end, n)


def _along(one: Callable[..., tuple]) -> Callable[..., tuple]:
    """Make a formula for one side one for rows and columns."""
    return lambda row, column, *rest: (*one(row, *rest), *one(column, *rest))


def _pushed(u: int, s: int, j: int, t: float, n: int) -> tuple[int, int]:
    first = min(max(_span(u, s, j, t, n)[0], 0), n - s)
    return first, first + s


_right = _along(lambda u, s, j, t, n: _cut(*_span(u, s, j, t, n), n))

# fmt: off
PATCH_CASES = [(3, 5, 10, 4, 1.5, 64), (0, 2, 18, 4, 0.5, 64), (7, 6, 27, 8, 3, 64), (1, 0, 5, 2, 0, 30),
               (2, 14, 4, 2, 0.5, 30)]
PATCH_MISTAKES = [
    (_along(_span),
     "A field can reach beyond the photo, and a negative number in a slice counts from its other "
     "end: cut the patch off at 0 and at the side."),
    (_along(lambda u, s, j, t, n: (max(_span(u, s, j, t, n)[0], 0), _span(u, s, j, t, n)[1])),
     "Cut off at the far side as well: at `side`."),
    (_along(lambda u, s, j, t, n: (_span(u, s, j, t, n)[0], min(_span(u, s, j, t, n)[1], n))),
     "A negative number in a slice counts from the other end: cut off at 0."),
    (_along(lambda u, s, j, t, n: _cut(_span(u, s, j, t, n)[0], _span(u, s, j, t, n)[1] - 1, n - 1)),
     "A slice leaves out its end: the second number is one more than the last pixel."),
    (_along(lambda u, s, j, t, n: _cut(*_span(u, s, 1, t, n), n)),
     "Neighbouring units look at places `jump` pixels apart, not 1."),
    (_along(lambda u, s, j, t, n: _cut(*_span(u, s, j, 0, n), n)), "The first unit's centre is at `start`, not at 0."),
    (_along(lambda u, s, j, t, n: _cut(int(t + j * u), int(t + j * u) + s, n)),
     "start + jump·unit is the centre of the patch, not its edge."),
    (lambda *case: (*_right(*case)[2:], *_right(*case)[:2]),
     "Rows go from top to bottom, columns from left to right: you swapped them."),
    (lambda *case: tuple(_right(*case)[i] for i in (0, 2, 1, 3)), "The order is top, bottom, left, right."),
    (_along(_pushed), "You pushed the patch into the photo; the part outside is cut off, and the patch gets smaller."),
]
# fmt: on


@exercise("07.2")
def patch(answer: Callable[[int, int, int, int, float, int], tuple]) -> None:
    """A function of (row, column, size, jump, start, side): top, bottom, left, right of the slice
    of the photo.
    """
    require_function("07.2", "patch", answer)
    given = [answer(*case) for case in PATCH_CASES]
    for value in given:
        require_returned(value)
        require(
            isinstance(value, (tuple, list)) and len(value) == 4,
            f"Return four numbers, top, bottom, left, right; you return {value!r}.",
        )
    given = [tuple(value) for value in given]
    for formula, hint in PATCH_MISTAKES:
        require(given != [formula(*case) for case in PATCH_CASES], hint)
    for case, value in zip(PATCH_CASES, given, strict=True):
        call, target = f"patch({', '.join(map(str, case))})", _right(*case)
        require(value == target, f"{call} should be {target}; yours gives {value}.")
        require(
            all(isinstance(number, int) for number in value),
            f"{call} gives {value}: a slice needs whole numbers, so take int(…).",
        )


# 07.3
@exercise("07.3")
def occlusion(answer: Callable[[Callable, Tensor, int, float], Tensor]) -> None:
    """A function of (score, picture, side, fill): how far the score falls when each square is
    covered.
    """
    require_function("07.3", "occlusion", answer)
    picture, score = scorer(height=6, width=9)
    side, fill = 3, 0.25
    with _untouched(picture=picture):
        value = answer(score, picture, side, fill)
    require(
        not (isinstance(value, Tensor) and value.shape == (3, 2)),
        "Rows come first: 2 rows and 3 columns of squares.",
    )
    _require_tensor(value, (2, 3), "one number for each square")
    right, mistakes = occlusion_answers(score, picture, side, fill)
    _require_none_of(value, mistakes)
    require(
        _same(value, right),
        f"The first square should give {right[0, 0]:.3f}; yours gives {value[0, 0]:.3f}.",
    )


# 07.4
@exercise("07.4")
def grad_cam(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """A function of (maps, gradients), both K×h×w, of one picture: the heat map of Grad-CAM,
    h×w.
    """
    require_function("07.4", "cam", answer)
    generator = torch.Generator().manual_seed(3)
    maps, gradients = torch.randn(2, 5, 3, 4, generator=generator)
    maps = maps.abs()
    with _untouched(maps=maps, gradients=gradients):
        value = answer(maps, gradients)
    signed = (gradients.mean((1, 2), keepdim=True) * maps).sum(0)
    weights = gradients.mean((1, 2), keepdim=True)
    require(
        not (isinstance(value, Tensor) and value.shape == maps.shape),
        "One weighted map for each channel is not yet the answer: add them up over the channels.",
    )
    _require_tensor(value, (3, 4), "one heat map h×w")
    mistakes = [
        (signed, "Where it is negative, it speaks against the class: ReLU, please."),
        ((weights.relu() * maps).sum(0), "Channels that speak against the class count as well: ReLU comes last."),
        (signed.abs(), "The absolute value turns what speaks against the class into what speaks for it: use ReLU."),
        ((gradients * maps).sum(0).relu(), "You multiplied pixel by pixel; each map has one weight, the mean of its "
         "gradient."),
        (maps.mean(0), "That is the mean map, which knows nothing of the class: weigh each map by its gradient."),
        (maps.sum(0), "That is the sum of the maps, which knows nothing of the class: weigh each map by its gradient."),
        ((weights.abs() * maps).sum(0), "The sign of a weight matters: it says whether the map speaks for the class."),
        (gradients.mean(0).relu(), "That is the gradient alone; it is only to weigh the maps."),
        ((maps.mean((1, 2), keepdim=True) * gradients).sum(0).relu(), "You have it the wrong way round: the gradient's "
         "means weigh the maps."),
        ((gradients.sum((1, 2), keepdim=True) * maps).sum(0).relu(), "The weight is the mean over the places, not the "
         "sum."),
        ((weights * maps).mean(0).relu(), "Add the weighted maps up over the channels; you took their mean."),
        ((gradients.mean(0) * maps).sum(0).relu(), "The mean is over the places (1, 2): one weight for each channel."),
    ]  # fmt: skip
    _require_none_of(value, mistakes)
    require(
        _same(value, signed.relu()),
        "Your heat map differs from ReLU(Σ weight · map), where the weight is the mean of the "
        "channel's gradient.",
    )


# 07.5
@exercise("07.5")
def share_on(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """A function of (heat N×H×W, mask N×H×W): the share of each picture's positive heat that lies
    on the mask.
    """
    require_function("07.5", "share_on", answer)
    heat = torch.tensor([[[4.0, -2.0], [1.0, 3.0]], [[0.5, 0.25], [-1.0, 1.5]]])
    mask = torch.tensor([[[True, True], [False, False]], [[True, False], [True, True]]])
    with _untouched(heat=heat, mask=mask):
        value = answer(heat, mask)
    require(
        not isinstance(value, float) and not (isinstance(value, Tensor) and value.ndim == 0),
        "One number for each picture, please: sum over rows and columns only.",
    )
    _require_tensor(value, (2,), "one share for each picture")
    hot, on = heat.relu(), mask.float()
    total = hot.sum((1, 2))
    mistakes = [
        ((heat * on).sum((1, 2)) / heat.sum((1, 2)), "Negative heat speaks against the class: set it to 0 first."),
        ((heat.abs() * on).sum((1, 2)) / heat.abs().sum((1, 2)), "Negative heat speaks against the class: set it to 0, "
         "do not turn it round."),
        ((hot * on).sum((1, 2)) / heat.sum((1, 2)), "Divide by the positive heat, too, not by the sum of all heat."),
        ((hot * on).sum((1, 2)), "That is the heat on the mask; divide by all of the picture's."),
        (on.mean((1, 2)), "That is the share of the area."),
        ((hot * on).sum((1, 2)) / on.sum((1, 2)), "That is the mean heat on the mask; divide by the heat, not by the "
         "area."),
        ((hot * on).mean((1, 2)) / total, "A sum divided by a sum: you took a mean above the line."),
        (1 - (hot * on).sum((1, 2)) / total, "That is the share beside the mask."),
        (100 * (hot * on).sum((1, 2)) / total, "Return a share between 0 and 1, not per cent."),
        ((hot * on).sum((1, 2)) / hot.sum(), "Divide by the heat of the same picture, not by that of all."),
        (((hot > 0) & mask).sum((1, 2)) / (hot > 0).sum((1, 2)), "You counted hot pixels; add up their heat."),
    ]  # fmt: skip
    _require_none_of(value, mistakes)
    right = (hot * on).sum((1, 2)) / total
    require(
        _same(value, right),
        f"The shares should be {right.tolist()}; yours are {value.tolist()}.",
    )
    cold = answer(-heat.abs(), mask)
    require(
        isinstance(cold, Tensor) and not cold.isnan().any() and bool((cold == 0).all()),
        "A map without any positive heat should give 0: keep the division from 0 / 0, with "
        ".clamp(min=1e-12), say.",
    )


# 07.6
@exercise("07.6")
def deletion(answer: Callable[[Callable, Tensor, Tensor, int, float], Tensor]) -> None:
    """A function of (score, picture, heat, steps, fill): the scores as the hottest pixels are taken
    away first.
    """
    require_function("07.6", "deletion", answer)
    picture, score = scorer(height=4, width=5)
    heat = torch.randperm(20, generator=torch.Generator().manual_seed(6)).view(4, 5) - 6.0
    steps, fill = 4, 0.5
    with _untouched(picture=picture, heat=heat):
        value = answer(score, picture, heat, steps, fill)
    right, mistakes = deletion_answers(score, picture, heat, steps, fill)
    if isinstance(value, Tensor) and value.shape == (steps,):
        require(
            not _same(value, right[1:]),
            "The curve begins with the whole picture: steps + 1 values.",
        )
        require(not _same(value, right[:-1]), "The curve ends with nothing left: steps + 1 values.")
    _require_tensor(value, (steps + 1,), "one score for the whole picture and one after each step")
    _require_none_of(value, mistakes)
    require(
        _same(value, right),
        f"The curve should be {[round(v, 3) for v in right.tolist()]}; "
        f"yours is {[round(v, 3) for v in value.tolist()]}.",
    )
