// The mathematics of the interactive pictures, as in catdog_lib.from_scratch.conv, shapes and receptive_field. No page is needed.

// How far a kernel reaches: positions from its first number to its last.
export const reach = (kernel, dilation) => dilation * (kernel - 1) + 1;

export function convOutputSize(size, kernel, stride = 1, padding = 0, dilation = 1) {
  return Math.floor((size + 2 * padding - reach(kernel, dilation)) / stride) + 1;
}

export function poolOutputSize(size, kernel, stride = kernel, padding = 0, dilation = 1, ceil = false) {
  const room = size + 2 * padding - reach(kernel, dilation);
  const count = (ceil ? Math.ceil : Math.floor)(room / stride) + 1;
  // PyTorch's rule: the last window has to start inside the picture or its left padding.
  return ceil && (count - 1) * stride >= size + padding ? count - 1 : count;
}

export function transposedOutputSize(size, kernel, stride = 1, padding = 0, extra = 0, dilation = 1) {
  return (size - 1) * stride - 2 * padding + reach(kernel, dilation) + extra;
}

// One number of a convolution. picture: C×H×W, kernel: C×kh×kw, both as nested arrays.
// Gives for each channel the patch and its products, the channel's sum, and the total with the bias.
export function convolveAt(picture, kernel, row, column, { stride, padding, dilation, bias = 0 }) {
  const [height, width] = [picture[0].length, picture[0][0].length];
  const rowOf = (i) => row * stride - padding + i * dilation;
  const columnOf = (j) => column * stride - padding + j * dilation;
  const inside = (y, x) => y >= 0 && y < height && x >= 0 && x < width;
  const patch = kernel.map((plane, c) =>
    plane.map((line, i) =>
      line.map((_, j) => (inside(rowOf(i), columnOf(j)) ? picture[c][rowOf(i)][columnOf(j)] : 0)),
    ),
  );
  const products = kernel.map((plane, c) =>
    plane.map((line, i) => line.map((weight, j) => weight * patch[c][i][j])),
  );
  const sums = products.map((plane) => plane.flat().reduce((total, one) => total + one, 0));
  const total = sums.reduce((all, one) => all + one, 0) + bias;
  return { patch, products, sums, total };
}

// Rows and columns of the output; below 1 where the kernel does not fit.
export function convolvedShape(picture, kernel, { stride, padding, dilation }) {
  const side = (size, k) => convOutputSize(size, k, stride, padding, dilation);
  return [side(picture[0].length, kernel[0].length), side(picture[0][0].length, kernel[0][0].length)];
}

export function convolve(picture, kernel, settings) {
  const [rows, columns] = convolvedShape(picture, kernel, settings);
  return range(rows).map((row) =>
    range(columns).map((column) => convolveAt(picture, kernel, row, column, settings).total),
  );
}

// For each layer, in pixels of the photo: the side of what its unit sees, the jump from unit to unit, and the
// centre of what the first unit sees (start). The field may reach beyond the photo.
export function receptiveFields(layers) {
  let [size, jump, start] = [1, 1, 0];
  return layers.map(({ kernel, stride, padding, dilation }) => {
    size += dilation * (kernel - 1) * jump;
    start += ((dilation * (kernel - 1)) / 2 - padding) * jump;
    jump *= stride;
    return { size, jump, start };
  });
}

// The side of the photo and of each layer's map; it ends early where a kernel no longer fits.
export function mapSizes(size, layers) {
  const sizes = [size];
  for (const { kernel, stride, padding, dilation } of layers) {
    const next = convOutputSize(sizes.at(-1), kernel, stride, padding, dilation);
    if (next < 1) break;
    sizes.push(next);
  }
  return sizes;
}

// Which positions, along one side, a unit sees: in its own map, in each map below, and in the photo (at index 0).
// Padding is not counted, and a dilated kernel leaves gaps.
export function seen(layers, sizes, layer, index) {
  const found = [[index]];
  for (let below = layer - 1; below >= 0; below -= 1) {
    const { kernel, stride, padding, dilation } = layers[below];
    const positions = new Set();
    for (const unit of found[0]) {
      for (let i = 0; i < kernel; i += 1) positions.add(unit * stride - padding + i * dilation);
    }
    const inside = [...positions].filter((at) => at >= 0 && at < sizes[below]);
    found.unshift(inside.sort((a, b) => a - b));
  }
  return found;
}

// Neighbours together: [1, 2, 3, 7] is [[1, 3], [7, 7]].
export function runs(positions) {
  const found = [];
  for (const at of positions) {
    if (found.length && found.at(-1)[1] === at - 1) found.at(-1)[1] = at;
    else found.push([at, at]);
  }
  return found;
}

export const range = (count) => Array.from({ length: Math.max(0, count) }, (_, i) => i);
export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

// --- numbers as text -------------------------------------------------------------------------------------------

const minus = (text) => text.replace("-", "−");

// At most two decimals, and none for a whole number.
export function format(value) {
  const rounded = Math.round(value * 100) / 100;
  return minus(String(rounded === 0 ? 0 : rounded));
}

// The same for a small square: three digits where they say enough, and .5 for 0.5.
export function brief(value) {
  if (Number.isInteger(value)) return format(value);
  const size = Math.abs(value);
  const digits = size >= 99.95 ? 0 : size >= 9.95 ? 1 : 2;
  return format(Number(value.toFixed(digits))).replace(/^(−?)0\./, "$1.");
}

// A weight, as a fraction where that is what it is, also in float32: 1/9 and not 0.11.
export function formatWeight(value) {
  if (Math.abs(value * 100 - Math.round(value * 100)) < 1e-9) return format(value);
  for (let below = 3; below <= 256; below += 1) {
    const above = Math.round(value * below);
    if (Math.abs(above) <= 20 && Math.abs(above / below - value) < 3e-8) return minus(`${above}/${below}`);
  }
  return format(value);
}

// What a student types: "0.5", "-1", "−1", "1/9". NaN for anything else.
export function parseWeight(text) {
  const match = /^\s*([-−+]?\d*[.,]?\d*)\s*(?:\/\s*(\d+))?\s*$/.exec(text);
  if (!match || !/\d/.test(match[1])) return NaN;
  const value = Number(match[1].replace("−", "-").replace(",", ".")) / Number(match[2] ?? 1);
  return Number.isFinite(value) ? value : NaN;
}

// --- colours ---------------------------------------------------------------------------------------------------

const WHITE = [255, 255, 255];
const BROWN = [179, 88, 6]; // the ends of matplotlib's PuOr, which the static pictures have
const VIOLET = [84, 39, 136];

const mix = (from, to, share) => from.map((value, i) => Math.round(value + share * (to[i] - value)));

// share: 0 black … 1 white
export const grey = (share) => mix([0, 0, 0], WHITE, clamp(share, 0, 1));
// share: −1 brown … 0 white … 1 violet
export const diverging = (share) => mix(WHITE, share < 0 ? BROWN : VIOLET, clamp(Math.abs(share), 0, 1));
export const css = (colour) => `rgb(${colour.join(", ")})`;

// Black or white, whichever has more contrast on the colour (WCAG's relative luminance).
export function inkOn(colour) {
  const [r, g, b] = colour.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}
