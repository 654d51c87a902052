// The layers of a small CNN, forward and backward, one image at a time.
// Maps are flat arrays: channel after channel, in each row after row, as PyTorch stores them. A
// layer keeps what its backward pass needs; `backward` takes the gradient with respect to its
// output, adds to the gradients of its parameters and returns the gradient with respect to its
// input.

const KERNEL = 3; // weights on a side

// Values with room for the gradient of each.
const parameter = (values) => ({ values, gradient: new Float64Array(values.length) });

// A 3×3 convolution with a border of zeros: the maps keep their size.
export function convolutionLayer([inputs, outputs, size], weightValues, biasValues) {
  const [weight, bias] = [parameter(weightValues), parameter(biasValues)];
  const side = size + 2; // with the border
  const padded = parameter(new Float64Array(inputs * side * side));
  const inputGradient = new Float64Array(inputs * size * size);
  const output = new Float64Array(outputs * size * size);
  const { productSum, spread } = patchArithmetic([inputs, side], weight, padded);
  const weightsOfOne = inputs * KERNEL * KERNEL; // of one filter
  return {
    parameters: [weight, bias],
    output,
    forward(input) {
      forEachRow(inputs, size, (inner, outer) => {
        padded.values.set(input.subarray(inner, inner + size), outer);
      });
      forEachValue(outputs, size, (n, o, y, x) => {
        output[n] = bias.values[o] + productSum(o * weightsOfOne, y, x);
      });
      return output;
    },
    backward(gradient) {
      padded.gradient.fill(0);
      forEachValue(outputs, size, (n, o, y, x) => {
        if (gradient[n] === 0) return; // most are: ReLU and pooling let few of them through
        bias.gradient[o] += gradient[n];
        spread(gradient[n], o * weightsOfOne, y, x);
      });
      forEachRow(inputs, size, (inner, outer) => {
        inputGradient.set(padded.gradient.subarray(outer, outer + size), inner);
      });
      return inputGradient;
    },
  };
}

// A filter on one patch of the padded maps, forward and backward. k: the number of the filter's
// first weight; y, x: where the patch begins.
function patchArithmetic([inputs, side], weight, padded) {
  const { values: weights, gradient: weightGradient } = weight;
  const { values: maps, gradient: mapGradient } = padded;

  // The sum of the products of the filter and the patch.
  function productSum(k, y, x) {
    let sum = 0;
    for (let c = 0; c < inputs; c += 1) {
      for (let i = 0; i < KERNEL; i += 1) {
        const at = (c * side + y + i) * side + x;
        // A row of the kernel without a loop: these lines take most of the training's time.
        sum += weights[k] * maps[at];
        sum += weights[k + 1] * maps[at + 1];
        sum += weights[k + 2] * maps[at + 2];
        k += KERNEL;
      }
    }
    return sum;
  }

  // And back, where that sum has the gradient g: weight · g to the patch, patch · g to the weights.
  function spread(g, k, y, x) {
    for (let c = 0; c < inputs; c += 1) {
      for (let i = 0; i < KERNEL; i += 1) {
        const at = (c * side + y + i) * side + x;
        for (let j = 0; j < KERNEL; j += 1, k += 1) {
          weightGradient[k] += g * maps[at + j];
          mapGradient[at + j] += g * weights[k];
        }
      }
    }
  }
  return { productSum, spread };
}

// visit(n, o, y, x) for each value of the maps: its place in the array, its channel, row, column.
function forEachValue(channels, size, visit) {
  let n = 0;
  for (let o = 0; o < channels; o += 1) {
    for (let y = 0; y < size; y += 1) {
      for (let x = 0; x < size; x += 1, n += 1) visit(n, o, y, x);
    }
  }
}

// Where each row of the maps begins, without and with the border of zeros.
function forEachRow(channels, size, visit) {
  for (let c = 0; c < channels; c += 1) {
    for (let y = 0; y < size; y += 1) {
      visit((c * size + y) * size, (c * (size + 2) + y + 1) * (size + 2) + 1);
    }
  }
}

export function reluLayer(count) {
  const output = new Float64Array(count);
  const inputGradient = new Float64Array(count);
  return {
    parameters: [],
    output,
    forward(input) {
      for (let n = 0; n < count; n += 1) output[n] = Math.max(0, input[n]);
      return output;
    },
    backward(gradient) {
      for (let n = 0; n < count; n += 1) inputGradient[n] = output[n] > 0 ? gradient[n] : 0;
      return inputGradient;
    },
  };
}

// The largest of each 2×2 values. Its gradient goes to where that value came from.
export function maxPoolLayer([channels, size]) {
  const half = size / 2;
  const output = new Float64Array(channels * half * half);
  const cameFrom = new Int32Array(output.length);
  const inputGradient = new Float64Array(channels * size * size);
  return {
    parameters: [],
    output,
    forward(input) {
      for (let n = 0; n < output.length; n += 1) {
        const row = Math.floor(n / half); // counted through all channels
        const first = 2 * row * size + 2 * (n % half);
        let best = first;
        for (const other of [first + 1, first + size, first + size + 1]) {
          if (input[other] > input[best]) best = other;
        }
        cameFrom[n] = best;
        output[n] = input[best];
      }
      return output;
    },
    backward(gradient) {
      inputGradient.fill(0);
      for (let n = 0; n < output.length; n += 1) inputGradient[cameFrom[n]] = gradient[n];
      return inputGradient;
    },
  };
}

export function linearLayer([inputs, outputs], weightValues, biasValues) {
  const [weight, bias] = [parameter(weightValues), parameter(biasValues)];
  const output = new Float64Array(outputs);
  const inputGradient = new Float64Array(inputs);
  let seen = null;
  return {
    parameters: [weight, bias],
    output,
    forward(input) {
      seen = input;
      for (let o = 0; o < outputs; o += 1) {
        let sum = bias.values[o];
        for (let n = 0; n < inputs; n += 1) sum += weight.values[o * inputs + n] * input[n];
        output[o] = sum;
      }
      return output;
    },
    backward(gradient) {
      inputGradient.fill(0);
      for (let o = 0; o < outputs; o += 1) {
        bias.gradient[o] += gradient[o];
        for (let n = 0; n < inputs; n += 1) {
          weight.gradient[o * inputs + n] += gradient[o] * seen[n];
          inputGradient[n] += gradient[o] * weight.values[o * inputs + n];
        }
      }
      return inputGradient;
    },
  };
}
