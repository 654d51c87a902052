// What the studio says in words. Class 0 is the cat, 1 the dog, −1 none of them.

import { minusSign } from "../format.js";
import { featuresOf } from "./math.js";

const CLASSES = ["cat", "dog"];

// A probability: never 0% or 100%, which no network gives.
export function percent(probability) {
  const rounded = Math.round(100 * probability);
  if (rounded < 1) return "< 1%";
  return rounded > 99 ? "> 99%" : `${rounded}%`;
}

// A difference of two probabilities, in points of a hundred.
export function points(difference) {
  const rounded = (100 * difference).toFixed(1);
  if (Number(rounded) === 0) return "0.0";
  return minusSign(difference > 0 ? `+${rounded}` : rounded);
}

export const classOf = (probability) => CLASSES[Number(probability > 0.5)];

// A choice, with the class whose trait it is.
export function choiceText({ choices, classes }, choice) {
  const label = classes[choices.indexOf(choice)];
  return label < 0 ? choice : `${choice} (${CLASSES[label]})`;
}

// Whether it is a cat or a dog: an animal with features of both is neither.
export function truthText(grid, chosen) {
  const [cats, dogs] = featuresOf(grid, chosen);
  if (!dogs.length) return "This is a cat.";
  if (!cats.length) return "This is a dog.";
  return `This is neither: ${cats.join(", ")} of a cat; ${dogs.join(", ")} of a dog.`;
}

// names: of the networks; probabilities: of a dog, by each of them.
export function sentence(grid, chosen, names, probabilities) {
  const traits = grid.map(({ name }) => `${name} ${chosen[name]}`).join(", ");
  const said = names.map((name, i) => `${name}: ${percent(probabilities[i])} dog`).join("; ");
  return `${said}. ${truthText(grid, chosen)} It has: ${traits}.`;
}

// How many single changes turn the prediction, and what the traits do on average.
export function summary(name, now, changes, effects, count) {
  const turned = changes.filter(({ probability }) => classOf(probability) !== classOf(now)).length;
  const sorted = effects.toSorted((one, other) => other[1] - one[1]);
  const means = sorted.map(([trait, mean]) => `${trait} ${(100 * mean).toFixed(1)}`).join(", ");
  return (
    `${turned} of ${changes.length} single changes turn the prediction of “${name}” here. ` +
    `Mean size of a change over all ${count} animals, in points: ${means}.`
  );
}
