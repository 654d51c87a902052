// What the network computes for one image, stage by stage, as numbers and as sentences.

import { significant } from "../format.js";
import { range } from "../math.js";
import { NAMES, percent } from "./mistakes.js";
import { CHANNELS, softmax } from "./network.js";

export const STAGES = [
  "pixels", "conv 1", "ReLU 1", "pool 1", "conv 2", "ReLU 2", "pool 2", "linear", "softmax",
];
export const [LINEAR, SOFTMAX] = [7, 8];

const digits = (value) => significant(value, 3);
const signed = (value) => (value < 0 ? `− ${digits(-value)}` : `+ ${digits(value)}`);

// network.forward(image) has been called. Returns { name, channels, size, values, input } of each
// stage; `values` of the linear layer are what each feature adds to dog and takes from cat.
export function stagesOf(network, image, size) {
  const outputs = [image, ...network.layers.map((layer) => layer.output)];
  const [, , , , , , features, logits] = outputs;
  const { values: weights } = network.layers.at(-1).parameters[0];
  const toDog = features.map((feature, n) => feature * (weights[features.length + n] - weights[n]));
  return STAGES.map((name, i) => {
    const side = size / 2 ** Math.min(2, Math.floor(i / 3));
    const values = i >= LINEAR ? toDog : outputs[i];
    const [channels, input] = [CHANNELS[blockOf(i)], outputs[i - 1]];
    return { name, i, channels, size: side, values, input, logits };
  });
}

// The blocks of stages with the same channels: 0 the image, 1 and 2 the convolutions'.
export const blockOf = (stage) => Math.min(2, Math.ceil(stage / 3));

// The channel that is most active after the pooling of a block; another one may be 0 everywhere.
export function strongestChannel(stages, block) {
  const { channels, size, values } = stages[3 * block];
  const area = size * size;
  const sums = range(channels).map((channel) =>
    values.subarray(channel * area, (channel + 1) * area).reduce((sum, one) => sum + one, 0),
  );
  return sums.indexOf(Math.max(...sums));
}

// The value of a stage in a channel at a pixel of the image, whatever the size of its maps.
export function placeIn({ size }, imageSize, row, column) {
  const scale = imageSize / size;
  return [Math.floor(row / scale), Math.floor(column / scale)];
}

export const valueAt = ({ size, values }, channel, y, x) =>
  values[(channel * size + y) * size + x];

// The 3×3 values around a place of an input map, 0 outside it; and the products with the filter.
// Returns { patch, filter, products, sum } for each input map, rows of numbers each.
export function convolutionAt({ i, size, input }, layer, channel, y, x) {
  const inputs = CHANNELS[Math.floor(i / 3)];
  const inside = (r, c) => r >= 0 && c >= 0 && r < size && c < size;
  const nine = (value) => range(3).map((r) => range(3).map((c) => value(r, c)));
  return range(inputs).map((from) => {
    const at = (r, c) => input[(from * size + y + r - 1) * size + x + c - 1];
    const start = (channel * inputs + from) * 9;
    const patch = nine((r, c) => (inside(y + r - 1, x + c - 1) ? at(r, c) : 0));
    const filter = nine((r, c) => layer.parameters[0].values[start + 3 * r + c]);
    const products = nine((r, c) => patch[r][c] * filter[r][c]);
    return { patch, filter, products, sum: products.flat().reduce((all, one) => all + one, 0) };
  });
}

// The tables under a map: { title, rows } of each, and the sign before it. layer: of the network,
// that made the stage.
export function tablesOf(stage, layer, channel, y, x) {
  const { i, size, input, logits } = stage;
  const value = [[valueAt(stage, channel, y, x)]];
  if (i === 1 || i === 4) {
    const found = convolutionAt(stage, layer, channel, y, x);
    const sizes = found.map(({ sum }) => Math.abs(sum));
    const from = sizes.indexOf(Math.max(...sizes));
    const { patch, filter, products } = found[from];
    return [
      { title: i === 1 ? "pixels" : `map ${from}, which adds most`, rows: patch },
      { sign: "×", title: `filter ${channel}`, rows: filter },
      { sign: "=", title: "products", rows: products },
    ];
  }
  if (i === 2 || i === 5) {
    const before = [[input[(channel * size + y) * size + x]]];
    return [{ title: "before", rows: before }, { sign: "→", title: "after ReLU", rows: value }];
  }
  if (i === 3 || i === 6) {
    const four = fourBelow(stage, channel, y, x);
    return [{ title: "2×2 values", rows: four }, { sign: "→", title: "largest", rows: value }];
  }
  if (i !== SOFTMAX) return [];
  const column = (values) => Array.from(values, (one) => [one]);
  return [
    { title: "logits: cat, dog", rows: column(logits) },
    { sign: "→", title: "e to the power of each", rows: column(powersOf(logits).powers) },
    { sign: "→", title: "divided by their sum", rows: column(softmax(logits)) },
  ];
}

