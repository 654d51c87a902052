// Small maps of which one is chosen, by pointer or by arrow keys. The tiles stay while their maps
// change, so that the focus stays, too.

import { paintPixels } from "../canvas.js";
import { element } from "../dom.js";
import { range } from "../math.js";

// count: the most there can be.
export function mapTiles(label, count, onChoose) {
  const group = `catdog-${Math.random().toString(36).slice(2)}`; // its own beside a second widget
  const tiles = range(count).map((i) => {
    const name = `${label} ${i}`;
    const input = element("input", { type: "radio", name: group, "aria-label": name });
    input.addEventListener("change", () => onChoose(i));
    const canvas = element("canvas", { "aria-hidden": "true" });
    const text = element("span", {});
    const root = element("label", { class: "catdog-tile" }, input, canvas, text);
    return { root, input, canvas, text };
  });
  return {
    root: element(
      "div", { class: "catdog-tiles", role: "radiogroup", "aria-label": label },
      ...tiles.map(({ root }) => root),
    ),
    // items: { words, name, size, values, colour }
    show(items, chosen) {
      tiles.forEach(({ root, input, canvas, text }, i) => {
        root.hidden = i >= items.length;
        if (root.hidden) return;
        const { words, name, size, values, colour } = items[i];
        paintPixels(canvas, size, values, colour);
        text.textContent = words;
        input.setAttribute("aria-label", name);
        input.checked = i === chosen;
      });
    },
  };
}
