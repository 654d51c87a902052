// What a penalty does to weights, operation for operation as in catdog_lib.sparsity.quadratic, so
// that the numbers are the same.

import { range } from "../math.js";

export const SHRINKAGE_PENALTIES = ["L1", "L2", "L1 subgradient"];
export const CURVATURE = [[1, 0.3], [0.3, 0.5]];
const [RATE, STEPS, SWEEPS] = [0.1, 200, 40];

const softThreshold = (w, t) => Math.sign(w) * Math.max(Math.abs(w) - t, 0);

// What is left of a weight.
export function shrink(w, lam, penalty) {
  if (penalty === "L1") return softThreshold(w, lam);
  if (penalty === "L2") return w / (1 + lam);
  let end = w;
  for (let i = 0; i < STEPS; i += 1) end -= RATE * (end - w + lam * Math.sign(end));
  return end;
}

// The path of two weights from the minimum of the loss; it ends where they are at λ.
export function minimisers(center, lam, penalty) {
  const [[a, b], [, d]] = CURVATURE;
  const pull = [a * center[0] + b * center[1], b * center[0] + d * center[1]];
  if (penalty !== "L1 subgradient") {
    const minimiser = penalty === "L1" ? lasso : ridge;
    return range(101).map((i) => minimiser(pull, (lam * i) / 100));
  }
  const path = [center];
  for (let i = 0; i < STEPS; i += 1) {
    const [x, y] = path.at(-1);
    const [dx, dy] = [x - center[0], y - center[1]];
    path.push([
      x - RATE * (a * dx + b * dy + lam * Math.sign(x)),
      y - RATE * (b * dx + d * dy + lam * Math.sign(y)),
    ]);
  }
  return path;
}

// Coordinate descent: for each weight in turn, the other fixed, soft-thresholding is exact.
function lasso(pull, lam) {
  const [[a, b], [, d]] = CURVATURE;
  let [x, y] = [0, 0];
  for (let i = 0; i < SWEEPS; i += 1) {
    x = softThreshold(pull[0] - b * y, lam) / a;
    y = softThreshold(pull[1] - b * x, lam) / d;
  }
  return [x, y];
}

// (A + λ) w = pull, by Cramer's rule.
function ridge(pull, lam) {
  const [[a, b], [, d]] = CURVATURE;
  const determinant = (a + lam) * (d + lam) - b * b;
  return [
    ((d + lam) * pull[0] - b * pull[1]) / determinant,
    ((a + lam) * pull[1] - b * pull[0]) / determinant,
  ];
}

export function loss([x, y], [cx, cy]) {
  const [[a, b], [, d]] = CURVATURE;
  const [dx, dy] = [x - cx, y - cy];
  return (a * dx * dx + 2 * b * dx * dy + d * dy * dy) / 2;
}

// Points at which the loss has a given height, around its minimum:
// c + √(2·height) · L⁻ᵀ (cos, sin), where A = L·Lᵀ.
export function contourPoints(height, center) {
  const [[a, b], [, d]] = CURVATURE;
  const [l11, l21] = [Math.sqrt(a), b / Math.sqrt(a)];
  const l22 = Math.sqrt(d - l21 * l21);
  const radius = Math.sqrt(2 * height);
  return range(73).map((i) => {
    const angle = (i * Math.PI) / 36;
    const dy = Math.sin(angle) / l22;
    const dx = (Math.cos(angle) - l21 * dy) / l11;
    return [center[0] + radius * dx, center[1] + radius * dy];
  });
}

// How many of the weights that are not exactly 0 lie in each of `bins` equal parts of −1 … 1.
export function histogram(weights, bins) {
  const counts = new Array(bins).fill(0);
  for (const w of weights) {
    const bin = Math.floor(((w + 1) / 2) * bins);
    if (w !== 0) counts[Math.min(bins - 1, Math.max(0, bin))] += 1;
  }
  return counts;
}
