// Update rules and surfaces, operation for operation as in catdog_lib.from_scratch.optimizers and loss_surfaces, so that the numbers are the same.

export const FAR = 1e6; // a path that gets so far away from 0 has diverged

// Each returns a function that takes weights and gradients and gives the new weights; t counts the steps from 1.
// What it remembers, for each weight, is in the arrays beside it.
export const RULES = {
  SGD: ({ lr, weight_decay: decay }) => (w, g) => w.map((one, i) => one - lr * (g[i] + decay * one)),
  momentum: (settings) => rolling(settings, (g, v) => v),
  Nesterov: (settings) => rolling(settings, (g, v, momentum) => g + momentum * v),
  RMSprop({ adaptive_lr: lr, beta2: alpha, weight_decay: decay }) {
    const s = [0, 0];
    return (w, plain) =>
      w.map((one, i) => {
        const g = plain[i] + decay * one;
        s[i] = alpha * s[i] + (1 - alpha) * (g * g);
        return one - lr * (g / (Math.sqrt(s[i]) + EPS));
      });
  },
  Adam(settings) {
    const { adaptive_lr: lr, weight_decay: decay } = settings;
    const direction = adamDirection(settings);
    return (w, g, t) => w.map((one, i) => one - lr * direction(i, g[i] + decay * one, t));
  },
  AdamW(settings) {
    const { adaptive_lr: lr, weight_decay: decay } = settings;
    const direction = adamDirection(settings);
    return (w, g, t) => w.map((one, i) => one - lr * (direction(i, g[i], t) + decay * one));
  },
};

const EPS = 1e-8;

function rolling({ lr, momentum, weight_decay: decay }, change) {
  const v = [0, 0];
  return (w, plain) =>
    w.map((one, i) => {
      const g = plain[i] + decay * one;
      v[i] = momentum * v[i] + g;
      return one - lr * change(g, v[i], momentum);
    });
}

function adamDirection({ beta1, beta2 }) {
  const [m, s] = [[0, 0], [0, 0]];
  return (i, g, t) => {
    m[i] = beta1 * m[i] + (1 - beta1) * g;
    s[i] = beta2 * s[i] + (1 - beta2) * (g * g);
    return m[i] / (1 - beta1 ** t) / (Math.sqrt(s[i] / (1 - beta2 ** t)) + EPS);
  };
}

const quadratic = (steepness) => ({
  value: (x, y) => (x * x + steepness * (y * y)) / 2,
  gradient: (x, y) => [x, steepness * y],
});

const bealeTerms = (x, y) => [1.5 - x + x * y, 2.25 - x + x * (y * y), 2.625 - x + x * (y * y * y)];

export const SURFACES = {
  bowl: quadratic(1),
  ravine: quadratic(25),
  saddle: {
    value: (x, y) => (x * x) / 2 - (y * y) / 2 + (y * y * y * y) / 4,
    gradient: (x, y) => [x, y * y * y - y],
  },
  plateau: {
    value: (x, y) => 1 - 1 / (1 + x * x + y * y),
    gradient: (x, y) => {
      const square = (1 + x * x + y * y) * (1 + x * x + y * y);
      return [(2 * x) / square, (2 * y) / square];
    },
  },
  Rosenbrock: {
    value: (x, y) => (1 - x) * (1 - x) + 100 * ((y - x * x) * (y - x * x)),
    gradient: (x, y) => {
      const across = y - x * x;
      return [-2 * (1 - x) - 400 * (x * across), 200 * across];
    },
  },
  Beale: {
    value(x, y) {
      const [a, b, c] = bealeTerms(x, y);
      return a * a + b * b + c * c;
    },
    gradient(x, y) {
      const [a, b, c] = bealeTerms(x, y);
      return [
        2 * (a * (y - 1) + b * (y * y - 1) + c * (y * y * y - 1)),
        2 * (a * x + b * (2 * (x * y)) + c * (3 * (x * (y * y)))),
      ];
    },
  },
};

// Where an optimizer is after 0, 1, … steps; it ends before the step with which it diverges.
export function descend(surface, optimizer, start, steps, settings) {
  const move = RULES[optimizer](settings);
  const path = [start];
  for (let t = 1; t <= steps; t += 1) {
    const next = move(path.at(-1), SURFACES[surface].gradient(...path.at(-1)), t);
    if (!next.every((one) => Math.abs(one) <= FAR)) break;
    path.push(next);
  }
  return path;
}

// Lines on which a function has a given height, as one SVG path in steps of a grid: marching squares.
// values: rows of numbers. A cell whose four corners are not all on one side is crossed.
export function contour(values, height) {
  let path = "";
  const cross = (from, to) => (height - from) / (to - from);
  for (let r = 0; r + 1 < values.length; r += 1) {
    for (let c = 0; c + 1 < values[r].length; c += 1) {
      const corners = [values[r][c], values[r][c + 1], values[r + 1][c + 1], values[r + 1][c]];
      const [a, b, d, e] = corners; // around the cell, from its first corner
      const above = corners.map((one) => one > height);
      const points = [];
      if (above[0] !== above[1]) points.push([c + cross(a, b), r]);
      if (above[1] !== above[2]) points.push([c + 1, r + cross(b, d)]);
      if (above[2] !== above[3]) points.push([c + 1 - cross(d, e), r + 1]);
      if (above[3] !== above[0]) points.push([c, r + 1 - cross(e, a)]);
      for (let i = 0; i < points.length; i += 2) path += `M${points[i].map(short)}L${points[i + 1].map(short)}`;
    }
  }
  return path;
}

const short = (value) => Math.round(value * 100) / 100;

// A loss in a few characters: 12.3, 0.0456, 7.8·10⁻⁹.
export function lossText(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 10000)) {
    const [digits, power] = value.toExponential(1).split("e");
    return `${digits}·10${superscript(Number(power))}`.replace("-", "−");
  }
  return String(Number(value.toPrecision(3))).replace("-", "−");
}

const superscript = (power) => String(power).replace("-", "⁻").replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
