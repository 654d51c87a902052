"""What an epoch's accuracy gives away: it must be a number of correct answers, over all images."""

from __future__ import annotations

import math
from collections.abc import Sequence

from catdog_lib.diagnose.finding import CERTAIN, Finding, certainty_of
from catdog_lib.errors import CatdogError

_FLOAT32 = 2e-7  # how exactly a share in float32 is known


def unequal_batches(
    accuracies: Sequence[float], image_count: int, batch_size: int, decimals: int | None = None
) -> list[Finding]:
    """Recognize accuracies that were averaged over batches of unequal size.

    The accuracy on N images is k/N with an integer k. The mean of the batches' accuracies is not,
    as a rule, if the last batch is smaller than the rest: each of its images then counts more.

    Args:
        accuracies: the reported ones, between 0 and 1, epoch by epoch.
        image_count: N, how many images each is about.
        batch_size: images in a batch.
        decimals: to how many decimals they were rounded; None: not at all.

    Raises:
        CatdogError: an accuracy is not between 0 and 1, or a count is below 1.
    """
    tolerance = _tolerance(accuracies, image_count, batch_size, decimals)
    last = image_count % batch_size
    if not last or image_count < batch_size or tolerance * image_count > 0.1:
        return []
    complete = image_count - last  # a loader with drop_last uses only these
    off = [
        accuracy
        for accuracy in accuracies
        if not any(_is_share(accuracy, count, tolerance) for count in (image_count, complete))
    ]
    if not off:
        return []
    batches = image_count // batch_size + 1
    explained = sum(_is_mean(accuracy, batch_size, last, batches, tolerance) for accuracy in off)
    saw = (
        f"Of {len(accuracies)} accuracies {len(off)} cannot be a number of correct answers out of "
        f"{image_count:,}: {off[0]:.6f} would be {off[0] * image_count:.3f} of them."
    )
    if explained:
        saw += (
            f" A mean over {batches} batches, of which the last has {last} images instead of "
            f"{batch_size}, explains {explained} of the {len(off)} exactly."
        )
    advice = (
        "Add up the correct answers of all batches and divide once, by the number of images."
        if explained
        else "Count the images again; then add up the correct answers and divide once."
    )
    numbers = {"off": len(off), "explained": explained, "last_batch": last}
    return [Finding("unequal_batches", saw, CERTAIN, advice, numbers)]


def last_batch_only(
    accuracies: Sequence[float], image_count: int, batch_size: int, decimals: int | None = None
) -> list[Finding]:
    """Recognize accuracies that are those of the last batch, not of the epoch.

    The last batch has only r images, so its accuracy is one of r + 1 values. For a count out of all
    N images to fall on one of these by chance every time has a probability of about gcd(N, r)/N for
    each distinct value that is neither 0 nor 1.

    Args:
        accuracies, image_count, batch_size, decimals: as in :func:`unequal_batches`.

    Raises:
        CatdogError: as there.
    """
    tolerance = _tolerance(accuracies, image_count, batch_size, decimals)
    if image_count <= batch_size:
        return []
    last = image_count % batch_size or batch_size
    distinct = {accuracy for accuracy in accuracies if 0 < accuracy < 1}
    if not all(_is_share(accuracy, last, tolerance) for accuracy in distinct):
        return []
    each = max(math.gcd(image_count, last) / image_count, min(1.0, 2 * tolerance * last))
    p_value = each ** len(distinct)
    if not (certainty := certainty_of(p_value)):
        return []
    saw = (
        f"All {len(distinct)} distinct accuracies are a number of correct answers out of {last}, "
        f"the size of the last batch, although there are {image_count:,} images; by chance that "
        f"happens with probability {p_value:.0e}."
    )
    advice = (
        "The variable holds the last batch's accuracy when the epoch ends: add up the correct "
        "answers of all batches and divide by the number of images."
    )
    numbers = {"p_value": p_value, "last_batch": last, "distinct": len(distinct)}
    return [Finding("last_batch_only", saw, certainty, advice, numbers)]


def _tolerance(
    accuracies: Sequence[float], image_count: int, batch_size: int, decimals: int | None
) -> float:
    """Return how exactly the accuracies are known; raise an error if they cannot be accuracies."""
    if not all(0 <= accuracy <= 1 for accuracy in accuracies):
        raise CatdogError(
            f"The accuracies reach from {min(accuracies)} to {max(accuracies)}; give shares "
            "between 0 and 1."
        )
    if image_count < 1 or batch_size < 1:
        raise CatdogError(
            f"image_count is {image_count} and batch_size {batch_size}; both are 1 or more."
        )
    return _FLOAT32 if decimals is None else 0.5 * 10.0**-decimals + _FLOAT32


def _is_share(accuracy: float, count: int, tolerance: float) -> bool:
    """Tell whether the accuracy is k / count for an integer k."""
    return abs(accuracy * count - round(accuracy * count)) <= tolerance * count


def _is_mean(accuracy: float, size: int, last: int, batches: int, tolerance: float) -> bool:
    """Tell whether the accuracy is the mean over batches of ``size``, the last one of ``last``."""
    return any(
        _is_share(accuracy * batches - correct / last, size, tolerance * batches)
        for correct in range(last + 1)
    )
