// Where the training runs: in a worker made from its own text, so that the page stays quick; or in
// the page, between two frames, where a policy of the site forbids workers.

import { trainingLoop } from "./loop.js";

// code: the text of loop.js with what it imports. Returns { send, end }.
export function startTraining(code, problem, onReport) {
  let worker = null;
  let send = null;
  const sent = []; // to be said again if the worker turns out to be forbidden

  function inPage() {
    worker = null;
    send = trainingLoop(problem, onReport);
    for (const message of sent.splice(0)) send(message);
  }
  try {
    worker = workerOf(code);
    worker.onmessage = ({ data }) => {
      worker.onerror = null;
      sent.length = 0;
      onReport(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      inPage();
    };
    worker.postMessage(problem);
    send = (message) => {
      if (worker.onerror) sent.push(message);
      worker.postMessage(message);
    };
  } catch {
    inPage();
  }
  return {
    send: (message) => send(message),
    end() {
      if (worker) worker.terminate();
      else send({ order: "stop" });
    },
  };
}

function workerOf(code) {
  const script = `${code.replaceAll(/^export /gm, "")}\nserve(self);\n`;
  return new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
}
