// Small images of which one is chosen, tables of numbers, and images with a frame on them.

import { paintPixels } from "../canvas.js";
import { cssColour, inkOn } from "../colour.js";
import { element, setAttributes, svgElement } from "../dom.js";
import { significantShort } from "../format.js";
import { clamp } from "../math.js";

// Small images of which one is chosen, by pointer or by arrow keys: a group of radio buttons.
export function tileGroup(label, onChoose) {
  const root = element("div", { class: "catdog-tiles", role: "radiogroup", "aria-label": label });
  // A name of its own, also beside a second browser on the page.
  const group = `catdog-${Math.random().toString(36).slice(2)}`;
  let inputs = [];
  return {
    root,
    // items: { words, name, size, values, colour }
    fill(items) {
      inputs = items.map(({ name }, i) => {
        const input = element("input", { type: "radio", name: group, "aria-label": name });
        input.addEventListener("change", () => onChoose(i));
        return input;
      });
      root.replaceChildren(
        ...items.map(({ words, size, values, colour }, i) => {
          const canvas = element("canvas", { "aria-hidden": "true" });
          paintPixels(canvas, size, values, colour);
          const title = element("span", {}, words);
          return element("label", { class: "catdog-tile" }, inputs[i], canvas, title);
        }),
      );
    },
    show(i) {
      inputs[i].checked = true;
    },
  };
}

// A table of numbers on coloured cells.
export function numberTable() {
  const grid = element("div", { class: "catdog-table", "aria-hidden": "true" });
  const title = element("span", {});
  const root = element("div", { class: "catdog-named" }, title, grid);
  return {
    root,
    // rows of numbers; colour(value) is that of a cell
    show(words, rows, colour) {
      title.textContent = words;
      grid.style.gridTemplateColumns = `repeat(${rows[0].length}, max-content)`;
      grid.replaceChildren(
        ...rows.flatMap((line) => [...line].map((value) => numberCell(value, colour(value)))),
      );
    },
  };
}

function numberCell(value, rgb) {
  const text = significantShort(value);
  const cell = element("span", { class: "catdog-value" }, text);
  cell.style.setProperty("--catdog-letters", text.length);
  [cell.style.background, cell.style.color] = [cssColour(rgb), inkOn(rgb)];
  return cell;
}

// An image in an SVG of its own size, with a frame on it.
export function framedImage(attributes = {}) {
  const image = svgElement("image", { preserveAspectRatio: "none", class: "catdog-exact" });
  const box = svgElement("rect", { class: "catdog-window" });
  const classes = "catdog-grid catdog-ground";
  const svg = svgElement("svg", { class: classes, ...attributes }, image, box);
  let [high, wide] = [0, 0];
  return {
    svg,
    image,
    // Only what lies on the image: a window may reach into the padding, and a unit see nothing.
    frame(x, y, width, height) {
      const [left, top] = [clamp(x, 0, wide), clamp(y, 0, high)];
      const [right, bottom] = [clamp(x + width, 0, wide), clamp(y + height, 0, high)];
      setAttributes(box, { x: left, y: top, width: right - left, height: bottom - top });
    },
    show([rows, columns], href) {
      [high, wide] = [rows, columns];
      svg.setAttribute("viewBox", `0 0 ${columns} ${rows}`);
      setAttributes(image, { href, width: columns, height: rows });
    },
  };
}
