// Make a large JPEG smaller while it is read, as Pillow lets libjpeg do it: each pixel becomes the
// mean of a square of 2, 4 or 8 pixels a side.

// The largest of these factors that leaves both sides at least `size` pixels.
export function reduction(width, height, size) {
  const most = Math.floor(Math.min(width, height) / size);
  return [8, 4, 2].find((factor) => factor <= most) ?? 1;
}

// Add some rows of RGBA pixels to the means of squares. `rows` begin at a multiple of the factor.
export function reduceRows(rgba, width, rows, factor) {
  const wide = Math.ceil(width / factor);
  const high = Math.ceil(rows / factor);
  const values = new Uint8ClampedArray(3 * wide * high);
  for (let y = 0; y < high; y += 1) {
    const bottom = Math.min((y + 1) * factor, rows);
    for (let x = 0; x < wide; x += 1) {
      const right = Math.min((x + 1) * factor, width);
      const sums = [0, 0, 0];
      for (let row = y * factor; row < bottom; row += 1) {
        for (let column = x * factor; column < right; column += 1) {
          addPixel(sums, rgba, 4 * (row * width + column));
        }
      }
      const count = (bottom - y * factor) * (right - x * factor);
      for (let channel = 0; channel < 3; channel += 1) {
        values[3 * (y * wide + x) + channel] = Math.floor(sums[channel] / count + 0.5);
      }
    }
  }
  return values;
}

// What is transparent lies on white, as in Python.
function addPixel(sums, rgba, at) {
  const alpha = rgba[at + 3];
  for (let channel = 0; channel < 3; channel += 1) {
    const value = rgba[at + channel];
    sums[channel] +=
      alpha === 255 ? value : Math.round((value * alpha + 255 * (255 - alpha)) / 255);
  }
}
