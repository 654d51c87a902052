// The first layer's filters, and the map that each of them makes of the chosen image.

import { paintPixels } from "../canvas.js";
import { colourMap } from "../colour.js";
import { caption, element } from "../dom.js";
import { range } from "../math.js";
import { CHANNELS } from "./network.js";

// A canvas with values on it: brown below 0, white 0, violet above.
export function valuesCanvas() {
  const canvas = element("canvas", { class: "catdog-values", "aria-hidden": "true" });
  return {
    canvas,
    // largest: the value with the full colour
    show(size, values, largest) {
      const limit = Math.max(1e-30, largest);
      paintPixels(canvas, [size, size], values, colourMap({ minimum: -limit, maximum: limit }));
    },
  };
}

export const largestOf = (values) => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

export function filterView() {
  const pairs = range(CHANNELS[1]).map(() => [valuesCanvas(), valuesCanvas()]);
  const tiles = pairs.map(([filter, map], i) =>
    element("figure", {}, element("figcaption", {}, String(i)), filter.canvas, map.canvas),
  );
  const words = caption();
  words.textContent =
    "The filters of the first layer, and the map that each makes of the image below " +
    "(brown: below 0, violet: above).";
  return {
    root: element("div", {}, element("div", { class: "catdog-filters" }, ...tiles), words),
    // weights: of the first convolution; maps: its output for the chosen image
    show(weights, maps, size) {
      const [filterLimit, mapLimit] = [largestOf(weights), largestOf(maps)];
      pairs.forEach(([filter, map], i) => {
        filter.show(3, weights.subarray(9 * i, 9 * i + 9), filterLimit);
        map.show(size, maps.subarray(size * size * i, size * size * (i + 1)), mapLimit);
      });
    },
  };
}