function fourBelow({ input, size }, channel, y, x) {
  const wide = 2 * size;
  const at = (r, c) => input[(channel * wide + 2 * y + r) * wide + 2 * x + c];
  return [[at(0, 0), at(0, 1)], [at(1, 0), at(1, 1)]];
}

// The sentence of a stage, for what is chosen: the layer of the network that made it; channel, row
// y and column x of its map; the byte of that pixel; the label of the image.
export function stageSentence(stage, { layer, channel, y, x, byte, problem, label }) {
  const value = valueAt(stage, channel, y, x);
  const before = (row, column) => stage.input[(channel * stage.size + row) * stage.size + column];
  const { i } = stage;
  if (i === 0) {
    const { mean, deviation } = problem;
    return (
      `The pixel in row ${y}, column ${x} is the byte ${byte}. The network gets ` +
      `(${byte} / 255 − ${digits(mean)}) / ${digits(deviation)} = ${digits(value)}.`
    );
  }
  if (i === 1 || i === 4) return convolutionSentence(stage, layer, channel, y, x, value);
  if (i === 2 || i === 5) {
    return `ReLU keeps what is above 0: max(0, ${digits(before(y, x))}) = ${digits(value)}.`;
  }
  if (i === 3 || i === 6) return poolingSentence(stage, channel, y, x, value);
  if (i === LINEAR) return linearSentence(stage, layer, channel);
  return softmaxSentence(stage.logits, label);
}

function convolutionSentence(stage, layer, channel, y, x, value) {
  const sums = convolutionAt(stage, layer, channel, y, x).map(({ sum }) => sum);
  const bias = layer.parameters[1].values[channel];
  const total = sums.reduce((all, one) => all + one, 0);
  const what =
    sums.length === 1
      ? `Filter ${channel} is centred on row ${y}, column ${x}: its 9 products add up to`
      : `Filter ${channel} has 3×3 weights for each of the ${sums.length} maps that it reads: ` +
        `its ${9 * sums.length} products around row ${y}, column ${x} add up to`;
  const sum = digits(total);
  return `${what} ${sum}; with the bias, ${sum} ${signed(bias)} = ${digits(value)}.`;
}

function poolingSentence(stage, channel, y, x, value) {
  const four = fourBelow(stage, channel, y, x).flat().map(digits).join(", ");
  return (
    `Max-pooling keeps the largest of each 2×2 values: of ${four} it is ${digits(value)}. ` +
    `The maps are now ${stage.size}×${stage.size}.`
  );
}

function linearSentence({ values, size, logits }, layer, channel) {
  const [area, bias] = [size * size, layer.parameters[1].values];
  const part = values.subarray(channel * area, (channel + 1) * area);
  const lead = part.reduce((sum, one) => sum + one, 0);
  const logit = (k) =>
    `${NAMES[k]}: ${digits(logits[k] - bias[k])} ${signed(bias[k])} = ${digits(logits[k])}`;
  return (
    `Each logit is a weighted sum of all ${values.length} values and a bias. ${logit(0)}; ` +
    `${logit(1)}. Map ${channel} alone moves their difference by ` +
    `${digits(Math.abs(lead))} towards ${NAMES[lead < 0 ? 0 : 1]}.`
  );
}

// The exponentials of the logits, or of the logits less the largest, which gives the same shares,
// where a computer has no such large number.
function powersOf(logits) {
  const largest = Math.max(...logits) > 100 ? Math.max(...logits) : 0;
  const exponents = Array.from(logits, (logit) => logit - largest);
  return { largest, exponents, powers: exponents.map(Math.exp) };
}

function softmaxSentence(logits, label) {
  const { largest, exponents, powers } = powersOf(logits);
  const shares = softmax(logits);
  const called = shares[1] > shares[0] ? 1 : 0;
  const power = (k) => `e^${digits(exponents[k])} = ${digits(powers[k])}`;
  const less = largest ? `With the largest logit, ${digits(largest)}, taken off both, the` : "The";
  return (
    `${less} exponentials are ${power(0)} for cat and ${power(1)} for dog. Divided by their sum ` +
    `${digits(powers[0] + powers[1])}, they are probabilities: cat ${percent(shares[0])}, ` +
    `dog ${percent(shares[1])}. ` +
    `The prediction is ${NAMES[called]}, and it is ` +
    `${called === label ? "right" : `wrong: this is a ${NAMES[label]}`}.`
  );
}
