// The validation images that are misjudged now, the most confident mistake first.

import { paintPixels } from "../canvas.js";
import { grey } from "../colour.js";
import { caption, element } from "../dom.js";
import { range } from "../math.js";
import { bytesAt } from "./problem.js";

const SHOWN = 12;
export const NAMES = ["cat", "dog"];

export const percent = (share) => `${Math.round(100 * share)}\u00a0%`;

// dog: the probability of a dog for each validation image. Returns { image, name, called,
// probability } of each mistake.
export function mistakesOf(labels, dog) {
  const mistakes = labels.flatMap((label, image) => {
    const wrong = label ? 1 - dog[image] : dog[image]; // the probability of the wrong class
    const one = { image, name: NAMES[label], called: NAMES[1 - label], probability: wrong };
    return wrong >= 0.5 ? [one] : [];
  });
  return mistakes.sort((a, b) => b.probability - a.probability);
}

export function paintImage(canvas, problem, i) {
  const { size } = problem;
  paintPixels(canvas, [size, size], bytesAt(problem, i), (byte) => grey(byte / 255));
}

// onChoose(image) gets the number of a validation image.
export function mistakeView(problem, onChoose) {
  const labels = problem.labels.slice(problem.validationFrom);
  let shown = [];
  const tiles = range(SHOWN).map((i) => {
    const canvas = element("canvas", { "aria-hidden": "true" });
    const text = element("span", {});
    const node = element("button", { type: "button", class: "catdog-mistake" }, canvas, text);
    node.hidden = true; // it has no name yet
    node.addEventListener("click", () => onChoose(shown[i].image));
    return { node, canvas, text };
  });
  const words = caption();
  return {
    root: element(
      "div", { class: "catdog-block" }, words,
      element("div", { class: "catdog-tiles" }, ...tiles.map(({ node }) => node)),
    ),
    show(dog, chosen) {
      const mistakes = mistakesOf(labels, dog);
      shown = mistakes.slice(0, SHOWN);
      words.textContent = mistakes.length
        ? `${mistakes.length} of ${labels.length} validation images are misjudged; the most ` +
          "confident mistakes first. Choose one, and follow its prediction below."
        : "No validation image is misjudged.";
      tiles.forEach(({ node, canvas, text }, i) => {
        node.hidden = i >= shown.length;
        if (node.hidden) return;
        const { image, name, called, probability } = shown[i];
        if (canvas.dataset.image !== String(image)) {
          canvas.dataset.image = image;
          paintImage(canvas, problem, problem.validationFrom + image);
        }
        text.textContent = `${called} ${percent(probability)}`;
        node.setAttribute(
          "aria-label", // it holds the visible text, for readers who speak it to choose the button
          `Validation image ${image}: a ${name}, called ${text.textContent}. Follow its prediction`,
        );
        node.setAttribute("aria-pressed", image === chosen);
      });
    },
  };
}
