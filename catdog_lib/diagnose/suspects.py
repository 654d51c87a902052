"""Single labels that are probably wrong: a network that has not seen the image contradicts them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import chdtrc, expit
from torch import Tensor

from catdog_lib.diagnose.finding import LIKELY, Finding, certainty_of

_ENOUGH = 30  # images, for the test's distribution to hold
_JUDGE = 0.7  # share of labels that a network must agree with to judge the rest


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
    contradictions, too. A network that contradicts more than three labels in ten is no judge.

    Args:
        test_outputs: logits N×K on images that the network was not trained on: held out, or each by
            a network of a cross-validation that has not seen it.
        test_labels: N.
        names: of the images; None numbers them from 0.
    """
    test_labels = test_labels.cpu()
    ranked = test_outputs.detach().cpu().double().topk(2, dim=1)
    margins = (ranked.values[:, 0] - ranked.values[:, 1]).numpy()
    wrong = (ranked.indices[:, 0] != test_labels).numpy()
    share, unsure, p_value = _share_of_wrong_labels(margins, wrong)
    weak = len(wrong) < _ENOUGH or wrong.mean() > 1 - _JUDGE
    if weak or not certainty_of(p_value):
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
