"""Each broken script shows its defect with every seed, and the fixed one does not."""

import math
import traceback
from functools import cache

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from catdog_lib import data, diagnose
from catdog_lib.clinic import PATIENTS, Case, Patient, Run, examine, normalized, small_cnn
from catdog_lib.evidence.comparisons import CHANCE, compare_paired

FLOOR = math.log(1 + math.exp(-1))


@cache
def pets() -> data.Splits:
    """Return the images of the lesson at quick."""
    return data.load("sketches", size=32, max_train=94, max_test=100, progress=False)


@cache
def case(name: str) -> Case:
    # Whether labels cannot be learned is judged after some more steps.
    return examine(PATIENTS[name], pets(), epochs=32 if name == "shuffled_labels" else 8)


def last_loss(run: Run) -> float:
    return run.log.losses[-1]


def known(run: Run) -> float:
    return run.accuracy(*pets().train[:])


def seen_in_training(run: Run) -> Tensor:
    return normalized(pets().train[:][0])


def seen_in_prediction(run: Run) -> Tensor:
    """Return what the script's own predict hands to the network."""
    seen = []
    handle = run.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    run.predict(pets().train[:][0])
    handle.remove()
    return seen[0]


def red_over_blue(images: Tensor) -> float:
    red, _, blue = images.mean((0, 2, 3)).tolist()
    return red - blue


def silent_units(run: Run) -> float:
    """Return the share of zeros in what the last layer reads."""
    with torch.no_grad():
        return (run.network[:-1](seen_in_training(run)) == 0).double().mean().item()


def drift(run: Run) -> float:
    """Return how far the statistics of the frozen network's first BatchNorm have moved."""
    return (run.network[1].running_mean - run.kept["start"][1].running_mean).abs().max().item()


def twins(run: Run) -> int:
    """Return how many held-out images are in the training images, up to their brightness."""
    shapes = [
        {tuple((image[0] > image[0].float().mean()).flatten().tolist()) for image in images}
        for images in (run.kept["held_out"][0], run.kept["known"][0])
    ]
    return len(shapes[0] & shapes[1])


def flattery(run: Run) -> float:
    """Return by how much the held-out accuracy is above that on new images."""
    return run.accuracy(*run.kept["held_out"]) - run.accuracy(*pets().test[:])


def miscount(run: Run) -> float:
    """Return how far the script's accuracy is from that of its own answers."""
    images, labels = pets().test[:]
    right = (run.predict(images) == labels).double().mean().item()
    return abs(run.kept["accuracy"](images, labels, len(labels) - 1) - right)


# patient → what is measured, what the broken script shows, what the fixed one shows
SYMPTOMS = {
    "second_softmax": (lambda run: min(run.log.losses), lambda x: x > FLOOR, lambda x: x < 0.2),
    "no_zero_grad": (last_loss, lambda x: x > 0.5, lambda x: x < 0.2),
    "dead_relu": (silent_units, lambda x: x > 0.95, lambda x: x < 0.9),
    "shuffled_labels": (last_loss, lambda x: x > 0.6, lambda x: x < 0.2),
    "no_eval": (known, lambda x: x < 0.8, lambda x: x > 0.95),
    "other_pixels": (
        lambda run: (seen_in_prediction(run) - seen_in_training(run)).abs().max().item(),
        lambda x: x > 100,
        lambda x: x == 0,
    ),
    "bgr": (
        lambda run: red_over_blue(seen_in_prediction(run)),
        lambda x: x < 0,
        lambda x: x > 0,
    ),
    "off_by_one": (known, lambda x: x < 0.05, lambda x: x > 0.95),
    "untrained_file": (known, lambda x: x < 0.75, lambda x: x > 0.95),
    "drifting_norm": (drift, lambda x: x > 0.1, lambda x: x == 0),
    "leak": (twins, lambda x: x > 5, lambda x: x == 0),
    "unequal_batches": (miscount, lambda x: x > 0.01, lambda x: x < 1e-12),
}


@pytest.mark.parametrize("name", PATIENTS)
def test_the_symptom_is_seen_with_every_seed_and_goes_with_the_fix(name):
    measure, is_ill, is_well = SYMPTOMS[name]
    broken, fixed = (
        [measure(run) for run in runs] for runs in (case(name).broken, case(name).fixed)
    )
    assert len(broken) == len(fixed) >= 3
    assert all(map(is_ill, broken)), broken
    assert all(map(is_well, fixed)), fixed


@pytest.mark.parametrize("name", PATIENTS)
def test_a_script_trains_on_any_number_of_images(name):
    """Also if one is left over: 17 in batches of 16, and of 43, once more darker, 65 are known."""
    for count in (17, 43):
        some = data.Splits(pets().train.sample(count), *[pets().test] * 2, "test")
        for script in (PATIENTS[name].broken, PATIENTS[name].fixed):
            assert math.isfinite(script(some, 0, 1).log.losses[0])


def in_several_orders(run: Run) -> list[float]:
    """Return the accuracies that a script reports of the same images, in one order after another.

    A single one may look like a share of all images by chance.
    """
    images, labels = pets().test[:]
    orders = [
        torch.randperm(len(labels), generator=torch.Generator().manual_seed(n)) for n in range(8)
    ]
    return [run.kept["accuracy"](images[order], labels[order], 32) for order in orders]


