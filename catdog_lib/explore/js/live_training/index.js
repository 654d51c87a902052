// A network that learns in the page: its curves, its filters, its mistakes, and one prediction of
// it, step by step.

import { button, element, liveLine, widgetRoot } from "../dom.js";
import { selectField, sliderField } from "../fields.js";
import { significant } from "../format.js";
import { follow, setState } from "../state.js";
import { accuracyTop, curveChart, lossTop, lowestLoss } from "./chart.js";
import { filterView } from "./filters.js";
import { mistakeView, percent } from "./mistakes.js";
import { createNetwork } from "./network.js";
import { predictionView } from "./prediction.js";
import { unpackProblem } from "./problem.js";
import { startTraining } from "./runner.js";

const POWERS = [-4, -3, -2, -1, 0];
const RATES = POWERS.flatMap((power) => [1, 2, 3, 5, 7].map((n) => Number(`${n}e${power}`)));
const CALM = 4000; // milliseconds between two sentences while it learns

// The sentence about a report of the training.
export function progressSentence({ step, training, validation, diverged }, used, batchSize) {
  if (diverged) {
    return (
      `At update ${step} the loss is too large to recover from: the learning rate is too ` +
      "large. Press Reset, and choose a smaller one."
    );
  }
  const judged =
    `loss ${significant(validation.loss, 3)}, ${percent(validation.accuracy)} of them right`;
  if (!step) return `Not trained yet. On the validation images: ${judged}.`;
  const { dog } = validation;
  const alike = Math.max(...dog) - Math.min(...dog) < 1e-12;
  const epochs = significant((step * batchSize) / used, 3);
  return (
    `Update ${step}, epoch ${epochs}: training loss ${significant(training.loss, 3)}; ` +
    `on the validation images ${judged}.` +
    (alike
      ? " Every image now gets the same prediction: the ReLUs are 0 for all of them, and let no " +
        "gradient through. Press Reset, and choose a smaller learning rate."
      : "")
  );
}

// Start, Step and Reset; the learning rate; how many training images.
function trainingControls(model, problem, act) {
  const total = problem.validationFrom;
  const toggle = button("▶ Start", act.toggle);
  const step = button("Step", act.step);
  const reset = button("Reset", act.reset);
  const rate = sliderField("learning rate", RATES, (lr) => setState(model, { lr }));
  const options = [48, 96, 192, total].map((count) => [count, `${count} images`]);
  const used = selectField("training set", options, (count) =>
    setState(model, { used: Number(count) }),
  );
  const buttons = element("div", { class: "catdog-row" }, toggle, step, reset);
  return {
    root: element("div", { class: "catdog-fields" }, buttons, rate.root, used.root),
    show({ running, diverged }) {
      toggle.textContent = running ? "❚❚ Stop" : "▶ Start";
      // What is disabled loses the focus.
      if (diverged && buttons.contains(document.activeElement)) reset.focus();
      toggle.disabled = step.disabled = diverged;
      rate.show(model.get("lr"));
      used.select.value = model.get("used");
    },
  };
}

// The reports of the training so far, one for each update that was reported.
function record() {
  let points = [];
  return {
    points: () => points,
    last: () => points.at(-1),
    add(report) {
      const { weights, validation, ...rest } = report;
      const { dog, ...judged } = validation;
      if (!report.step) points = [];
      const training = report.training ?? points.at(-1)?.training; // no update since then
      if (points.at(-1)?.step === report.step) points.pop();
      points.push({ ...rest, training, validation: judged });
    },
  };
}

// Sets the text of a live line at once when asked to, else no more often than every few seconds.
function calmly(line) {
  let said = 0;
  return (text, now) => {
    if (!now && performance.now() - said < CALM) return;
    said = performance.now();
    line.textContent = text;
  };
}

function render({ model, el }) {
  const problem = unpackProblem(model.get("problem"));
  const line = liveLine();
  const say = calmly(line);
  const history = record();
  let latest = null; // report
  let used = model.get("used");

  let rate = model.get("lr");

  function send(order) {
    rate = model.get("lr");
    training.send({ order, rate, used });
  }
  const toggle = () => send(latest?.running ? "stop" : "start");
  const act = { toggle, step: () => send("step"), reset: () => send("reset") };
  const controls = trainingControls(model, problem, act);
  const loss = curveChart("loss", lossTop, lowestLoss);
  const accuracy = curveChart("accuracy", accuracyTop);
  const filters = filterView();
  const mistakes = mistakeView(problem, (image) => setState(model, { image }));
  const prediction = predictionView(model, problem);

  function draw() {
    if (!latest) return;
    if (used !== model.get("used")) {
      used = model.get("used");
      send("reset");
    } else if (rate !== model.get("lr")) send("rate");
    controls.show(latest);
    prediction.line.setAttribute("aria-live", latest.running ? "off" : "polite");
    loss.show(history.points());
    accuracy.show(history.points());
    mistakes.show(latest.validation.dog, model.get("image"));
    const [, maps] = prediction.show(createNetwork(problem.size, latest.weights));
    filters.show(latest.weights[0], maps.values, problem.size);
  }
  function onReport(report) {
    const turned = latest?.running !== report.running || !report.running;
    latest = report;
    history.add(report);
    const told = { ...report, training: history.last().training };
    say(progressSentence(told, used, problem.batchSize), turned);
    view.now();
  }

  const root = widgetRoot("Live training");
  const views = element("div", { class: "catdog-thirds" }, loss.root, accuracy.root, filters.root);
  root.append(controls.root, views, line, mistakes.root, prediction.root);
  el.append(root);
  const training = startTraining(model.get("worker"), problem, onReport);
  const view = follow(model, draw);
  send("reset");
  return () => {
    view.stop();
    training.end();
  };
}

export default { render };
