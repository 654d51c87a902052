// The optimizer race: several update rules on one surface, from one start, step by step.

import { element, liveLine, widgetRoot } from "../dom.js";
import { player } from "../fields.js";
import { formatLoss } from "../format.js";
import { clamp } from "../math.js";
import { follow, getState, setState } from "../state.js";
import { HYPERPARAMETERS, STEPS, raceControls } from "./controls.js";
import { raceMap } from "./map.js";
import { RULES, SURFACES, descend } from "./math.js";
import { raceTable } from "./table.js";

// The sentence under the figures. paths: by name, whole; the loss of one that diverged is not
// compared.
export function summary(surface, step, paths) {
  const loss = (name) => SURFACES[surface].value(...paths[name][step]);
  const names = Object.keys(paths);
  const running = names.filter((name) => step < paths[name].length);
  const parts = [`Step ${step} of ${STEPS} on the surface ${surface}.`];
  if (!names.length) parts.push("No optimizer is chosen.");
  if (running.length) {
    const best = running.reduce((a, b) => (loss(b) < loss(a) ? b : a));
    const text = formatLoss(loss(best));
    parts.push(step ? `Lowest: ${best}, ${text}.` : `All start at ${text}.`);
  }
  const diverged = names
    .filter((name) => step >= paths[name].length)
    .map((name) => `${name} at step ${paths[name].length}`);
  if (diverged.length) parts.push(`Diverged: ${diverged.join(", ")}.`);
  return parts.join(" ");
}

// Returns a function that gives the paths of the chosen optimizers; computed again only when a
// setting changed.
function pathsOf(names) {
  let paths = {};
  let pathsKey = "";
  return (surface, optimizers, hyperparameters, origin) => {
    const chosen = names.filter((name) => optimizers.includes(name));
    const key = JSON.stringify([surface, chosen, hyperparameters, origin]);
    if (key !== pathsKey) {
      pathsKey = key;
      const path = (name) => descend(surface, name, origin, STEPS, hyperparameters);
      paths = Object.fromEntries(chosen.map((name) => [name, path(name)]));
    }
    return paths;
  };
}

function render({ model, el }) {
  const names = Object.keys(RULES);
  const line = liveLine();
  const { toggle, pause } = player(line, 50, () => {
    const step = model.get("step");
    const next = step < STEPS ? step + 1 : 0; // played from the end: once more
    setState(model, { step: next });
    if (next === STEPS) pause();
    view.now();
  });
  const controls = raceControls(model, toggle, pause);
  const map = raceMap(model, names, {
    Home: () => controls.goTo(0),
    End: () => controls.goTo(STEPS),
    PageUp: () => controls.goTo(model.get("step") + 1),
    PageDown: () => controls.goTo(model.get("step") - 1),
    " ": () => toggle.click(),
  });
  const table = raceTable(model, names);
  const paths = pathsOf(names);

  function draw() {
    const surface = model.get("surface");
    const now = clamp(model.get("step"), 0, STEPS);
    const hyperparameters = getState(model, HYPERPARAMETERS);
    const origin = [model.get("x"), model.get("y")];
    const racing = paths(surface, model.get("optimizers"), hyperparameters, origin);
    controls.show(surface, now, hyperparameters);
    map.show(surface, origin, racing, now);
    table.show(surface, racing, now);
    line.textContent = summary(surface, now, racing);
  }

  const root = widgetRoot("Optimizer race");
  const grids = element("div", { class: "catdog-grids" }, map.root, table.root);
  root.append(controls.root, grids, line, controls.sliders);
  el.append(root);
  const view = follow(model, draw);
  return () => {
    pause();
    view.stop();
  };
}

export default { render };
