// The head on few images, as catdog_lib.transfer.linear_probe solves it. No page is needed.

import { range } from "../math.js";

export const LIMIT = 10; // images to learn from

export const dot = (a, b) => {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i] * b[i];
  return sum;
};
const sigmoid = (logit) => 1 / (1 + Math.exp(-logit));
const softplus = (logit) => Math.max(logit, 0) + Math.log1p(Math.exp(-Math.abs(logit)));

// Solves matrix · x = right by Gaussian elimination; the matrix is positive definite.
export function solve(matrix, right) {
  const size = right.length;
  const rows = matrix.map((row, i) => Float64Array.of(...row, right[i]));
  for (let k = 0; k < size; k += 1) {
    for (let i = k + 1; i < size; i += 1) {
      const factor = rows[i][k] / rows[k][k];
      for (let j = k; j <= size; j += 1) rows[i][j] -= factor * rows[k][j];
    }
  }
  const x = new Float64Array(size);
  for (let k = size - 1; k >= 0; k -= 1) {
    let rest = rows[k][size];
    for (let j = k + 1; j < size; j += 1) rest -= rows[k][j] * x[j];
    x[k] = rest / rows[k][k];
  }
  return x;
}

// The means of the columns, and the root of the mean variance, as in Python.
function scaling(points) {
  const mean = points[0].map((_, k) => points.reduce((sum, x) => sum + x[k], 0) / points.length);
  const squares = points.map((x) => x.reduce((sum, value, k) => sum + (value - mean[k]) ** 2, 0));
  const total = squares.reduce((sum, one) => sum + one, 0);
  const spread = Math.sqrt(total / (points.length * mean.length));
  return { mean, spread: Math.max(spread, 1e-12) };
}

// Orthogonal directions of length 1 that together reach all points (Gram–Schmidt, twice for what
// rounding leaves).
function spanOf(points) {
  const basis = [];
  const largest = Math.sqrt(Math.max(...points.map((x) => dot(x, x))));
  for (const x of points) {
    let rest = x;
    for (const one of [...basis, ...basis]) {
      const along = dot(one, rest);
      rest = rest.map((value, k) => value - along * one[k]);
    }
    const length = Math.sqrt(dot(rest, rest));
    if (length > 1e-9 * largest) basis.push(rest.map((value) => value / length));
  }
  return basis;
}

// The mean cross-entropy and its penalty. Two rows of weights have ½ · decay · ‖W‖²; at the minimum
// they are ±v/2, where v is the difference that makes the logit. So v has ¼ · decay · ‖v‖².
function loss(points, labels, v, bias, decay) {
  const entropies = points.map((x, i) => {
    const logit = dot(v, x) + bias;
    return softplus(labels[i] ? -logit : logit);
  });
  const mean = entropies.reduce((sum, one) => sum + one, 0) / points.length;
  return mean + 0.25 * decay * dot(v, v);
}

// One step of Newton's method: the gradient over the Hessian, bias last.
function newtonStep(points, labels, v, bias, decay) {
  const size = v.length + 1;
  const gradient = Float64Array.of(...v.map((weight) => 0.5 * decay * weight), 0);
  const hessian = range(size).map(() => new Float64Array(size));
  points.forEach((x, i) => {
    const one = [...x, 1];
    const p = sigmoid(dot(v, x) + bias);
    const curvature = (p * (1 - p)) / points.length;
    for (let k = 0; k < size; k += 1) {
      gradient[k] += ((p - labels[i]) * one[k]) / points.length;
      const share = curvature * one[k];
      for (let j = 0; j < size; j += 1) hessian[k][j] += share * one[j];
    }
  });
  // The tiny number keeps the bias defined where all probabilities are 0 or 1.
  hessian.forEach((row, k) => (row[k] += k < size - 1 ? 0.5 * decay : 1e-12));
  return { gradient, step: solve(hessian, gradient) };
}

