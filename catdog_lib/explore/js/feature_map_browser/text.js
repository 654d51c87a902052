// What the browser says in words.

import { significant } from "../format.js";

// Four significant digits.
export const digits = (value) => significant(value, 4);

const signedTerm = (value) => (value < 0 ? `− ${digits(-value)}` : `+ ${digits(value)}`);

// The sum in numbers: "0.812 (products of 16 input channels) + 0.031 (bias) = 0.843", and a line
// for each step.
export function formulas(layer, at, { sums, bias, total, after }) {
  const products = digits(sums.reduce((all, sum) => all + sum, 0));
  const count = sums.length === 1 ? "one input channel" : `${sums.length} input channels`;
  const plusBias = layer.bias ? `${signedTerm(bias)} (bias)` : "and no bias";
  const lines = [
    ["convolution", `${products} (products of ${count}) ${plusBias} = ${digits(total)}`],
  ];
  let value = total;
  layer.steps.forEach((step, i) => {
    lines.push([step.name, `${stepFormula(step, at, value)} = ${digits(after[i][1])}`]);
    value = after[i][1];
  });
  return lines;
}

function stepFormula(step, at, value) {
  const x = digits(value);
  if (step.name !== "BatchNorm") {
    return {
      ReLU: `max(0, ${x})`,
      ReLU6: `min(6, max(0, ${x}))`,
      SiLU: `${x} / (1 + e^(−(${x})))`,
      tanh: `tanh(${x})`,
    }[step.name];
  }
  const centred = `(${x} ${signedTerm(-step.mean[at])})`;
  const deviation = `√(${digits(step.variance[at])} + ${digits(step.epsilon)})`;
  return `${centred} / ${deviation} · ${digits(step.scale[at])} ${signedTerm(step.shift[at])}`;
}

const spanText = (name, [first, last]) =>
  first === last ? `${name} ${first}` : `${name}s ${first} to ${last}`;

// What the unit saw of the photo.
export function seenText(spans) {
  if (!spans) return "What it saw of the photo cannot be told for this network.";
  if (spans.some(([first, last]) => last < first)) return "It saw nothing but padding.";
  return `It saw ${spanText("row", spans[0])}, ${spanText("column", spans[1])} of the photo.`;
}

// The sentence under the figures.
export function sentence(layer, at, row, column, found, spans) {
  const after = found.after.map(([name, value]) => `, ${name} makes it ${digits(value)}`).join("");
  const unit = `${layer.title}, channel ${layer.channels[at]}, row ${row}, column ${column}`;
  return `${unit}: the convolution gives ${digits(found.total)}${after}. ${seenText(spans)}`;
}
