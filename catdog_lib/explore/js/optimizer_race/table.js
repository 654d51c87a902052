// The table of the optimizers: which of them race, and where each of them is.

import { element, svgElement } from "../dom.js";
import { format, formatLoss } from "../format.js";
import { range } from "../math.js";
import { setState } from "../state.js";
import { SHAPES } from "./map.js";
import { SURFACES } from "./math.js";

export function raceTable(model, names) {
  const choose = (name, chosen) => {
    const optimizers = model.get("optimizers");
    const next = names.filter((one) => (one === name ? chosen : optimizers.includes(one)));
    setState(model, { optimizers: next });
  };
  const rows = names.map((name, i) => tableRow(name, i, (chosen) => choose(name, chosen)));
  const titles = ["optimizer", "loss", "x", "y"];
  const head = titles.map((title) => element("th", { scope: "col" }, title));
  const root = element(
    "table",
    { class: "catdog-race" },
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows.map((row) => row.root)),
  );
  return {
    root,
    show(surface, paths, now) {
      rows.forEach((row, i) => row.show(surface, paths[names[i]], now));
    },
  };
}

function tableRow(name, i, onChoose) {
  const box = element("input", { type: "checkbox" });
  box.addEventListener("change", () => onChoose(box.checked));
  const swatch = svgElement("svg", {
    viewBox: "-8 -8 16 16", "aria-hidden": "true", class: `catdog-racer-${i}`,
  });
  swatch.append(svgElement("path", { d: SHAPES[i], class: "catdog-runner" }));
  const label = element("label", {}, box, swatch, name);
  const cells = range(3).map(() => element("td", {}));
  return {
    root: element("tr", {}, element("th", { scope: "row" }, label), ...cells),
    show(surface, path, now) {
      box.checked = Boolean(path);
      const texts = path ? textsOf(surface, path, now) : ["", "", ""];
      cells.forEach((cell, j) => (cell.textContent = texts[j]));
    },
  };
}

function textsOf(surface, path, now) {
  if (now >= path.length) return ["diverged", "", ""];
  return [formatLoss(SURFACES[surface].value(...path[now])), ...path[now].map(format)];
}
