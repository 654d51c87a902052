"""Checkers of lesson 03, Your own CNN."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib.exercises.registry import exercise, require, require_function, require_returned
from catdog_lib.models import count_parameters


def _close(value: object, target: float) -> bool:
    return math.isclose(float(value), target, rel_tol=1e-4, abs_tol=1e-6)


@exercise("03.1")
def parameters_of_convolution(answer: Callable[[int, int, int], int]) -> None:
    """A function of (channels_in, channels_out, kernel): the parameters of a convolution with
    bias.
    """
    require_function("03.1", "conv_parameters", answer)
    for c_in, c_out, k in ((2, 7, 5), (3, 64, 3), (64, 512, 3), (16, 4, 1)):
        value, weights = answer(c_in, c_out, k), c_in * c_out * k * k
        setting = f"for {c_in} channels in, {c_out} out and a {k}×{k} kernel"
        if value == weights + c_out:
            continue
        require_returned(value)
        require(
            value != weights,
            f"You counted the weights; {setting} something is still added to every output channel.",
        )
        require(
            value != weights + c_in,
            "There is one bias for each channel that comes out, not for each that goes in.",
        )
        require(value != weights + 1, "Each output channel has a bias of its own.")
        require(
            value != c_out * k * k + c_out,
            "Every kernel looks at all channels that come in: it has k·k numbers for each.",
        )
        require(value != c_in * c_out * k + c_out, "A kernel is a square: k rows of k numbers.")
        require(False, f"{setting} I count {weights + c_out:,}, you {value}.")


@exercise("03.2")
def batch_norm(answer: Callable[[Tensor], Tensor]) -> None:
    """A function of feature maps N×C×H×W: BatchNorm in training mode, with weight 1, bias 0 and eps
    1e-5.
    """
    require_function("03.2", "batch_norm", answer)
    generator = torch.Generator().manual_seed(5)
    for shape in ((4, 3, 5, 6), (2, 2, 2, 3)):
        scale = torch.tensor([1.0, 0.02, 7.0])[: shape[1]].view(1, -1, 1, 1)
        maps = scale * torch.randn(shape, generator=generator) + torch.tensor([0.0, 3.0, -2.0])[
            : shape[1]
        ].view(1, -1, 1, 1)
        untouched, value = maps.clone(), answer(maps)
        require(isinstance(value, Tensor), "Return the normalised feature maps, a tensor.")
        require(
            value.shape == maps.shape,
            f"Maps of shape {tuple(maps.shape)} came back as {tuple(value.shape)}: use "
            "keepdim=True.",
        )
        require(
            torch.equal(maps, untouched),
            "Your function changed the maps that it was given: avoid -= and /=.",
        )
        mean = maps.mean((0, 2, 3), keepdim=True)
        for dims, meant in (
            ((2, 3), "each picture"),
            ((0,), "each place"),
            ((0, 1, 2, 3), "all channels together"),
            ((1, 2, 3), "each picture"),
        ):
            require(
                not torch.allclose(value, _normalise(maps, dims), atol=1e-4),
                f"You took the mean over {meant}; BatchNorm takes one for each channel, "
                "over the batch and all places: (0, 2, 3).",
            )
        variance = maps.var((0, 2, 3), unbiased=False, keepdim=True)
        require(
            not torch.allclose(value, maps - mean, atol=1e-5),
            "You subtracted the mean; now divide by the standard deviation.",
        )
        require(
            not torch.allclose(value, (maps - mean) / (variance + 1e-5), atol=1e-4),
            "Divide by the root of the variance.",
        )
        require(
            not torch.allclose(value, _normalise(maps, (0, 2, 3), unbiased=True), atol=1e-5),
            "torch.var divides by n − 1 unless told otherwise; BatchNorm normalises with n: "
            "unbiased=False.",
        )
        require(
            torch.allclose(value, _normalise(maps, (0, 2, 3)), atol=1e-5),
            "Not what nn.BatchNorm2d gives in training mode: (maps − mean) / √(variance + 1e-5); "
            "eps stands under the root.",
        )


def _normalise(maps: Tensor, dims: tuple[int, ...], unbiased: bool = False) -> Tensor:
    variance = maps.var(dims, unbiased=unbiased, keepdim=True)
    return (maps - maps.mean(dims, keepdim=True)) / (variance + 1e-5).sqrt()


@exercise("03.3")
def first_loss(answer: Callable[[int], float]) -> None:
    """A function of the number of classes: the loss of a network that knows nothing."""
    require_function("03.3", "first_loss", answer)
    for classes in (10, 2, 1000):
        value, right = answer(classes), math.log(classes)
        require_returned(value)
        require(
            not _close(value, -right),
            "The sign: a loss is −ln of a probability, and ln of a number below 1 is negative.",
        )
        require(
            not _close(value, math.log2(classes)),
            "Cross-entropy uses the natural logarithm, base e, not base 2.",
        )
        require(
            not _close(value, math.log10(classes)),
            "Cross-entropy uses the natural logarithm, base e, not base 10.",
        )
        require(
            not _close(value, 1 / classes),
            "That is the probability of each class; the loss is −ln of it.",
        )
        require(
            not _close(value, 1 - 1 / classes),
            "That is the error rate of guessing; the loss is −ln of the probability.",
        )
        require(
            _close(value, right),
            f"With {classes} classes each has probability 1/{classes}; you say {value}, which is "
            "not −ln of it.",
        )


@exercise("03.4")
def train_step(answer: Callable) -> None:
    """A function of (model, optimizer, pictures, labels): makes one step of training and returns
    the loss, a number.
    """
    require_function("03.4", "train_step", answer)
    generator = torch.Generator().manual_seed(3)
    pictures = torch.rand(6, 3, 4, 4, generator=generator)
    labels = torch.tensor([0, 1, 1, 0, 1, 0])
    yours, mine = _small_network(), _small_network()
    optimizer = torch.optim.SGD(yours.parameters(), lr=0.5)
    reference = torch.optim.SGD(mine.parameters(), lr=0.5)
    for step in (1, 2):
        before = _flat(yours)
        value = answer(yours, optimizer, pictures, labels)
        loss = F.cross_entropy(mine(pictures), labels)
        softmax_loss = F.cross_entropy(mine(pictures).softmax(1), labels)
        reference.zero_grad()
        loss.backward()
        reference.step()
        require(value is not None, "Return the loss, so that whoever calls the step can show it.")
        require(
            not isinstance(value, Tensor),
            "Return a plain number, loss.item(): a tensor would keep its whole graph in memory.",
        )
        require(
            not _close(value, softmax_loss.item()),
            "cross_entropy takes logits and does the softmax itself; you did it twice.",
        )
        require(
            not _close(value, loss.item() * len(labels)),
            "Return the mean loss of the batch, not the sum.",
        )
        require(
            _close(value, loss.item()),
            f"The loss of step {step} should be {loss.item():.4f}, yours is {value:.4f}.",
        )
        require(
            not torch.equal(before, _flat(yours)),
            "The weights did not move: after loss.backward() the optimizer must take its step, "
            "while the gradients are there.",
        )
        require(
            torch.allclose(_flat(yours), _flat(mine), atol=1e-6),
            f"After step {step} the weights are not what one SGD step gives. "
            + (
                "Do the old gradients still count? They add up until zero_grad()."
                if step == 2
                else "Look at the order of the lines."
            ),
        )


def _small_network() -> nn.Module:
    torch.manual_seed(33)
    return nn.Sequential(nn.Flatten(), nn.Linear(48, 2))


def _flat(model: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten().clone() for p in model.parameters()])


@exercise("03.5")
def accuracy(answer: Callable[[list[Tensor], list[Tensor]], float]) -> None:
    """A function of a list of logits (N×2 each) and a list of labels (N each), one a batch: the
    accuracy over all.
    """
    require_function("03.5", "accuracy", answer)
    # Two batches of three pictures and one of one: 3 of 7 answers are right; by batch, the rates
    # are 1/3, 1/3 and 1.
    logits = [
        torch.tensor([[2.0, 1.0], [1.5, 0.5], [-1.0, -3.0]]),
        torch.tensor([[-2.0, -1.0], [0.3, 0.2], [1.0, 4.0]]),
        torch.tensor([[0.4, 3.0]]),
    ]
    labels = [torch.tensor([0, 1, 1]), torch.tensor([1, 1, 0]), torch.tensor([1])]
    value = answer(logits, labels)
    require_returned(value)
    value = float(value)
    require(
        not _close(value, 3),
        "That is the number of right answers; divide by the number of pictures.",
    )
    require(not _close(value, 300 / 7), "Return a share between 0 and 1, not per cent.")
    require(
        not _close(value, 5 / 9),
        "You averaged over batches, so the picture alone in the last batch counted as much as "
        "three.",
    )
    require(not _close(value, 4 / 7), "That is the share of wrong answers.")
    require(
        not _close(value, 1),
        "You looked at the last batch only, or divided by the number of batches.",
    )
    require(not _close(value, 1 / 3), "You looked at one batch only; add up over all of them.")
    require(
        _close(value, 3 / 7),
        f"3 of these 7 answers are right, so the accuracy is {3 / 7:.4f}; you have {value:.4f}.",
    )
    again = float(answer(logits[:2], labels[:2]))
    require(
        _close(again, 2 / 6),
        "Right on these batches, but not on others: is something fixed that should be computed?",
    )


@exercise("03.6")
def own_network(answer: Callable[[], nn.Module]) -> None:
    """A function or class that makes a network: 3×64×64 in, 2 logits out, at most 100,000
    parameters.
    """
    require(
        callable(answer) and not isinstance(answer, nn.Module),
        "Give what makes the network, such as your class, not a finished network.",
    )
    torch.manual_seed(0)
    model = answer()
    require(isinstance(model, nn.Module), "Calling your answer should return an nn.Module.")
    require(
        any(isinstance(m, nn.Conv2d) for m in model.modules()),
        "There is no convolution in your network.",
    )
    parameters = count_parameters(model)
    require(
        parameters <= 100_000,
        f"Your network has {parameters:,} parameters; keep it at 100,000 or fewer. Where are most "
        "of them?",
    )

    generator = torch.Generator().manual_seed(1)
    pictures = torch.randint(0, 256, (20, 3, 64, 64), dtype=torch.uint8, generator=generator)
    labels = torch.arange(20) % 2
    try:
        logits = model(pictures)
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        require(
            False,
            f"The network does not take uint8 pictures 20×3×64×64 ({reason}); "
            "does it begin with Normalize(), and does the linear layer fit?",
        )
    require(
        tuple(logits.shape) == (20, 2),
        f"20 pictures should give logits of shape (20, 2), not {tuple(logits.shape)}.",
    )
    sums = logits.exp().sum(1)
    is_softmax = torch.allclose(logits.sum(1), torch.ones(20), atol=1e-3) and bool(
        (logits >= 0).all()
    )
    require(
        not is_softmax,
        "The network ends in a softmax; cross_entropy does that itself, so return the logits.",
    )
    require(
        not torch.allclose(sums, torch.ones(20), atol=1e-3),
        "The network ends in a log-softmax; return the logits themselves.",
    )
    require(
        bool((logits != 0).any()) and not bool((logits >= 0).all()),
        "No logit is below zero: is there a ReLU after the last layer?",
    )
    model.eval()
    spread = model(pictures).std(0).max().item()
    require(spread > 1e-6, "All 20 pictures get the same answer: does forward() use its argument?")

    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(50):
        loss = F.cross_entropy(model(pictures), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    unused = [name for name, p in model.named_parameters() if p.grad is None]
    require(
        not unused,
        f"These parameters never get a gradient: {', '.join(unused)}; does forward() use their "
        "layers?",
    )
    require(
        loss.item() < 0.35,
        f"After 50 steps on the same 20 pictures its loss is still {loss.item():.2f}: it cannot "
        "learn them by heart. More channels, or BatchNorm?",
    )
