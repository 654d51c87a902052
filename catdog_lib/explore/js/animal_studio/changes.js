// The table of single changes: what each would do to the probability, the largest first.

import { button, caption, element } from "../dom.js";
import { choiceText, classOf, percent, points, summary } from "./text.js";

const cell = (text = "") => element("td", {}, text);

// onChoose gets the trait and the choice of a change that is made.
export function changesTable(grid, onChoose) {
  const title = element("summary");
  const heads = ["one change", "dog", "points", "prediction"].map((text) =>
    element("th", { scope: "col" }, text),
  );
  const body = element("tbody");
  const table = element("table", { class: "catdog-changes" },
    element("thead", {}, element("tr", {}, ...heads)), body);
  const words = caption();
  const traits = new Map(grid.map((trait) => [trait.name, trait]));
  const count = grid.reduce((sum, { choices }) => sum + choices.length - 1, 0);
  const rows = Array.from({ length: count }, () => changeRow(onChoose));
  body.append(...rows.map(({ root }) => root));
  return {
    root: element("details", { class: "catdog-what-if" }, title, table, words),
    // changes: as singleChanges gives them; now: the probability of a dog
    show(name, now, changes, effects, animals) {
      title.textContent = `What would one change do to the prediction of “${name}”?`;
      rows.forEach((row, i) => {
        const { trait, choice } = changes[i];
        row.show(changes[i], `${trait} → ${choiceText(traits.get(trait), choice)}`, now);
      });
      words.textContent = summary(name, now, changes, effects, animals);
    },
  };
}

function changeRow(onChoose) {
  let shown = null;
  const change = button("", () => onChoose(shown.trait, shown.choice));
  const head = element("th", { scope: "row" }, change);
  const [probability, difference, prediction] = [cell(), cell(), cell()];
  const root = element("tr", {}, head, probability, difference, prediction);
  return {
    root,
    show(one, text, now) {
      shown = one;
      change.textContent = text;
      probability.textContent = percent(one.probability);
      difference.textContent = points(one.change);
      const turned = classOf(one.probability) !== classOf(now);
      prediction.textContent = turned ? `turns: ${classOf(one.probability)}` : classOf(now);
      root.classList.toggle("catdog-turned", turned);
    },
  };
}
