// The photo and the maps: each a square with the area that the unit sees and, in one of them, the
// unit itself.

import { element, setAttributes, svgElement } from "../dom.js";
import { clamp } from "../math.js";
import { followPointer } from "../pointer.js";
import { gridLines } from "../svg.js";
import { layerTitle } from "./layer_table.js";
import { areas, seenPositions } from "./math.js";

const LINES_UP_TO = 32; // units on a side; more lines would be a grey area
const LABEL =
  "Photo and maps. Arrow keys move the unit, Page Up and Page Down change the layer.";

// onUnit(layer, row, column) chooses a unit.
export function mapStack(photo, onUnit) {
  const root = element("div", { class: "catdog-stack", tabindex: "0", role: "application" });
  root.setAttribute("aria-label", LABEL);
  let maps = [];
  let shownKey = "";

  // traced: the maps of a network, as images, with the layers and the size that they are of.
  function resize(layers, sizes, traced) {
    const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
    const valid = same([traced.layers, traced.size], [layers, sizes[0]]);
    const images = valid ? traced.images : []; // they show the network as it was
    const key = JSON.stringify([sizes, layers.map(({ kind, name }) => [kind, name]), valid]);
    if (key === shownKey) return;
    shownKey = key;
    maps = sizes.map((side, i) =>
      mapFigure(side, i ? layerTitle(layers, i - 1) : "photo", {
        image: i ? images[i - 1] : photo,
        onUnit: i && ((row, column) => onUnit(i, row, column)),
      }),
    );
    const [first, ...rest] = maps.map((map) => map.root);
    root.replaceChildren(first, element("div", { class: "catdog-maps" }, ...rest));
  }

  // Returns the rows and the columns of the photo that the unit sees.
  function show(layers, { sizes, layer, row, column }, traced) {
    resize(layers, sizes, traced);
    const rows = seenPositions(layers, sizes, layer, row);
    const columns = seenPositions(layers, sizes, layer, column);
    maps.forEach((map, i) => {
      map.root.classList.toggle("catdog-above", i > layer);
      map.showArea(i <= layer ? rows[i] : [], i <= layer ? columns[i] : []);
    });
    return [rows[0], columns[0]];
  }
  return { root, show };
}

// onUnit(row, column) chooses a unit of this map; 0 for the photo, which has none.
function mapFigure(side, title, { image, onUnit }) {
  const field = svgElement("path", { class: "catdog-field-seen" });
  const edge = svgElement("rect", { class: "catdog-window" });
  const svg = svgElement("svg", {
    viewBox: `0 0 ${side} ${side}`, class: "catdog-map", "aria-hidden": "true",
  });
  const square = { width: side, height: side };
  svg.append(svgElement("rect", { ...square, class: "catdog-inner" }));
  if (image) {
    svg.append(svgElement("image", { href: image, ...square, preserveAspectRatio: "none" }));
  }
  if (side <= LINES_UP_TO && !(image && !onUnit)) svg.append(gridLines(side, side));
  svg.append(field, edge);
  if (onUnit) {
    const at = (share) => clamp(Math.floor(share * side), 0, side - 1);
    // A touch counts, too: the figures are small, and the page scrolls beside them.
    followPointer(svg, (event) => event.buttons, (across, down) => onUnit(at(down), at(across)));
  }
  const words = element("figcaption", {}, title, element("br"), `${side}×${side}`);
  return {
    root: element("figure", { class: onUnit ? "" : "catdog-photo" }, svg, words),
    showArea(rows, columns) {
      const hidden = !rows.length || !columns.length;
      field.toggleAttribute("hidden", hidden);
      edge.toggleAttribute("hidden", hidden);
      if (hidden) return;
      field.setAttribute("d", areas(rows, columns));
      const [width, height] = [columns, rows].map((one) => one.at(-1) - one[0] + 1);
      setAttributes(edge, { x: columns[0], y: rows[0], width, height });
    },
  };
}
