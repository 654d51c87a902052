"""Labels that do not fit their images: a few of them, all of them, or all shifted by one."""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import bdtrc, chdtrc, expit
from torch import Tensor, nn

from catdog_lib.diagnose.finding import CERTAIN, LIKELY, POSSIBLE, Finding, certainty_of

_ENOUGH = 30  # images, for the test's distribution to hold
_FEW_IMAGES, _STEPS, _RATES = 16, 60, (1e-3, 1e-2)  # of the attempt to learn by heart


def label_suspects(
    test_outputs: Tensor, test_labels: Tensor, names: Sequence[str] | None = None
) -> list[Finding]:
    """Name the images whose label is probably wrong, judged by a network that has not seen them.

    A network is wrong mostly where it is unsure: with z the difference of its two largest logits,
    its answer is wrong with probability s = 1 / (1 + exp(z / T)). A wrong label is as probable
    where it is sure. So the share of answers that contradict their label is e + (1 − 2e) s, if e is
    the share of wrong labels. T and e are fitted by maximum likelihood; a likelihood-ratio test
    says whether e = 0 explains the contradictions as well. After C. Northcutt, L. Jiang and
    I. Chuang 2021, "Confident learning", arXiv 1911.00068, which looks for confident
    contradictions, too.

    Args:
        test_outputs: logits N×K on images that the network was not trained on: held out, or each by
            a network of a cross-validation that has not seen it.
        test_labels: N.
        names: of the images; None numbers them from 0.
    """
    ranked = test_outputs.detach().double().topk(2, dim=1)
    margins = (ranked.values[:, 0] - ranked.values[:, 1]).numpy()
    wrong = (ranked.indices[:, 0] != test_labels).numpy()
    share, unsure, p_value = _share_of_wrong_labels(margins, wrong)
    if len(wrong) < _ENOUGH or not certainty_of(p_value):
        return []
    suspected = wrong & (share * (1 - unsure) > (1 - share) * unsure)  # the label, not the answer
    rows = sorted(np.flatnonzero(suspected).tolist(), key=lambda row: -margins[row])
    named = ", ".join(names[row] if names else f"no. {row}" for row in rows[:3])
    saw = (
        f"{int(wrong.sum())} of {len(wrong)} answers contradict the label, too many of them with "
        f"confidence (by chance with probability {p_value:.0e}): as if {share:.1%} of the labels "
        f"were wrong. The {len(rows)} suspects, the surest first: {named} …"
    )
    advice = "Look at these images, the first ones first, and correct the labels that are wrong."
    numbers = {"p_value": p_value, "share": share, "suspects": len(rows), "rows": rows}
    # Never certain: a kind of image that a network always mistakes would look the same.
    return [Finding("label_suspects", saw, LIKELY, advice, numbers)]


def _share_of_wrong_labels(
    margins: np.ndarray, wrong: np.ndarray
) -> tuple[float, np.ndarray, float]:
    """Return e, s for each image, and how probable so much for e > 0 is by chance.

    Where e cannot be below 0, half the distribution of the test's statistic lies at 0 (H. Chernoff
    1954, Annals of Mathematical Statistics 25, 573–578).
    """
    scale = max(float(np.median(margins)), 1e-12)
    unsure = expit(-margins / (scale * np.geomspace(0.02, 50, 80)[:, None]))  # T × images
    shares = np.linspace(0, 0.45, 46)
    likelihoods = np.empty((len(shares), len(unsure)))
    for row, share in enumerate(shares):
        contradicts = (share + (1 - 2 * share) * unsure).clip(1e-12, 1 - 1e-12)
        likelihoods[row] = np.log(np.where(wrong, contradicts, 1 - contradicts)).sum(1)
    best, temperature = np.unravel_index(likelihoods.argmax(), likelihoods.shape)
    statistic = 2 * (likelihoods.max() - likelihoods[0].max())
    p_value = 0.5 * float(chdtrc(1, statistic)) if statistic > 0 else 1.0
    return float(shares[best]), unsure[temperature], p_value


def conflicting_labels(train_images: Tensor, train_labels: Tensor) -> list[Finding]:
    """Find images that occur with different labels, pixel for pixel the same.

    Give it two passes over your training batches, one after the other and without augmentation: if
    images and labels are shuffled apart, most images get another label in the second pass.

    Args:
        train_images: N×…, with the copies or passes together.
        train_labels: N.
    """
    seen: dict[bytes, set[int]] = {}
    for image, label in zip(train_images, train_labels.tolist(), strict=True):
        digest = hashlib.blake2b(image.contiguous().numpy().tobytes(), digest_size=16).digest()
        seen.setdefault(digest, set()).add(label)
    conflicts = sum(len(labels) > 1 for labels in seen.values())
    if not conflicts:
        return []
    saw = f"{conflicts} of {len(seen)} different images occur with more than one label."
    advice = (
        "If they are copies, correct their labels. If they come from two passes over the same "
        "data, images and labels are shuffled apart: index both with the same permutation."
    )
    numbers = {"conflicts": conflicts, "images": len(seen)}
    return [Finding("conflicting_labels", saw, CERTAIN, advice, numbers)]


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
    shares = torch.bincount(train_labels).double() / len(train_labels)
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
    """Recognize labels that count from 1, and lists of labels that are shifted by one place.

    Args:
        labels: N, in the order of the data set.
        outputs: N×K, of a network that does better than chance, in the same order.
    """
    classes = outputs.shape[1]
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= classes or (low == 1 and classes > 2):
        certainty = LIKELY if low >= 0 and high < classes else CERTAIN
        saw = f"The labels run from {low} to {high}, the outputs from 0 to {classes - 1}."
        advice = "Count classes from 0, and give the network one output for each class."
        return [Finding("labels_off_by_one", saw, certainty, advice, {"low": low, "high": high})]
    answers = outputs.argmax(1)
    agree = {shift: answers == labels.roll(-shift) for shift in (0, -1, 1)}
    best = max((-1, 1), key=lambda shift: int(agree[shift].sum()))
    shifted, unshifted = (int((agree[a] & ~agree[b]).sum()) for a, b in ((best, 0), (0, best)))
    if shifted <= unshifted:
        return []
    p_value = 2 * float(bdtrc(shifted - 1, shifted + unshifted, 0.5))
    if not (certainty := certainty_of(p_value)):
        return []
    share, usual = (agree[shift].double().mean().item() for shift in (best, 0))
    saw = (
        f"The answers agree with the label of the {'next' if best > 0 else 'previous'} image in "
        f"{share:.1%} of the cases and with the image's own in {usual:.1%} (by chance with "
        f"probability {p_value:.0e})."
    )
    advice = "Somewhere the images or the labels lost their first entry, such as a header line."
    numbers = {"p_value": p_value, "shift": best, "shifted": share, "unshifted": usual}
    return [Finding("labels_off_by_one", saw, certainty, advice, numbers)]
