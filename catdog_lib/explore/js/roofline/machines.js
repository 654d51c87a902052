// The table of the machines: their limits, and what they make of the network; choose one.

import { element, svgElement } from "../dom.js";
import { roofClass } from "./frame.js";
import { memoryShare, totalSeconds } from "./math.js";
import { digits, duration, large, percent } from "./text.js";

const TITLES = [
  "machine", "whole network, at least", "share limited by memory", "operations a second",
  "bytes a second", "corner, operations a byte",
];

// onChoose gets the name of the machine that is taken.
export function machineTable(machines, onChoose) {
  const group = `catdog-${Math.random().toString(36).slice(2)}`; // no second table has this name
  const rows = machines.map((machine, i) => machineRow(machine, i, group, onChoose));
  const head = TITLES.map((title) => element("th", { scope: "col" }, title));
  const table = element(
    "table", { class: "catdog-race" },
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows.map(({ root }) => root)),
  );
  return {
    root: element("div", { class: "catdog-machines" }, table),
    // everywhere: the bounds of all layers, for each machine
    show(name, everywhere) {
      rows.forEach((row, i) => row.show(machines[i].name === name, everywhere[i]));
    },
  };
}

function machineRow(machine, i, group, onChoose) {
  const { name, peak, bandwidth } = machine;
  const input = element("input", { type: "radio", name: group, "aria-label": name });
  input.addEventListener("change", () => onChoose(name));
  const swatch = svgElement("svg", { viewBox: "0 0 20 16", "aria-hidden": "true" });
  const kind = `${roofClass(i, machine)} catdog-chosen`;
  swatch.append(svgElement("path", { class: kind, d: "M1 14L9 5H19" }));
  const label = element("label", {}, input, swatch, element("span", {}, name));
  const cell = (text) => element("td", {}, text);
  const [whole, share] = [cell(""), cell("")];
  const fixed = [large(peak), large(bandwidth), digits(peak / bandwidth)];
  return {
    root: element(
      "tr", {}, element("th", { scope: "row" }, label), whole, share, ...fixed.map(cell),
    ),
    show(chosen, bounds) {
      input.checked = chosen;
      whole.textContent = duration(totalSeconds(bounds));
      share.textContent = percent(memoryShare(bounds));
    },
  };
}
