// Training, and the messages by which the page leads it. It runs in a worker, or in the page where
// a worker is not allowed.

import { createNetwork, crossEntropy, lossGradient, softmax } from "./network.js";
import { batchAt, imageAt } from "./problem.js";
import { momentumSgd } from "./sgd.js";

const REPORT_EVERY = 10; // updates
const FAR = 1000; // a loss from which no training comes back

// One network in training on the first `used` training images.
export function createTrainer(problem, used) {
  const images = problem.labels.map((_, i) => imageAt(problem, i));
  const network = createNetwork(problem.size, problem.weights);
  const optimizer = momentumSgd(network.parameters, problem.momentum);
  let step = 0;
  return {
    network,
    step: () => step,
    // One update. Returns the mean loss of the batch, computed before it, and how many were right.
    update(rate) {
      const batch = batchAt(problem, used, step);
      let [loss, right] = [0, 0];
      optimizer.clearGradients();
      for (const i of batch) {
        const label = problem.labels[i];
        const logits = network.forward(images[i]);
        loss += crossEntropy(logits, label) / batch.length;
        right += isRight(logits, label);
        network.backward(lossGradient(logits, label).map((g) => g / batch.length));
      }
      optimizer.update(rate);
      step += 1;
      return { loss, accuracy: right / batch.length };
    },
    // On the validation images; `dog` has the probability that the network gives for a dog.
    validate() {
      const [dog, count] = [[], images.length - problem.validationFrom];
      let [loss, right] = [0, 0];
      for (let i = problem.validationFrom; i < images.length; i += 1) {
        const logits = network.forward(images[i]);
        loss += crossEntropy(logits, problem.labels[i]) / count;
        right += isRight(logits, problem.labels[i]);
        dog.push(softmax(logits)[1]);
      }
      return { loss, accuracy: right / count, dog };
    },
  };
}

const isRight = (logits, label) => (logits[label] > logits[1 - label] ? 1 : 0);

// Messages to it: { order: "reset", used }, { order: "start", rate }, { order: "rate", rate },
// { order: "step", rate }, { order: "stop" }. It calls onReport after "reset", "step" and "stop",
// and every ten updates while it runs.
export function trainingLoop(problem, onReport) {
  let trainer = null;
  let [rate, running, diverged] = [0, false, false];
  let recent = []; // the updates since the last report

  function report() {
    const mean = (name) => recent.reduce((sum, one) => sum + one[name], 0) / recent.length;
    const training = recent.length ? { loss: mean("loss"), accuracy: mean("accuracy") } : null;
    const validation = trainer.validate();
    const losses = [validation.loss, ...recent.map(({ loss }) => loss)];
    diverged = losses.some((loss) => !(loss < FAR));
    running &&= !diverged;
    recent = [];
    const weights = trainer.network.parameters.map(({ values }) => values.slice());
    onReport({ step: trainer.step(), training, validation, weights, running, diverged });
  }
  function advance() {
    if (!running) return;
    recent.push(trainer.update(rate));
    if (trainer.step() % REPORT_EVERY === 0 || !(recent.at(-1).loss < FAR)) report();
    setTimeout(advance); // messages come in between
  }
  const orders = {
    reset({ used }) {
      trainer = createTrainer(problem, used);
      [running, recent] = [false, []];
      report();
    },
    start() {
      if (running || diverged) return;
      running = true;
      advance();
    },
    step() {
      running = false;
      if (!diverged) recent.push(trainer.update(rate));
      report();
    },
    stop() {
      running = false;
      report();
    },
    rate() {},
  };
  return (message) => {
    rate = message.rate ?? rate;
    orders[message.order](message);
  };
}

// In a worker: the first message is the problem.
export function serve(worker) {
  worker.onmessage = ({ data: problem }) => {
    const handle = trainingLoop(problem, (report) => worker.postMessage(report));
    worker.onmessage = ({ data }) => handle(data);
  };
}
