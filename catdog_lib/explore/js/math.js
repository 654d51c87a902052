// The mathematics of a convolution, as in catdog_lib.from_scratch.conv and output_sizes.
// No page is needed.

export const range = (count) => Array.from({ length: Math.max(0, count) }, (_, i) => i);
export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

// How many positions a kernel extends over, from its first weight to its last.
export const kernelExtent = (kernel, dilation) => dilation * (kernel - 1) + 1;

export function convOutputSize(size, kernel, stride = 1, padding = 0, dilation = 1) {
  return Math.floor((size + 2 * padding - kernelExtent(kernel, dilation)) / stride) + 1;
}

export function poolOutputSize(
  size, kernel, stride = kernel, padding = 0, dilation = 1, ceil = false,
) {
  const room = size + 2 * padding - kernelExtent(kernel, dilation);
  const count = (ceil ? Math.ceil : Math.floor)(room / stride) + 1;
  // PyTorch's rule: the last window has to start inside the image or its left padding.
  return ceil && (count - 1) * stride >= size + padding ? count - 1 : count;
}

export function transposedOutputSize(
  size, kernel, stride = 1, padding = 0, outputPadding = 0, dilation = 1,
) {
  return (size - 1) * stride - 2 * padding + kernelExtent(kernel, dilation) + outputPadding;
}

// One value of a convolution. image: C×H×W, kernel: C×kh×kw, both as nested arrays.
// Returns the patch, the products and the sum of each channel, and the total with the bias.
export function convolveAt(image, kernel, row, column, { stride, padding, dilation, bias = 0 }) {
  const [height, width] = [image[0].length, image[0][0].length];
  const rowOf = (i) => row * stride - padding + i * dilation;
  const columnOf = (j) => column * stride - padding + j * dilation;
  const inside = (y, x) => y >= 0 && y < height && x >= 0 && x < width;
  const patch = kernel.map((plane, c) =>
    plane.map((line, i) =>
      line.map((_, j) => (inside(rowOf(i), columnOf(j)) ? image[c][rowOf(i)][columnOf(j)] : 0)),
    ),
  );
  const products = kernel.map((plane, c) =>
    plane.map((line, i) => line.map((weight, j) => weight * patch[c][i][j])),
  );
  const sums = products.map((plane) => plane.flat().reduce((sum, product) => sum + product, 0));
  const total = sums.reduce((all, sum) => all + sum, 0) + bias;
  return { patch, products, sums, total };
}

// Rows and columns of the output; below 1 where the kernel does not fit.
export function convolvedShape(image, kernel, { stride, padding, dilation }) {
  const side = (size, k) => convOutputSize(size, k, stride, padding, dilation);
  return [side(image[0].length, kernel[0].length), side(image[0][0].length, kernel[0][0].length)];
}

export function convolve(image, kernel, settings) {
  const [rows, columns] = convolvedShape(image, kernel, settings);
  return range(rows).map((row) =>
    range(columns).map((column) => convolveAt(image, kernel, row, column, settings).total),
  );
}
