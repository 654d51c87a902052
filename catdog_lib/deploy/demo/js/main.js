// Start the page: load the network, wait for a photo, answer. Nothing that comes in goes out.

import { answer } from "./answer.js";
import { useCamera } from "./camera.js";
import { addExamples, listen } from "./intake.js";
import { nearest } from "./neighbours.js";
import { openNetwork } from "./network.js";
import { PhotoError, readPhoto } from "./photo.js";
import { showFacts, showNeighbours, showPhoto, showReason } from "./view.js";

// Every element with an id, by that id.
const page = Object.fromEntries(
  Array.from(document.querySelectorAll("[id]"), (one) => [one.id, one]),
);

async function load(name) {
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name} is missing`);
  return response;
}

async function start() {
  const facts = await (await load("demo.json")).json();
  const [run, rows, sheet] = await Promise.all([
    openNetwork(facts.size),
    load("neighbours.bin").then((response) => response.arrayBuffer()),
    load("neighbours.jpg").then((response) => response.blob()).then(createImageBitmap),
  ]);
  return { facts, run, rows: new Int8Array(rows), sheet };
}

async function judge({ facts, run, rows, sheet }, file) {
  const { square, picture } = await readPhoto(file, facts.size);
  const began = performance.now();
  const outputs = await run(square);
  const found = nearest(outputs.features.data, rows, facts.rank);
  const given = answer(outputs.logits.data, found, facts);
  showPhoto(page, picture, outputs.heat, given.label);
  showNeighbours(page, found, facts, sheet);
  showReason(page, given, facts, performance.now() - began);
  page.result.dataset.logits = Array.from(outputs.logits.data).join(" "); // for the tests
  page.result.hidden = false;
  say(given.words, "answer");
}

// One line for all that the page has to say: a screen reader reads it out at each change.
function say(words, kind = "") {
  page.status.textContent = words;
  page.status.className = kind;
}

function problem(error) {
  page.result.hidden = true; // it belongs to an earlier photo
  say(error instanceof PhotoError
    ? error.message
    : `Something went wrong (${error.message}); load the page again.`, "problem");
}

try {
  const demo = await start();
  showFacts(page, demo.facts);
  let waiting = Promise.resolve(); // one photo after the other
  const onFile = (file) => {
    say("Looking …");
    waiting = waiting.then(() => judge(demo, file)).catch(problem);
  };
  listen(page, onFile);
  addExamples(page, demo.facts.examples, onFile);
  useCamera(page, onFile, problem);
  page.intake.hidden = false;
  say("Ready: choose a photo.");
} catch (error) {
  problem(error);
}
