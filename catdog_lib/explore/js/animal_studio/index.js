// The animal studio: an animal trait by trait, what networks make of it, and what one change does.
// Every variant was recorded, so nothing is computed here but differences.

import { block, caption, element, liveLine, widgetRoot } from "../dom.js";
import { follow, getState, setState } from "../state.js";
import { changesTable } from "./changes.js";
import { networkBars, traitGroup } from "./controls.js";
import { meanEffects, numberOf, probabilityOf, singleChanges } from "./math.js";
import { stage } from "./stage.js";
import { classOf, sentence, truthText } from "./text.js";

const TASK =
  "Start with a cat. Which one change makes a network say “dog”? And from a dog, which one " +
  "brings it back?";

function render({ model, el }) {
  const [grid, networks] = [model.get("grid"), model.get("networks")];
  const names = networks.map(({ name }) => name);
  const effects = networks.map(({ scores }) => meanEffects(grid, scores));
  const traits = grid.map(({ name }) => name);
  const set = (values) => setState(model, values);
  const groups = grid.map((trait) => traitGroup(trait, (choice) => set({ [trait.name]: choice })));
  const bars = networkBars(names, (network) => set({ network }));
  const animal = stage(model);
  const changes = changesTable(grid, (trait, choice) => set({ [trait]: choice }));
  const task = caption();
  task.textContent = TASK;
  const line = liveLine();

  function draw() {
    const chosen = getState(model, traits);
    const number = numberOf(grid, chosen);
    const at = Math.max(0, names.indexOf(model.get("network")));
    const probabilities = networks.map(({ scores }) => probabilityOf(scores[number]));
    const { name, scores } = networks[at];
    groups.forEach((group, i) => group.show(chosen[traits[i]]));
    bars.show(at, probabilities);
    animal.show(number, name, classOf(probabilities[at]), truthText(grid, chosen));
    const single = singleChanges(grid, scores, chosen);
    changes.show(name, probabilities[at], single, effects[at], scores.length);
    const text = sentence(grid, chosen, names, probabilities);
    if (line.textContent !== text) line.textContent = text; // a screen reader hears it once
  }

  const root = widgetRoot("Animal studio");
  const choices = block(bars.root, ...groups.map((group) => group.root));
  root.append(
    task,
    element("div", { class: "catdog-grids catdog-studio" }, animal.root, choices),
    changes.root,
    line,
  );
  el.append(root);
  return follow(model, draw).stop;
}

export default { render };
