// Update rules and surfaces, operation for operation as in catdog_lib.from_scratch.optimizers and
// loss_surfaces, so that the numbers are the same.

const FAR = 1e6; // a path that gets so far away from 0 has diverged
const EPS = 1e-8;

// Each returns a function that takes weights and gradients and returns the new weights; t counts
// the steps from 1. Its state, for each weight, is in the arrays beside it.
export const RULES = {
  SGD: ({ lr, weight_decay: decay }) => (w, g) =>
    w.map((weight, i) => weight - lr * (g[i] + decay * weight)),
  momentum: (settings) => withVelocity(settings, (g, v) => v),
  Nesterov: (settings) => withVelocity(settings, (g, v, momentum) => g + momentum * v),
  RMSprop({ adaptive_lr: lr, beta2: alpha, weight_decay: decay }) {
    const s = [0, 0];
    return (w, plain) =>
      w.map((weight, i) => {
        const g = plain[i] + decay * weight;
        s[i] = alpha * s[i] + (1 - alpha) * (g * g);
        return weight - lr * (g / (Math.sqrt(s[i]) + EPS));
      });
  },
  Adam(settings) {
    const { adaptive_lr: lr, weight_decay: decay } = settings;
    const direction = adamDirection(settings);
    return (w, g, t) =>
      w.map((weight, i) => weight - lr * direction(i, g[i] + decay * weight, t));
  },
  AdamW(settings) {
    const { adaptive_lr: lr, weight_decay: decay } = settings;
    const direction = adamDirection(settings);
    return (w, g, t) =>
      w.map((weight, i) => weight - lr * (direction(i, g[i], t) + decay * weight));
  },
};

function withVelocity({ lr, momentum, weight_decay: decay }, step) {
  const v = [0, 0];
  return (w, plain) =>
    w.map((weight, i) => {
      const g = plain[i] + decay * weight;
      v[i] = momentum * v[i] + g;
      return weight - lr * step(g, v[i], momentum);
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

const bealeTerms = (x, y) => [
  1.5 - x + x * y, 2.25 - x + x * (y * y), 2.625 - x + x * (y * y * y),
];

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
  const update = RULES[optimizer](settings);
  const path = [start];
  for (let t = 1; t <= steps; t += 1) {
    const next = update(path.at(-1), SURFACES[surface].gradient(...path.at(-1)), t);
    if (!next.every((value) => Math.abs(value) <= FAR)) break;
    path.push(next);
  }
  return path;
}
