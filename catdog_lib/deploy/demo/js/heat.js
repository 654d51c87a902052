// The heat map: what each place of the last feature maps adds to the answer's log odds.

import { heatColour } from "./colour.js";
import { clamp } from "./math.js";

// A value between the places of a map, as PyTorch's bilinear interpolation (align_corners=False).
// x, y: from 0 to 1 across the image.
export function sample({ width, height, values }, x, y) {
  const column = clamp(x * width - 0.5, 0, width - 1);
  const row = clamp(y * height - 0.5, 0, height - 1);
  const left = Math.floor(column);
  const top = Math.floor(row);
  const right = Math.min(left + 1, width - 1);
  const bottom = Math.min(top + 1, height - 1);
  const across = column - left;
  const mix = (line) =>
    values[line * width + left] * (1 - across) + values[line * width + right] * across;
  return mix(top) * (1 - (row - top)) + mix(bottom) * (row - top);
}

// What speaks for the answer: the map holds log odds for the second class; what is below 0 drops.
export function evidence({ dims, data }, label) {
  const [height, width] = dims.slice(-2);
  const sign = label === 1 ? 1 : -1;
  return { width, height, values: Array.from(data, (value) => Math.max(0, sign * value)) };
}

// Draw a map over what a canvas shows: the hotter, the more of it covers the photo.
export function drawHeat(context, map, strength) {
  const { width, height } = context.canvas;
  const most = Math.max(...map.values);
  if (!(most > 0)) return;
  const layer = new ImageData(width, height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const share = sample(map, (x + 0.5) / width, (y + 0.5) / height) / most;
      const at = 4 * (y * width + x);
      layer.data.set(heatColour(share), at);
      layer.data[at + 3] = 255 * strength * share;
    }
  }
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(layer, 0, 0);
  context.drawImage(canvas, 0, 0);
}
