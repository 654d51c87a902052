"""What the loss gives away: a start far from ln K, and a floor that it cannot pass."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from catdog_lib.diagnose.finding import CERTAIN, LIKELY, POSSIBLE, Finding

FLOOR = math.log1p(math.exp(-1))  # 0.3133: cross-entropy of the softmax of (1, 0)
_FACTOR = 1.6  # the first loss may be this many times too large or too small


def unusual_first_loss(
    first_loss: float, classes: int = 2, batch_size: int | None = None
) -> list[Finding]:
    """Compare the first loss with ln K, which is what K equal probabilities give.

    A network with random weights knows nothing yet, so the cross-entropy of its first batch is near
    ln 2 = 0.693 for two classes. Source: the advice of the CS231n notes, "look for correct loss at
    chance performance".

    Args:
        first_loss: cross-entropy of the first batch, before any update.
        classes: K, how many classes the images have.
        batch_size: images in the batch, to recognize a sum over them.
    """
    expected = math.log(classes)
    if expected / _FACTOR <= first_loss <= expected * _FACTOR:
        return []
    known = {f"ln {k}, that of {k:,} classes": math.log(k) for k in (3, 10, 100, 1000)}
    if batch_size:
        known[f"{batch_size} × ln {classes}, a sum over the batch"] = batch_size * expected
    reason = next((what for what, loss in known.items() if abs(first_loss / loss - 1) < 0.05), None)
    if not math.isfinite(first_loss):
        advice = "Look for a division by 0, or a logarithm of 0, in the network or in the loss."
    elif first_loss < expected:
        advice = (
            "A network that knows nothing cannot be that good: are its weights those of an earlier "
            "run, or do the images give their labels away?"
        )
    elif reason:
        advice = "Give the last layer as many outputs as there are classes, and average the loss."
        reason = f" It is near {reason}."
    else:
        advice = (
            "The logits are far too large at the start: normalize the images (are they 0 to 255?) "
            "and look at how the last layer is initialized."
        )
    saw = (
        f"The first loss is {first_loss:.3f}, and ln {classes} = {expected:.3f} was expected."
        f"{reason if first_loss > expected and reason else ''}"
    )
    numbers = {"first_loss": first_loss, "expected": expected}
    certainty = LIKELY if reason or not math.isfinite(first_loss) else POSSIBLE
    return [Finding("unusual_first_loss", saw, certainty, advice, numbers)]


def second_softmax(outputs: Tensor) -> list[Finding]:
    """Recognize probabilities where cross-entropy expects logits.

    ``F.cross_entropy`` applies a softmax itself. Outputs that a softmax has made already lie
    between 0 and 1 and add up to 1 for each image, which logits do not.

    Args:
        outputs: N×K, what is handed to the loss, of two or more images.
    """
    outputs = outputs.detach().cpu().double()
    off = (outputs.sum(1) - 1).abs().max().item()
    if len(outputs) < 2 or off > 0.02 or outputs.min() < 0 or outputs.std(0).max() == 0:
        return []  # 0.02: bfloat16 rounds
    saw = (
        f"The outputs of each of the {len(outputs)} images are between 0 and 1 and add up to 1 "
        f"(within {off:.0e}): they are probabilities, not logits."
    )
    advice = (
        "Remove the softmax at the end of the network: cross-entropy applies one itself, and with "
        f"two of them the loss cannot fall below {FLOOR:.4f}."
    )
    return [Finding("second_softmax", saw, CERTAIN, advice, {"images": len(outputs), "off": off})]


def loss_floor(losses: Sequence[float], accuracies: Sequence[float]) -> list[Finding]:
    """Recognize a training loss that has come to rest above what its accuracy allows.

    With a second softmax the loss of an image that is classified correctly is at least ln(1 + e⁻¹)
    = 0.3133, and that of any other at least ln 2. So at accuracy a the mean is at least
    0.3133 a + 0.6931 (1 − a), however long the training lasts. A network whose
    probabilities are right comes down to about the entropy h(a) = −a ln a − (1 − a) ln(1 − a), or
    below it.

    Args:
        losses, accuracies: mean cross-entropy and share of correct answers on the training images,
            epoch by epoch; at least four epochs.
    """
    if len(losses) < 4 or len(losses) != len(accuracies):
        return []
    passed = any(
        loss < FLOOR * a + math.log(2) * (1 - a) - 1e-3
        for loss, a in zip(losses, accuracies, strict=True)
    )
    loss, accuracy = losses[-1], accuracies[-1]
    still_falling = max(losses[-3:]) - loss > 0.03
    if passed or still_falling or accuracy < 0.9 or loss < entropy(accuracy) + 0.05:
        return []
    saw = (
        f"The training loss levels off at {loss:.3f} with an accuracy of {accuracy:.1%}, where "
        f"about {entropy(accuracy):.3f} or less is usual. In no epoch was it below the floor of a "
        f"second softmax, {FLOOR:.4f} for each correct answer."
    )
    advice = (
        "Look for a softmax before cross-entropy, in the network or in the training loop: the loss "
        "applies one itself."
    )
    numbers = {"loss": loss, "accuracy": accuracy, "floor": FLOOR}
    return [Finding("loss_floor", saw, LIKELY, advice, numbers)]


def entropy(share: float) -> float:
    """Return the entropy of a coin that shows heads with this probability, in nats."""
    return -sum(p * math.log(p) for p in (share, 1 - share) if p > 0)
