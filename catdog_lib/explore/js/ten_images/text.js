// What the page says; Python's summary() says the same.

import { wilsonInterval } from "../statistics.js";
import { hitsOn } from "./math.js";

export const percent = (share) => `${(Math.round(1000 * share) / 10).toFixed(1)}%`;

// "cat 12" for the twelfth cat, for each image.
export function imageNames(labels, names) {
  const counts = names.map(() => 0);
  return labels.map((label) => `${names[label]} ${(counts[label] += 1)}`);
}

function countsText(labels, names, chosen) {
  const words = names.map((name, label) => {
    const count = chosen.filter((i) => labels[i] === label).length;
    return `${count || "no"} ${name}${count === 1 ? "" : "s"}`;
  });
  const text = `${words.join(" and ")} chosen`;
  return text[0].toUpperCase() + text.slice(1);
}

// dog: the probability of each image to be one; nothing where no head could be taught.
export function summaryText(labels, names, chosen, dog) {
  const counts = countsText(labels, names, chosen);
  if (!dog) return `${counts}: choose at least one image of each class.`;
  const [hits, count] = hitsOn(dog, labels, chosen);
  const [low, high] = wilsonInterval(hits, count).map(percent);
  return (
    `${counts}. The head gets ${hits} of the ${count} other images right: ` +
    `${percent(hits / count)} (95% interval ${low} to ${high}).`
  );
}
