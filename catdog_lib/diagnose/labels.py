"""Labels that do not belong to their images: never learned, shifted by one, counted from 1."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from scipy.special import bdtrc
from torch import Tensor, nn

from catdog_lib.diagnose.finding import CERTAIN, LIKELY, POSSIBLE, Finding, certainty_of

_FEW_IMAGES, _STEPS, _RATES = 16, 60, (1e-3, 1e-2)  # of the attempt to learn by heart


def unlearned_labels(
    losses: Sequence[float],
    model: nn.Module,
    train_images: Tensor,
    train_labels: Tensor,
    batch_size: int = 32,
) -> list[Finding]:
    """Find out why a training loss stays where it started: is it the labels, or the network?

    With shares p of the classes, a network that knows nothing of the images reaches the entropy
    −Σ p ln p, ln 2 for two equal classes. If the loss of every epoch stays there, a copy of the
    network tries to learn 16 of the images by heart. If it can, the network is in order, and the
    labels that the loop uses have nothing to do with the images, or its steps are far too small.
    A training run of fewer steps than that copy takes is not judged.

    Args:
        losses: mean cross-entropy on the training images, epoch by epoch.
        model: logits N×K. It stays as it is.
        train_images, train_labels: of the whole training set, as the network takes them.
        batch_size: images in a batch.
    """
    shares = torch.bincount(train_labels.cpu()).double() / len(train_labels)
    start = -torch.special.xlogy(shares, shares).sum().item()
    margin = 0.3 / math.sqrt(len(train_labels))  # two standard errors at logits of about ±0.15
    steps = len(losses) * math.ceil(len(train_labels) / batch_size)
    if steps < _STEPS or min(losses) < start - margin:
        return []
    few = torch.linspace(0, len(train_labels) - 1, _FEW_IMAGES).long()
    loss = min(_by_heart(model, train_images[few], train_labels[few], rate) for rate in _RATES)
    learned = loss < start / 2
    saw = (
        f"In {len(losses)} epochs the training loss never came below {min(losses):.3f}; guessing "
        f"reaches {start:.3f}. A copy of the network, given {_FEW_IMAGES} images to learn by "
        f"heart, came down to {loss:.3f} in {_STEPS} steps."
    )
    advice = (
        "The network can learn, so look at a batch of images with its labels, at how both are "
        "shuffled, and at the learning rate."
        if learned
        else "Not even a few images are learned: look for layers without a gradient, for dead "
        "units, and at the scale of the images."
    )
    numbers = {"lowest": min(losses), "start": start, "by_heart": loss}
    certainty = LIKELY if learned else POSSIBLE
    return [Finding("unlearned_labels", saw, certainty, advice, numbers)]


def _by_heart(model: nn.Module, images: Tensor, labels: Tensor, rate: float) -> float:
    """Return the loss on a few images after a copy of the model was trained on these alone."""
    model = copy.deepcopy(model).train()
    learning = [p for p in model.parameters() if p.requires_grad]
    if not learning:
        return math.inf
    optimizer = torch.optim.Adam(learning, rate)
    with torch.enable_grad():
        for _ in range(_STEPS):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
    return loss.item()


def labels_off_by_one(labels: Tensor, outputs: Tensor) -> list[Finding]:
    """Recognize labels or answers that count from 1, and labels that are shifted by one place.

    Args:
        labels: N, in the order of the data set.
        outputs: N×K, of a network that does better than chance, in the same order.
    """
    outputs, labels = outputs.cpu(), labels.cpu()
    classes = outputs.shape[1]
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= classes or (low == 1 and classes > 2):
        certainty = LIKELY if low >= 0 and high < classes else CERTAIN
        saw = f"The labels run from {low} to {high}, the outputs from 0 to {classes - 1}."
        advice = "Count classes from 0, and give the network one output for each class."
        return [Finding("labels_off_by_one", saw, certainty, advice, {"low": low, "high": high})]
    answers = outputs.argmax(1)
    agree = {
        "the label of the next image": answers == labels.roll(-1),
        "the label of the previous image": answers == labels.roll(1),
    }
    advice = dict.fromkeys(
        agree, "Somewhere the images or the labels lost their first entry, such as a header line."
    )
    if classes > 2:  # of two classes, such answers are wrong ones like any others
        for shift, name in ((1, "plus 1"), (-1, "minus 1")):
            agree[f"the image's own label {name}"] = answers == labels + shift
            advice[f"the image's own label {name}"] = (
                "Count classes from 0 everywhere: shift the labels where they are read, once."
            )
    best, right = max(agree, key=lambda what: int(agree[what].sum())), answers == labels
    shifted, unshifted = int((agree[best] & ~right).sum()), int((right & ~agree[best]).sum())
    if shifted <= unshifted:
        return []
    p_value = len(agree) * float(bdtrc(shifted - 1, shifted + unshifted, 0.5))
    if not (certainty := certainty_of(p_value)):
        return []
    share, usual = agree[best].double().mean().item(), right.double().mean().item()
    saw = (
        f"The answers agree with {best} in {share:.1%} of the cases and with the image's own label "
        f"in {usual:.1%} (by chance with probability {p_value:.0e})."
    )
    numbers = {"p_value": p_value, "shifted": share, "unshifted": usual}
    return [Finding("labels_off_by_one", saw, certainty, advice[best], numbers)]
