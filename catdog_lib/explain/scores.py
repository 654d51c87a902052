"""What is explained: the score of one class, for a batch of any size, on the model's device."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.inspect.hooks import evaluating

_BATCH = 32


def batch_by_batch(
    explain: Callable[[Tensor, Tensor], Tensor],
    model: nn.Module,
    pictures: Tensor,
    target: int | Tensor | None,
) -> Tensor:
    """Call ``explain(pictures, classes)`` with up to 32 pictures at a time, and put the results
    together.

    Meanwhile the model is in evaluation mode. ``explain`` gets float pictures in [0, 1] and int64
    classes on the model's device; its results come back as float32 to where the pictures are.

    Args:
        pictures: N×3×H×W, uint8 or float in [0, 1].
        target: the class to explain: one for all, or N of them; None takes the class that the model
            answers.

    Raises:
        CatdogError: the pictures or the target are none of these.
    """
    check_pictures(pictures)
    if isinstance(target, int):
        target = torch.full((len(pictures),), target)
    if target is not None and target.shape != (len(pictures),):
        raise CatdogError(
            f"target has the shape {tuple(target.shape)}, but there are {len(pictures)} pictures; "
            "give one class for each, one number for all, or None for the class that the model "
            "answers."
        )
    device = next(model.parameters()).device
    results = []
    with evaluating(model):
        for rows in torch.arange(len(pictures)).split(_BATCH):
            part = pictures[rows].to(device)
            part = part.float() / 255 if part.dtype == torch.uint8 else part.float()
            classes = answers(model, part) if target is None else target[rows].to(device)
            results.append(explain(part, classes).detach().float())
    return torch.cat(results).to(pictures.device)


@torch.no_grad()
def answers(model: nn.Module, pictures: Tensor) -> Tensor:
    """The class with the largest logit, N."""
    return model(pictures).argmax(1)


def score(logits: Tensor, classes: Tensor) -> Tensor:
    """s_c: each picture's logit of its class, N. It is taken before the softmax, which would
    flatten sure answers.

    Raises:
        CatdogError: there is no such class.
    """
    count = logits.shape[1]
    if not ((classes >= 0) & (classes < count)).all():
        raise CatdogError(
            f"target holds a class outside 0 to {count - 1}; the model has {count} classes, "
            "counted from 0."
        )
    return logits.float().gather(1, classes[:, None])[:, 0]


def check_pictures(pictures: Tensor) -> None:
    """Refuse what is no batch of pictures.

    Raises:
        CatdogError: not 4-D, or float values outside [0, 1].
    """
    if pictures.ndim != 4 or not len(pictures):
        raise CatdogError(
            f"pictures has the shape {tuple(pictures.shape)}, but N×3×H×W is needed; for one "
            "picture use picture.unsqueeze(0)."
        )
    if pictures.dtype != torch.uint8 and not (pictures.min() >= 0 and pictures.max() <= 1):
        raise CatdogError(
            f"pictures has values from {pictures.min():g} to {pictures.max():g}; give uint8, or "
            "float in [0, 1]. The model normalises them itself."
        )
