// What the stepper says in words.

import { format, formatWeight } from "../format.js";

export const CHANNELS = ["red", "green", "blue"];

// "12·0 + 34·(−1) + …": the products of one channel, without those of weight 0.
export function terms(patch, kernel) {
  const factor = (weight) => (weight < 0 ? `(${formatWeight(weight)})` : formatWeight(weight));
  const pairs = kernel.flatMap((line, i) => line.map((weight, j) => [patch[i][j], weight]));
  const shown = pairs.filter(([, weight]) => weight !== 0);
  return shown.map(([value, weight]) => `${format(value)}·${factor(weight)}`).join(" + ") || "0";
}

// The sentence under the figures.
export function sentence(row, column, kernel, { patch, sums, total }, bias) {
  const signed = (value) => (value < 0 ? `(${format(value)})` : format(value));
  const plusBias = bias === 0 ? "" : ` + bias ${signed(bias)}`;
  const body =
    kernel.length === 1
      ? terms(patch[0], kernel[0])
      : sums.map((sum, c) => `${CHANNELS[c]} ${signed(sum)}`).join(" + ");
  return `Output row ${row}, column ${column}: ${body}${plusBias} = ${format(total)}`;
}
