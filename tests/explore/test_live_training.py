"""Live training: the page learns what PyTorch learns, and says what it shows."""

from __future__ import annotations

import json
from itertools import chain

import pytest
import torch
import torch.nn.functional as F

from catdog_lib.errors import CatdogError
from catdog_lib.explore import LiveTraining
from catdog_lib.explore.bundle import bundle
from catdog_lib.explore.live_training import BATCH_SIZE, TRAINING, VALIDATION
from tests.explore.javascript import in_javascript, run_javascript

STEPS = 50


@pytest.fixture(scope="module")
def shown():
    return LiveTraining()


def in_page(shown: LiveTraining, code: str, tmp_path) -> object:
    """Return what an expression gives over the unpacked problem, `problem`, in node."""
    problem = json.dumps(shown.problem)
    expression = f"((problem) => {code})(js.unpackProblem({problem}))"
    return run_javascript("live_training/index.js", expression, tmp_path)


def train(shown: LiveTraining, lr: float, dtype: torch.dtype) -> tuple[list, torch.nn.Module]:
    """Return the loss of each of the first batches, and the network after them, in PyTorch."""
    network = shown.network().to(dtype)
    momentum = shown.problem["momentum"]
    optimizer = torch.optim.SGD(network.parameters(), lr, momentum=momentum)
    losses = []
    for images, labels in shown.batches(STEPS):
        loss = F.cross_entropy(network(images.to(dtype)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, network


@pytest.mark.parametrize(("used", "lr", "momentum"), [(400, 0.01, 0.9), (48, 0.005, 0.5)])
def test_the_page_trains_as_pytorch_does(used, lr, momentum, tmp_path):
    """Compare 50 updates with PyTorch in float32 within 1e-4, and in float64 within 1e-6."""
    shown = LiveTraining(lr, momentum=momentum, seed=3)
    shown.used = used
    code = f"""{{
        const trainer = js.createTrainer(problem, {used});
        const losses = Array.from({{ length: {STEPS} }}, () => trainer.update({lr}).loss);
        const weights = trainer.network.parameters.map((one) => Array.from(one.values));
        return [losses, weights, trainer.validate()];
    }}"""
    losses, weights, validation = in_page(shown, code, tmp_path)
    assert losses == pytest.approx(train(shown, lr, torch.float32)[0], abs=1e-4)
    exact, network = train(shown, lr, torch.float64)
    assert losses == pytest.approx(exact, abs=1e-6)
    assert losses[-1] < losses[0] - 0.001, "it has learned something that could go wrong"
    for found, truth in zip(weights, network.parameters(), strict=True):
        assert found == pytest.approx(truth.flatten().tolist(), abs=1e-6)
    images, labels = shown.validation()
    logits = network(images.double())
    assert validation["loss"] == pytest.approx(F.cross_entropy(logits, labels).item(), abs=1e-6)
    assert validation["accuracy"] == (logits.argmax(1) == labels).double().mean()
    assert validation["dog"] == pytest.approx(logits.softmax(1)[:, 1].tolist(), abs=1e-6)


def test_the_stages_are_the_outputs_of_pytorchs_layers(shown, tmp_path):
    """Compare each stage of a prediction, and the arithmetic of a pixel in each."""
    code = f"""{{
        const network = js.createNetwork(problem.size, problem.weights);
        const image = js.imageAt(problem, {TRAINING + 5});
        network.forward(image);
        const stages = js.stagesOf(network, image, problem.size);
        const at = (i) => [stages[i], network.layers[Math.min(i, 7) - 1], 5, 3, 0];
        return [
            stages.map((one) => [one.name, one.channels, one.size, Array.from(one.values)]),
            stages.map((_, i) => (i ? js.tablesOf(...at(i)).map(({{ rows }}) => rows) : [])),
            js.convolutionAt(...at(4)).map(({{ sum }}) => sum),
            [1, 4].map((i) => js.valueAt(stages[i], 5, 3, 0)),
            network.layers[0].parameters[1].values[5], network.layers[3].parameters[1].values[5],
        ];
    }}"""
    stages, tables, sums, (first, second), bias1, bias2 = in_page(shown, code, tmp_path)
    x = shown.validation()[0][5:6].double()
    network = shown.network().double()
    truths = [x]
    for layer in network:
        truths.append(layer(truths[-1]))
    truths.pop(7)  # flatten
    for (name, channels, size, values), truth in zip(stages[:7], truths, strict=False):
        assert (1, channels, size, size) == tuple(truth.shape), name
        assert values == pytest.approx(truth.flatten().tolist(), abs=1e-6), name
    logits = truths[7][0]
    lead = (logits[1] - logits[0]).item()
    bias = network[-1].bias
    assert sum(stages[7][3]) + (bias[1] - bias[0]).item() == pytest.approx(lead, abs=1e-6)
    assert sum(sums) + bias2 == pytest.approx(second, abs=1e-9)
    products = chain.from_iterable(tables[1][2])
    assert sum(products) + bias1 == pytest.approx(first, abs=1e-9)
    for i in (3, 6):
        four, largest = tables[i]
        assert max(chain.from_iterable(four)) == largest[0][0]
    shares = [one[0] for one in tables[8][2]]
    assert shares == pytest.approx(logits.softmax(0).tolist(), abs=1e-6)


def test_training_is_led_by_messages_and_stops_where_the_loss_runs_away(shown, tmp_path):
    code = """new Promise((done) => {
        const reports = [];
        let gone = false;
        const handle = js.trainingLoop(problem, ({ weights, ...report }) => {
            reports.push(report);
            if (reports.length === 3) handle({ order: "start", rate: 7 });
            if (!report.diverged || gone) return;
            gone = true;
            handle({ order: "start" }); // does nothing any more
            handle({ order: "step" });
            handle({ order: "reset", used: 48 });
            done(reports);
        });
        handle({ order: "reset", used: 48 });
        handle({ order: "step", rate: 0.01 });
        handle({ order: "stop" });
    })"""
    problem = json.dumps(shown.problem)
    expression = f"await ((problem) => {code})(js.unpackProblem({problem}))"
    reports = run_javascript("live_training/index.js", expression, tmp_path)
    assert [one["step"] for one in reports[:3]] == [0, 1, 1]
    assert [one["training"] is None for one in reports[:3]] == [True, False, True]
    gone, still, new = reports[-3:]
    assert gone["diverged"] and not gone["running"] and 2 < gone["step"] < 20
    assert still["step"] == gone["step"]
    assert new["validation"] == reports[0]["validation"] and not new["diverged"]


def test_what_a_page_carries(shown):
    assert len(json.dumps(shown.problem)) + len(shown.worker) + len(shown._esm) < 600_000
    assert shown.worker == bundle("live_training/loop.js")
    assert shown.problem["labels"] == shown._labels.tolist()
    balance = torch.tensor(shown.problem["labels"]).double()
    assert 0.4 < balance[:TRAINING].mean() < 0.6 and 0.4 < balance[TRAINING:].mean() < 0.6
    images, labels = next(shown.batches(1))
    assert images.shape == (BATCH_SIZE, 1, 24, 24) and labels.shape == (BATCH_SIZE,)
    assert shown.validation()[0].shape == (VALIDATION, 1, 24, 24)
    epoch = torch.cat([images for images, _ in shown.batches(TRAINING // BATCH_SIZE)])
    assert abs(epoch.mean()) < 1e-3 and abs(epoch.std() - 1) < 1e-3
    assert not torch.equal(LiveTraining(seed=1).network()[0].weight, shown.network()[0].weight)


def test_the_words_on_the_page(tmp_path):
    judged = {"loss": 0.4567, "accuracy": 0.805, "dog": [0.2, 0.9]}
    training = {"loss": 0.3, "accuracy": 0.9}
    cases = [
        [{"step": 0, "training": None, "validation": judged}, 400, 16],
        [{"step": 120, "training": training, "validation": judged}, 96, 16],
        [{"step": 7, "validation": judged, "diverged": True}, 400, 16],
        [{"step": 9, "training": training, "validation": {**judged, "dog": [0.5, 0.5]}}, 400, 16],
    ]
    code = "c => js.progressSentence(...c)"
    new, some, gone, dead = in_javascript("live_training/index.js", code, cases, tmp_path)
    assert new == "Not trained yet. On the validation images: loss 0.457, 81\xa0% of them right."
    assert some == (
        "Update 120, epoch 20: training loss 0.3; on the validation images loss 0.457, "
        "81\xa0% of them right."
    )
    assert gone.startswith("At update 7 the loss is too large") and "Press Reset" in gone
    assert "Every image now gets the same prediction" in dead
    points = [
        {"step": n, "validation": {"loss": loss}} for n, loss in ((0, 0.7), (9, 0.4), (10, 0.5))
    ]
    code = "c => js.lowestLoss(c)"
    lowest = in_javascript("live_training/index.js", code, [points], tmp_path)
    assert lowest == [" (lowest: 0.4, at update 9)"]
    mistakes = [[[0, 1, 1, 0], [0.2, 0.1, 0.4, 0.7]]]
    code = "c => js.mistakesOf(...c)"
    (found,) = in_javascript("live_training/index.js", code, mistakes, tmp_path)
    assert [(one["image"], one["name"], one["called"]) for one in found] == [
        (1, "dog", "cat"),
        (3, "cat", "dog"),
        (2, "dog", "cat"),
    ]
    assert [one["probability"] for one in found] == pytest.approx([0.9, 0.7, 0.6])


def test_the_largest_logit_is_taken_off_where_its_exponential_is_no_number(tmp_path):
    stage = {"i": 8, "size": 1, "values": [0], "logits": [800, 798]}
    code = "s => js.stageSentence(s, { channel: 0, y: 0, x: 0, label: 0 })"
    (said,) = in_javascript("live_training/stages.js", code, [stage], tmp_path)
    assert said.startswith("With the largest logit, 800, taken off both, the exponentials are e^0 ")
    assert "e^−2 = 0.135 for dog" in said and "cat 88" in said and "Infinity" not in said


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: LiveTraining(0), r"^lr is 0; it has to be a number from 0.0001 to 7"),
        (lambda: LiveTraining(momentum=1), r"^momentum is 1; it has to be a number from 0 to 0.9"),
        (lambda: LiveTraining(momentum="a"), r"^momentum is 'a'; it has to be a number"),
        (lambda: LiveTraining(seed=-1), r"^seed is -1; it has to be an integer, 0 or more"),
        (
            lambda: setattr(LiveTraining(), "used", 8),
            r"^used is 8; it has to be an integer from 16",
        ),
        (lambda: setattr(LiveTraining(), "stage", 9), r"^stage is 9; it has to be an integer from"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_a_sentence(make, words):
    with pytest.raises(CatdogError, match=words):
        make()
