// The choices: a group of radio buttons for each trait, and one for the network.

import { element } from "../dom.js";
import { choiceText, percent } from "./text.js";

// A name that no second studio on the page has.
const freshName = () => `catdog-${Math.random().toString(36).slice(2)}`;

// The choices of a trait; onChoose gets the one that is taken.
export function traitGroup(trait, onChoose) {
  const group = freshName();
  const inputs = trait.choices.map((choice) => {
    const input = element("input", { type: "radio", name: group, value: choice });
    input.addEventListener("change", () => onChoose(choice));
    return input;
  });
  const labels = inputs.map((input, i) => {
    const words = element("span", {}, choiceText(trait, trait.choices[i]));
    return element("label", { class: "catdog-choice" }, input, words);
  });
  const legend = element("legend", {}, trait.name);
  return {
    root: element("fieldset", { class: "catdog-trait" }, legend, ...labels),
    show(choice) {
      inputs.forEach((input) => (input.checked = input.value === choice));
    },
  };
}

// A bar for each network: orange as long as the probability of a cat, blue for the dog. Several
// networks are radio buttons: onChoose gets the name of the one whose heat is to be shown.
export function networkBars(names, onChoose) {
  const group = freshName();
  const rows = names.map((name) => {
    const input = element("input", { type: "radio", name: group, "aria-label": name });
    input.addEventListener("change", () => onChoose(name));
    const cat = element("span", { class: "catdog-cat" });
    const [left, right] = [element("span"), element("span")];
    const bar = element("span", { class: "catdog-share" }, cat);
    const ends = element("span", { class: "catdog-ends" }, left, right);
    const parts = [element("span", { class: "catdog-who" }, name), bar, ends];
    const root = element("label", { class: "catdog-network" }, ...parts);
    if (names.length > 1) root.prepend(input);
    return { root, input, cat, left, right };
  });
  const words = names.length > 1 ? "network (heat map and table)" : "network";
  const legend = element("legend", {}, words);
  return {
    root: element("fieldset", { class: "catdog-bars" }, legend, ...rows.map(({ root }) => root)),
    // probabilities: of a dog, by each of the networks
    show(chosen, probabilities) {
      rows.forEach(({ input, cat, left, right }, i) => {
        input.checked = i === chosen;
        cat.style.width = `${100 * (1 - probabilities[i])}%`;
        left.textContent = `cat ${percent(1 - probabilities[i])}`;
        right.textContent = `dog ${percent(probabilities[i])}`;
      });
    },
  };
}
