// Pixels: one for each value of a map.

import { element } from "./dom.js";

export function paintPixels(canvas, [rows, columns], values, colour) {
  [canvas.height, canvas.width] = [rows, columns];
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  for (let i = 0; i < rows * columns; i += 1) image.data.set([...colour(values[i]), 255], 4 * i);
  context.putImageData(image, 0, 0);
}

// The same as an address that an SVG image takes.
export function pixelsUrl(size, values, colour) {
  const canvas = element("canvas");
  paintPixels(canvas, size, values, colour);
  return canvas.toDataURL();
}