// Logistic regression to the end: the weights and the bias of the logit "dog", for coordinates as
// they come. points: n rows of K numbers; labels: 0 cat, 1 dog, both among them. The penalty keeps
// the weights within the span of the points, so that few images need few unknowns.
export function fitHead(points, labels, decay) {
  const { mean, spread } = scaling(points);
  const centred = points.map((x) => x.map((value, k) => (value - mean[k]) / spread));
  const basis = spanOf(centred);
  const scaled = centred.map((x) => basis.map((one) => dot(one, x)));
  let [v, bias] = [basis.map(() => 0), 0];
  let before = loss(scaled, labels, v, bias, decay);
  for (let i = 0; i < 100; i += 1) {
    const { gradient, step } = newtonStep(scaled, labels, v, bias, decay);
    const slope = dot(gradient, step);
    if (slope < 1e-22) break;
    for (let share = 1; share > 1e-6; share /= 2) {
      const next = v.map((weight, k) => weight - share * step[k]);
      const nextBias = bias - share * step[v.length];
      const after = loss(scaled, labels, next, nextBias, decay);
      if (after > before - 1e-4 * share * slope + 1e-14) continue; // too far: half of it
      [v, bias, before] = [next, nextBias, after];
      break;
    }
  }
  const weights = mean.map((_, k) => dot(v, basis.map((one) => one[k])) / spread);
  return { weights, bias: bias - dot(weights, mean) };
}

// The head that the chosen images teach, and the probability of each image to be a dog; nothing
// where a class is missing.
export function teach(coordinates, labels, chosen, decay) {
  const taught = chosen.map((i) => labels[i]);
  if (!taught.includes(0) || !taught.includes(1)) return null;
  const head = fitHead(chosen.map((i) => coordinates[i]), taught, decay);
  return { ...head, dog: coordinates.map((x) => sigmoid(dot(head.weights, x) + head.bias)) };
}

export const judgedRight = (dog, label) => (dog > 0.5 ? 1 : 0) === label;

// How many of the images that are not chosen the head gets right, and of how many.
export function hitsOn(dog, labels, chosen) {
  const others = range(labels.length).filter((i) => !chosen.includes(i));
  return [others.filter((i) => judgedRight(dog[i], labels[i])).length, others.length];
}

// Random numbers from 0 to 1 that are the same on each page (mulberry32).
export function seededRandom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// So many images of each class at random; fewer of a class that has fewer.
export function draw(labels, counts, random) {
  return counts.flatMap((count, label) => {
    const left = range(labels.length).filter((i) => labels[i] === label);
    const take = () => left.splice(Math.floor(random() * left.length), 1)[0];
    return range(Math.min(count, left.length)).map(take);
  });
}

// The accuracies of a hundred random choices with so many of each class, in order.
export function luck(coordinates, labels, decay, counts) {
  const random = seededRandom(1);
  const accuracies = range(100).map(() => {
    const chosen = draw(labels, counts, random);
    const [hits, count] = hitsOn(teach(coordinates, labels, chosen, decay).dog, labels, chosen);
    return hits / count;
  });
  return accuracies.sort((a, b) => a - b);
}

// The space of the coordinates seen along the head's boundary: for each image how far it is from
// the boundary, dogs above 0, and where it is along the direction of the largest spread within the
// boundary (power iteration).
export function sideView(coordinates, { weights, bias }) {
  const length = Math.sqrt(dot(weights, weights));
  const normal = weights.map((weight) => weight / length);
  const within = (x) => {
    const along = dot(normal, x);
    return x.map((value, k) => value - along * normal[k]);
  };
  const points = coordinates.map(within);
  const product = weights.map(() => new Float64Array(weights.length)); // of the table with itself
  for (const x of points) {
    for (let k = 0; k < x.length; k += 1) {
      for (let j = 0; j < x.length; j += 1) product[k][j] += x[k] * x[j];
    }
  }
  let direction = within(weights.map((_, k) => (k < 2 ? 1 : 0)));
  for (let i = 0; i < 200; i += 1) {
    const next = product.map((row) => dot(row, direction));
    const size = Math.sqrt(dot(next, next)) || 1;
    direction = next.map((value) => value / size);
  }
  const distances = coordinates.map((x) => dot(normal, x) + bias / length);
  return { points: points.map((x, i) => [distances[i], dot(direction, x)]), length };
}
