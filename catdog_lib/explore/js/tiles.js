// Pictures of numbers, and rows of small ones to choose from.

import { css, diverging, grey } from "./core.js";
import { element } from "./page.js";

// Colours for a map: grey from 0 to its largest value; brown and violet where some lie below 0.
export function colourOf({ least, most }) {
  if (least >= 0) return (value) => grey(value / Math.max(most, 1e-30));
  const largest = Math.max(-least, most);
  return (value) => diverging(value / largest);
}

// inferno, from matplotlib: from black over red to pale yellow.
const HEAT = [[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]];
export function heatColour(share) {
  const place = Math.min(HEAT.length - 1.001, share * (HEAT.length - 1));
  const i = Math.floor(place);
  return HEAT[i].map((from, k) => Math.round(from + (place - i) * (HEAT[i + 1][k] - from)));
}

// One square for each number.
export function paint(canvas, [rows, columns], values, colour) {
  [canvas.height, canvas.width] = [rows, columns];
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  for (let i = 0; i < rows * columns; i += 1) image.data.set([...colour(values[i]), 255], 4 * i);
  context.putImageData(image, 0, 0);
}

// The same as an address that an SVG image takes.
export function imageOf(size, values, colour) {
  const canvas = element("canvas");
  paint(canvas, size, values, colour);
  return canvas.toDataURL();
}

// Small pictures of which one is chosen, by pointer or by arrow keys: a group of radio buttons.
export function tiles(label, use) {
  const root = element("div", { class: "catdog-tiles", role: "radiogroup", "aria-label": label });
  const group = `catdog-${Math.random().toString(36).slice(2)}`; // of its own, also beside a second browser
  let inputs = [];
  return {
    root,
    // items: { words, name, size, values, colour }
    fill(items) {
      inputs = items.map(({ name }, i) => {
        const input = element("input", { type: "radio", name: group, "aria-label": name });
        input.addEventListener("change", () => use(i));
        return input;
      });
      root.replaceChildren(
        ...items.map(({ words, size, values, colour }, i) => {
          const canvas = element("canvas", { "aria-hidden": "true" });
          paint(canvas, size, values, colour);
          return element("label", { class: "catdog-tile" }, inputs[i], canvas, element("span", {}, words));
        }),
      );
    },
    show(i) {
      inputs[i].checked = true;
    },
  };
}

// A table of numbers on coloured squares; `show` takes rows of numbers, their colours and their texts.
export function numberTable() {
  const grid = element("div", { class: "catdog-table", "aria-hidden": "true" });
  const title = element("span", {});
  const root = element("div", { class: "catdog-named" }, title, grid);
  return {
    root,
    show(words, rows, colour, ink, text) {
      title.textContent = words;
      grid.style.gridTemplateColumns = `repeat(${rows[0].length}, max-content)`;
      grid.replaceChildren(
        ...rows.flatMap((line) =>
          [...line].map((value) => {
            const written = text(value);
            const cell = element("span", { class: "catdog-value" }, written);
            if (written.length > 6) cell.style.fontSize = `${70 / written.length}px`;
            const rgb = colour(value);
            [cell.style.background, cell.style.color] = [css(rgb), ink(rgb)];
            return cell;
          }),
        ),
      );
    },
  };
}
