// The recorded variants by number, as in catdog_lib.explore.animal_studio. No page is needed.
// grid: of each trait { name, choices, classes }; chosen: for each trait's name a choice.

import { range } from "../math.js";

// The number of a variant: the choice of the last trait changes fastest.
export function numberOf(grid, chosen) {
  return grid.reduce(
    (number, { name, choices }) => number * choices.length + choices.indexOf(chosen[name]), 0,
  );
}

// The probability of a dog, from the logit of the dog less that of the cat.
export const probabilityOf = (score) => 1 / (1 + Math.exp(-score));

// Whose features an animal has: [of a cat, of a dog], the names of the traits.
export function featuresOf(grid, chosen) {
  const label = ({ name, choices, classes }) => classes[choices.indexOf(chosen[name])];
  return [0, 1].map((of) => grid.filter((trait) => label(trait) === of).map(({ name }) => name));
}

// Every single change of an animal with the probability after it and the difference to now, the
// largest difference first.
export function singleChanges(grid, scores, chosen) {
  const now = probabilityOf(scores[numberOf(grid, chosen)]);
  const changes = grid.flatMap(({ name, choices }) =>
    choices
      .filter((choice) => choice !== chosen[name])
      .map((choice) => {
        const after = scores[numberOf(grid, { ...chosen, [name]: choice })];
        const probability = probabilityOf(after);
        return { trait: name, choice, probability, change: probability - now };
      }),
  );
  return changes.sort((one, other) => Math.abs(other.change) - Math.abs(one.change));
}

// For each trait the mean size of the difference over all pairs of variants that differ in this
// trait alone: [name, mean].
export function meanEffects(grid, scores) {
  const probabilities = scores.map(probabilityOf);
  return grid.map(({ name, choices }, at) => {
    const count = choices.length;
    // From one choice to the next, the number of a variant grows by this.
    const step = grid.slice(at + 1).reduce((product, trait) => product * trait.choices.length, 1);
    const firsts = range(scores.length).filter((i) => Math.floor(i / step) % count === 0);
    const sizes = firsts.flatMap((first) =>
      range(count).flatMap((a) =>
        range(a).map((b) =>
          Math.abs(probabilities[first + a * step] - probabilities[first + b * step]),
        ),
      ),
    );
    return [name, sizes.reduce((sum, size) => sum + size, 0) / sizes.length];
  });
}
