// The numbers of a recorded layer, operation for operation as in catdog_lib.explore.feature_map_browser.replay. No page is needed.

import { convolveAt, range } from "./core.js";

export function bytesOf(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i += 1) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

const floatsOf = (text) => new Float32Array(bytesOf(text).buffer);

// A map as rows of numbers; it travels as its values, or as a table of them and a byte per place.
export function planeOf(packed, [height, width]) {
  let values;
  if (packed.values) values = floatsOf(packed.values);
  else {
    const table = floatsOf(packed.table);
    values = Float32Array.from(bytesOf(packed.at), (at) => table[at]);
  }
  return range(height).map((row) => values.subarray(row * width, (row + 1) * width));
}

// The layer with its numbers unpacked: filters are channels × input channels × k × k, inputs are kept by channel.
export function opened(layer) {
  const { kernel, channels, sources } = layer;
  const flat = floatsOf(layer.weights);
  const depth = flat.length / (channels.length * kernel * kernel);
  const lineOf = (start) => Array.from(flat.subarray(start, start + kernel)); // doubles, so that products are
  const filters = channels.map((_, o) =>
    range(depth).map((c) => range(kernel).map((i) => lineOf(((o * depth + c) * kernel + i) * kernel))),
  );
  const planes = new Map(sources.map((source, i) => [source, planeOf(layer.inputs[i], layer.input_size)]));
  return { ...layer, filters, planes };
}

// The numbers of the input channels that a filter reads; `at` is its position among the channels shown.
export const sourcesOf = (layer, at) => range(layer.filters[at].length).map((c) => layer.starts[at] + c);

const biasOf = (layer, at) => (layer.bias ? layer.bias[at] : 0);

const inputsOf = (layer, at) => sourcesOf(layer, at).map((source) => layer.planes.get(source));

const ACTIVATIONS = {
  ReLU: (x) => Math.max(0, x),
  ReLU6: (x) => Math.min(6, Math.max(0, x)),
  SiLU: (x) => x / (1 + Math.exp(-x)),
  tanh: Math.tanh,
};

// What BatchNorm or an activation makes of a number of the channel.
export function afterStep(step, at, value) {
  if (step.name !== "BatchNorm") return ACTIVATIONS[step.name](value);
  const spread = Math.sqrt(step.variance[at] + step.epsilon);
  return ((value - step.mean[at]) / spread) * step.scale[at] + step.shift[at];
}

// The whole map after so many of its steps: values (float32, row after row), the least and the most of them, and
// where the first of the largest is.
export function mapOf(layer, at, steps) {
  const { kernel, stride, padding, dilation, size: [rows, columns], input_size: [high, wide] } = layer;
  const sums = new Float64Array(rows * columns);
  inputsOf(layer, at).forEach((plane, c) => {
    for (let i = 0; i < kernel; i += 1) {
      for (let j = 0; j < kernel; j += 1) {
        const weight = layer.filters[at][c][i][j];
        for (let row = 0; row < rows; row += 1) {
          const y = row * stride - padding + i * dilation;
          if (y < 0 || y >= high) continue;
          const line = plane[y];
          for (let column = 0; column < columns; column += 1) {
            const x = column * stride - padding + j * dilation;
            if (x >= 0 && x < wide) sums[row * columns + column] += weight * line[x];
          }
        }
      }
    }
  });
  const chain = layer.steps.slice(0, steps);
  const values = Float32Array.from(sums, (sum) =>
    chain.reduce((value, step) => afterStep(step, at, value), sum + biasOf(layer, at)),
  );
  let [least, most, largest] = [Infinity, -Infinity, 0];
  values.forEach((value, i) => {
    if (value < least) least = value;
    if (value > most) [most, largest] = [value, i];
  });
  return { values, least, most, place: [Math.floor(largest / columns), largest % columns] };
}

// One number from its beginning to its end: patch, products and sums by input channel, the bias, the total, and what
// each step makes of it.
export function arithmetic(layer, at, row, column) {
  const bias = biasOf(layer, at);
  const found = convolveAt(inputsOf(layer, at), layer.filters[at], row, column, { ...layer, bias });
  const after = [];
  let value = found.total;
  for (const step of layer.steps) {
    value = afterStep(step, at, value);
    after.push([step.name, value]);
  }
  return { ...found, bias, after };
}

// First and last of `size` pixels that a unit sees; last < first where it sees nothing but padding.
export function span(reach, unit, size) {
  if (reach === null) return [0, size - 1];
  const [jump, first, last] = reach;
  return [Math.max(0, Math.trunc(first + jump * unit)), Math.min(size - 1, Math.trunc(last + jump * unit))];
}

// --- as text ---------------------------------------------------------------------------------------------------

// Four digits that count.
export const figures = (value) => String(Number(value.toPrecision(4))).replaceAll("-", "−");
// Three of them, for a small square: −.0123
export const small = (value) => String(Number(value.toPrecision(3))).replaceAll("-", "−").replace(/^(−?)0\./, "$1.");

const term = (value) => (value < 0 ? `− ${figures(-value)}` : `+ ${figures(value)}`);

// The sum in numbers: "0.812 (sum over 16 input channels) + 0.031 (bias) = 0.843", and a line for each step.
export function formulas(layer, at, { sums, bias, total, after }) {
  const all = sums.reduce((sum, one) => sum + one, 0);
  const over = sums.length === 1 ? "one input channel" : `${sums.length} input channels`;
  const plus = layer.bias ? `${term(bias)} (bias)` : "and no bias";
  const lines = [["convolution", `${figures(all)} (products of ${over}) ${plus} = ${figures(total)}`]];
  let value = total;
  layer.steps.forEach((step, i) => {
    lines.push([step.name, `${formulaOf(step, at, value)} = ${figures(after[i][1])}`]);
    value = after[i][1];
  });
  return lines;
}

function formulaOf(step, at, value) {
  if (step.name === "BatchNorm") {
    const below = `√(${figures(step.variance[at])} + ${figures(step.epsilon)})`;
    return `(${figures(value)} ${term(-step.mean[at])}) / ${below} · ${figures(step.scale[at])} ${term(step.shift[at])}`;
  }
  const x = figures(value);
  return { ReLU: `max(0, ${x})`, ReLU6: `min(6, max(0, ${x}))`, SiLU: `${x} / (1 + e^(−(${x})))`, tanh: `tanh(${x})` }[step.name];
}

const words = (name, [first, last]) => (first === last ? `${name} ${first}` : `${name}s ${first} to ${last}`);

// What the unit saw of the photo.
export function seenWords(spans) {
  if (!spans) return "What it saw of the photo cannot be told for this network.";
  const empty = spans.some(([first, last]) => last < first);
  return empty ? "It saw nothing but padding." : `It saw ${words("row", spans[0])}, ${words("column", spans[1])} of the photo.`;
}

// The sentence under the pictures, which a screen reader reads out at each change.
export function sentence(layer, at, row, column, found, spans) {
  const after = found.after.map(([name, value]) => `, ${name} makes it ${figures(value)}`).join("");
  const where = `${layer.title}, channel ${layer.channels[at]}, row ${row}, column ${column}`;
  return `${where}: the convolution gives ${figures(found.total)}${after}. ${seenWords(spans)}`;
}