# patient → what of the course's checks sees its defect, given a script and what it left behind
CHECKED = {
    "second_softmax": lambda script, run: diagnose.loss_floor(run.log.losses, run.log.accuracies),
    "no_zero_grad": lambda script, run: diagnose.accumulated_gradients(
        lambda: script(pets(), 0, 1)
    ),
    "dead_relu": lambda script, run: diagnose.dead_units(run.network, seen_in_training(run)),
    "shuffled_labels": lambda script, run: diagnose.unlearned_labels(
        run.log.losses, run.network, seen_in_training(run), pets().train[:][1], batch_size=16
    ),
    "no_eval": lambda script, run: diagnose.unstable_predictions(
        lambda images: F.one_hot(run.predict(images), 2).double(), pets().train[:][0]
    ),
    "other_pixels": lambda script, run: diagnose.changed_preprocessing(
        seen_in_training(run), seen_in_prediction(run)
    ),
    "bgr": lambda script, run: diagnose.changed_preprocessing(
        seen_in_training(run), seen_in_prediction(run)
    ),
    "off_by_one": lambda script, run: diagnose.labels_off_by_one(
        pets().train[:][1], F.one_hot(run.predict(pets().train[:][0]), 3)
    ),
    "untrained_file": lambda script, run: diagnose.untrained_weights(
        run.kept["loaded"], lambda: small_cnn(32)
    ),
    "drifting_norm": lambda script, run: diagnose.moved_statistics(
        run.network, run.kept["start"].state_dict()
    ),
    "leak": lambda script, run: diagnose.leaked_images(
        run.kept["known"][0], run.kept["held_out"][0]
    ),
    "unequal_batches": lambda script, run: diagnose.unequal_batches(
        in_several_orders(run), len(pets().test), 32
    ),
}


@pytest.mark.parametrize("name", PATIENTS)
def test_a_check_finds_the_defect_with_every_seed_and_is_silent_once_it_is_mended(name):
    patient, runs = PATIENTS[name], case(name)
    for run in runs.broken:
        assert CHECKED[name](patient.broken, run)
    for run in runs.fixed:
        assert not CHECKED[name](patient.fixed, run)


@pytest.mark.parametrize("name", ["no_eval", "other_pixels", "off_by_one", "untrained_file"])
def test_known_images_are_misjudged_by_more_than_chance_explains(name):
    assert case(name).compare_known().verdict == "smaller"
    assert max(case(name).known["broken"]) < min(case(name).known["fixed"])


def test_known_images_of_the_leak_are_those_that_each_run_was_trained_on():
    """Not those that its script held out."""
    right = {}
    for version, run in (("broken", case("leak").broken[0]), ("fixed", case("leak").fixed[0])):
        images, labels = run.kept["known"]
        right[version] = (run.predict(images) == labels).double().mean().item()
        assert case("leak").known[version][0] == pytest.approx(right[version])
        assert len(labels) == pytest.approx(1.5 * len(pets().train), abs=2)


def test_the_first_head_of_a_frozen_network_is_spoilt():
    broken, fixed = case("drifting_norm").known.values()
    assert all(mine < 0.9 for mine in broken) and all(other > 0.95 for other in fixed)


def test_a_leak_flatters():
    gaps = [flattery(run) for run in case("leak").broken]
    assert compare_paired(gaps, [0.0] * len(gaps)).verdict == "larger"


def test_a_patient_compared_with_itself_shows_nothing():
    healthy = case("off_by_one").fixed
    assert Case(healthy, healthy, {}).compare(last_loss).verdict == CHANCE


@pytest.mark.parametrize("name", PATIENTS)
def test_a_script_is_short_and_its_fix_a_line_or_two(name):
    broken, fixed = PATIENTS[name].sources
    assert 20 <= len(broken.splitlines()) <= 40
    changed = [line for line in PATIENTS[name].diff().data.splitlines() if line[0] in "+-"]
    assert 1 <= sum(line[0] == "+" for line in changed) <= 2
    assert sum(line[0] == "-" for line in changed) <= 2
    assert broken != fixed


def test_a_fix_whose_line_is_not_there_is_refused():
    with pytest.raises(ValueError, match="'nowhere' occurs 0 times"):
        _ = Patient(PATIENTS["leak"].broken, {"nowhere": "here"}).fixed


def test_an_error_in_a_fixed_script_shows_its_line():
    broken = Patient(PATIENTS["leak"].broken, {"log, sizes = Log()": "log, sizes = 1 / 0"})
    with pytest.raises(ZeroDivisionError) as error:
        broken.fixed(pets(), 0, 1)
    assert "log, sizes = 1 / 0" in "".join(traceback.format_tb(error.tb))


@pytest.mark.parametrize("name", PATIENTS)
def test_four_lines_are_suspected_and_only_the_culprit_is_wrong(name):
    patient = PATIENTS[name]
    broken, fixed = ([line.strip() for line in text.splitlines()] for text in patient.sources)
    assert len(patient.suspects) == 4 and patient.suspects.count(patient.culprit) == 1
    assert patient.suspects == sorted(patient.suspects, key=broken.index)
    kept = {line for line in patient.suspects if line in fixed}
    assert kept >= set(patient.suspects) - {patient.culprit}
    at = broken.index(patient.culprit)
    assert patient.culprit not in kept or broken[at - 1] != fixed[fixed.index(patient.culprit) - 1]
