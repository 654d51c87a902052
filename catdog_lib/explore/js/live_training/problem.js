// What there is to learn from: images, labels, the order of the batches, and the first weights.

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

// From the traits that Python sends: see LiveTraining.
export function unpackProblem(sent) {
  const { size, mean, deviation, batch_size, momentum, labels, sizes } = sent;
  const all = new Float32Array(bytesOf(sent.weights).buffer);
  const ends = sizes.map((_, p) => sizes.slice(0, p + 1).reduce((sum, one) => sum + one, 0));
  return {
    size, mean, deviation, momentum, labels,
    batchSize: batch_size,
    pixels: bytesOf(sent.pixels),
    order: new Uint16Array(bytesOf(sent.order).buffer),
    weights: sizes.map((count, p) => all.slice(ends[p] - count, ends[p])),
    validationFrom: sent.training_images, // those before it are there to train on
  };
}

// The bytes of an image.
export const bytesAt = ({ pixels, size }, i) =>
  pixels.subarray(i * size * size, (i + 1) * size * size);

// An image as the network takes it: from bytes to mean 0 and deviation 1.
export const imageAt = (problem, i) =>
  Float64Array.from(
    bytesAt(problem, i),
    (byte) => (byte / 255 - problem.mean) / problem.deviation,
  );

// The images of batch number `step`, of the first `used` training images. The order starts again
// when it is through.
export function batchAt({ order, batchSize }, used, step) {
  const visited = order.filter((i) => i < used);
  const start = (step * batchSize) % visited.length;
  return visited.subarray(start, start + batchSize);
}
