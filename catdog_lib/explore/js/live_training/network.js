// The network, two blocks of convolution, ReLU and max-pooling and a linear layer, and its loss.

import { convolutionLayer, linearLayer, maxPoolLayer, reluLayer } from "./layers.js";

export const CHANNELS = [1, 8, 16]; // of the image and after each convolution

export const BLOCKS = CHANNELS.length - 1;

// size: rows and columns of an image. weights: an array for each of the parameters, in PyTorch's
// order; the network trains copies of them.
export function createNetwork(size, weights) {
  const copies = weights.map((values) => Float64Array.from(values));
  const layers = [];
  for (let block = 0; block < BLOCKS; block += 1) {
    const [inputs, outputs] = [CHANNELS[block], CHANNELS[block + 1]];
    const side = size / 2 ** block;
    layers.push(
      convolutionLayer([inputs, outputs, side], copies[2 * block], copies[2 * block + 1]),
      reluLayer(outputs * side * side),
      maxPoolLayer([outputs, side]),
    );
  }
  const features = CHANNELS[BLOCKS] * (size / 2 ** BLOCKS) ** 2;
  layers.push(linearLayer([features, 2], ...copies.slice(-2)));
  return {
    layers,
    parameters: layers.flatMap((layer) => layer.parameters),
    // Returns the logits of an image.
    forward: (image) => layers.reduce((input, layer) => layer.forward(input), image),
    // Adds to the gradients of all parameters; gradient: with respect to the logits.
    backward(gradient) {
      for (const layer of layers.toReversed()) gradient = layer.backward(gradient);
    },
  };
}

// The largest logit is taken off first: its exponential could be too large for a number.
export function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((all, power) => all + power, 0);
  return powers.map((power) => power / sum);
}

// −ln of the probability of the right class, as ln Σ exp(logit) − logit.
export function crossEntropy(logits, label) {
  const largest = Math.max(...logits);
  const sum = logits.reduce((all, logit) => all + Math.exp(logit - largest), 0);
  return Math.log(sum) + largest - logits[label];
}

// Its gradient with respect to the logits: the probabilities minus the right answer.
export const lossGradient = (logits, label) =>
  softmax(logits).map((probability, k) => probability - (k === label ? 1 : 0));
