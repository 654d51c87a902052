// Stochastic gradient descent with momentum, as torch.optim.SGD computes it.

// parameters: { values, gradient } of each, as the layers have them.
export function momentumSgd(parameters, momentum) {
  const velocities = parameters.map(({ values }) => new Float64Array(values.length));
  return {
    clearGradients() {
      for (const { gradient } of parameters) gradient.fill(0);
    },
    // velocity ← momentum · velocity + gradient; value ← value − rate · velocity
    update(rate) {
      parameters.forEach(({ values, gradient }, p) => {
        const velocity = velocities[p];
        for (let k = 0; k < values.length; k += 1) {
          velocity[k] = momentum * velocity[k] + gradient[k];
          values[k] -= rate * velocity[k];
        }
      });
    },
  };
}
