"""Run every check for which the inputs are there: ``diagnose(model=…, train_images=…, …)``.

Lesson 08, section 5.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from catdog_lib.diagnose.accuracies import last_batch_only, unequal_batches
from catdog_lib.diagnose.copies import conflicting_labels, leaked_images
from catdog_lib.diagnose.finding import Diagnosis, Finding, surest_first
from catdog_lib.diagnose.frozen import drifting_weights, moved_statistics
from catdog_lib.diagnose.gradients import accumulated_gradients
from catdog_lib.diagnose.inputs import changed_preprocessing
from catdog_lib.diagnose.labels import labels_off_by_one, unlearned_labels
from catdog_lib.diagnose.layers import dead_units, missing_gradients
from catdog_lib.diagnose.losses import loss_floor, second_softmax, unusual_first_loss
from catdog_lib.diagnose.predictions import augmented_test_images, unstable_predictions
from catdog_lib.diagnose.rates import unusual_learning_rate
from catdog_lib.diagnose.suspects import label_suspects
from catdog_lib.diagnose.weights import other_weights, untrained_weights
from catdog_lib.errors import CatdogError

CHECKS: dict[str, Callable[..., list[Finding]]] = {
    check.__name__: check
    for check in (
        unusual_first_loss,
        loss_floor,
        second_softmax,
        unequal_batches,
        last_batch_only,
        leaked_images,
        changed_preprocessing,
        augmented_test_images,
        unstable_predictions,
        missing_gradients,
        dead_units,
        moved_statistics,
        drifting_weights,
        untrained_weights,
        other_weights,
        label_suspects,
        conflicting_labels,
        labels_off_by_one,
        unlearned_labels,
        unusual_learning_rate,
        accumulated_gradients,  # last: it trains
    )
}


def diagnose(**inputs: Any) -> Diagnosis:
    """Run each check whose inputs are given; an input goes to every check that takes it.

    ::

        diagnose(model=model, train_images=images, train_labels=labels, optimizer=optimizer)

    The inputs are the arguments of the checks, under the same names: :data:`CHECKS` has them all,
    and ``left_out`` of the answer says what each other check would need. An input that is None
    counts as missing.

    Raises:
        CatdogError: no check takes an input of this name, or a check refuses one.
    """
    known = {name for check in CHECKS.values() for name in inspect.signature(check).parameters}
    if unknown := sorted(set(inputs) - known):
        raise CatdogError(
            f"No check takes {unknown[0]!r}; the inputs are {', '.join(sorted(known))}."
        )
    given = {name: value for name, value in inputs.items() if value is not None}
    findings, ran, left_out = [], [], {}
    for name, check in CHECKS.items():
        parameters = inspect.signature(check).parameters
        needed = [p.name for p in parameters.values() if p.default is p.empty]
        if missing := [p for p in needed if p not in given]:
            left_out[name] = f"needs {', '.join(missing)}"
            continue
        findings += check(**{p: given[p] for p in parameters if p in given})
        ran.append(name)
    return Diagnosis(surest_first(findings), tuple(ran), left_out)
