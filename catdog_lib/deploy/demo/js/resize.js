// Pillow's bicubic resize of bytes, value for value: the images that the network learned from came
// out of Pillow 13, and a browser's own resize differs from it by several grey levels.

import { upright } from "./turn.js";

const ONE = 2 ** 22; // Pillow computes with integers, in units of 2⁻²² of a grey level
const SUPPORT = 2; // in pixels of the result, on either side

function bicubic(distance) {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < SUPPORT ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

// For each of `to` values in a row: the first of the `from` values that counts for it, and the
// weights from there on. Where the row gets shorter, the kernel is as much wider (antialiasing).
export function coefficients(from, to) {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  return Array.from({ length: to }, (_, place) => {
    const center = (place + 0.5) * scale;
    const first = Math.max(0, Math.floor(center - SUPPORT * stretch + 0.5));
    const end = Math.min(from, Math.floor(center + SUPPORT * stretch + 0.5));
    const raw = Array.from({ length: end - first }, (_, i) =>
      bicubic((first + i - center + 0.5) / stretch));
    const sum = raw.reduce((a, b) => a + b, 0);
    const weights = raw.map((value) => {
      const exact = (value / sum) * ONE;
      return Math.trunc(exact + (exact < 0 ? -0.5 : 0.5));
    });
    return { first, weights };
  });
}

// Make each row `to` pixels long; the result is transposed, so that the next pass does the columns.
function resizeRows({ width, height, values }, to) {
  const resized = new Uint8ClampedArray(3 * to * height);
  coefficients(width, to).forEach(({ first, weights }, column) => {
    for (let row = 0; row < height; row += 1) {
      const from = 3 * (row * width + first);
      const at = 3 * (column * height + row);
      for (let channel = 0; channel < 3; channel += 1) {
        let sum = ONE / 2; // rounds
        for (let i = 0; i < weights.length; i += 1) {
          sum += weights[i] * values[from + 3 * i + channel];
        }
        resized[at + channel] = Math.floor(sum / ONE); // the array cuts at 0 and 255
      }
    }
  });
  return { width: height, height: to, values: resized };
}

// image: { width, height, values: red, green and blue of each pixel, row by row }
export function toSquare(image, size) {
  const bothPasses = (one) => resizeRows(resizeRows(one, size), size);
  // Rounding to bytes between the passes makes their order count. Pillow begins with the columns
  // of an image that loses more than twice as many rows as columns.
  const lost = image.height - size;
  if (lost <= 0 || lost <= 2 * (image.width - size)) return bothPasses(image);
  const transposed = 5; // as EXIF counts
  return upright(bothPasses(upright(image, transposed)), transposed);
}
