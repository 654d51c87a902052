// The numbers of a recorded layer, operation for operation as in
// catdog_lib.explore.feature_map_browser.replay. No page is needed.

import { convolveAt, range } from "../math.js";

export function decodeBytes(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i += 1) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

const decodeFloats = (text) => new Float32Array(decodeBytes(text).buffer);

// A map as rows of numbers; it travels as its values, or as a table of them and a byte for each
// place.
export function unpackPlane(packed, [height, width]) {
  let values;
  if (packed.values) values = decodeFloats(packed.values);
  else {
    const table = decodeFloats(packed.table);
    values = Float32Array.from(decodeBytes(packed.index), (at) => table[at]);
  }
  return range(height).map((row) => values.subarray(row * width, (row + 1) * width));
}

// The layer with its numbers unpacked: filters are channels × input channels × k × k; planes are
// kept by input channel.
export function unpackLayer(layer) {
  const { kernel, channels, sources } = layer;
  const flat = decodeFloats(layer.weights);
  const depth = flat.length / (channels.length * kernel * kernel);
  // Doubles, so that products are doubles, too.
  const lineAt = (o, c, i) => {
    const start = ((o * depth + c) * kernel + i) * kernel;
    return Array.from(flat.subarray(start, start + kernel));
  };
  const filters = channels.map((_, o) =>
    range(depth).map((c) => range(kernel).map((i) => lineAt(o, c, i))),
  );
  const planes = sources.map((source, i) => [
    source, unpackPlane(layer.inputs[i], layer.input_size),
  ]);
  return { ...layer, filters, planes: new Map(planes) };
}

// The input channels that a filter reads; `at` is its position among the channels shown.
export const sourcesOf = (layer, at) =>
  range(layer.filters[at].length).map((c) => layer.starts[at] + c);

const biasOf = (layer, at) => (layer.bias ? layer.bias[at] : 0);

const inputsOf = (layer, at) => sourcesOf(layer, at).map((source) => layer.planes.get(source));

const ACTIVATIONS = {
  ReLU: (x) => Math.max(0, x),
  ReLU6: (x) => Math.min(6, Math.max(0, x)),
  SiLU: (x) => x / (1 + Math.exp(-x)),
  tanh: Math.tanh,
};

// What BatchNorm or an activation makes of a value of the channel.
export function applyStep(step, at, value) {
  if (step.name !== "BatchNorm") return ACTIVATIONS[step.name](value);
  const deviation = Math.sqrt(step.variance[at] + step.epsilon);
  return ((value - step.mean[at]) / deviation) * step.scale[at] + step.shift[at];
}

// Adds to the sums what the weight at (i, j) of a filter makes of an input channel.
function addProducts(sums, layer, plane, weight, i, j) {
  const { stride, padding, dilation, size: [rows, columns], input_size: [height, width] } = layer;
  for (let row = 0; row < rows; row += 1) {
    const y = row * stride - padding + i * dilation;
    if (y < 0 || y >= height) continue;
    const line = plane[y];
    for (let column = 0; column < columns; column += 1) {
      const x = column * stride - padding + j * dilation;
      if (x >= 0 && x < width) sums[row * columns + column] += weight * line[x];
    }
  }
}

// The smallest and the largest value, and the index of the first of the largest.
export function extremes(values) {
  let [minimum, maximum, index] = [Infinity, -Infinity, 0];
  values.forEach((value, i) => {
    if (value < minimum) minimum = value;
    if (value > maximum) [maximum, index] = [value, i];
  });
  return { minimum, maximum, index };
}

// The whole map after so many of its steps: values (float32, row after row), the smallest and the
// largest of them, and the place of the first of the largest.
export function featureMap(layer, at, steps) {
  const { kernel, size: [rows, columns] } = layer;
  const sums = new Float64Array(rows * columns);
  inputsOf(layer, at).forEach((plane, c) => {
    for (let i = 0; i < kernel; i += 1) {
      for (let j = 0; j < kernel; j += 1) {
        addProducts(sums, layer, plane, layer.filters[at][c][i][j], i, j);
      }
    }
  });
  const applied = layer.steps.slice(0, steps);
  const values = Float32Array.from(sums, (sum) =>
    applied.reduce((value, step) => applyStep(step, at, value), sum + biasOf(layer, at)),
  );
  const { minimum, maximum, index } = extremes(values);
  return { values, minimum, maximum, place: [Math.floor(index / columns), index % columns] };
}

// One value from its beginning to its end: patch, products and sums by input channel, the bias, the
// total, and the name of each step with what it makes of the value.
export function arithmetic(layer, at, row, column) {
  const bias = biasOf(layer, at);
  const settings = { ...layer, bias };
  const found = convolveAt(inputsOf(layer, at), layer.filters[at], row, column, settings);
  const after = [];
  let value = found.total;
  for (const step of layer.steps) {
    value = applyStep(step, at, value);
    after.push([step.name, value]);
  }
  return { ...found, bias, after };
}

// First and last of `size` pixels that a unit sees; last < first where it sees nothing but padding.
export function seenSpan(field, unit, size) {
  if (field === null) return [0, size - 1];
  const [jump, first, last] = field;
  return [
    Math.max(0, Math.trunc(first + jump * unit)),
    Math.min(size - 1, Math.trunc(last + jump * unit)),
  ];
}
