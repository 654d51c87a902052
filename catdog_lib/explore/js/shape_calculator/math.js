// How the windows of a layer lie along one side of its input, and what is written about it.

import {
  convOutputSize, kernelExtent, poolOutputSize, range, transposedOutputSize,
} from "../math.js";

const SHOWN = 12; // windows drawn below the image

// One side of the image. Positions count from the start of the padding.
//   count: windows; step: from window to window; extent: of one window
//   taps: positions in a window that are read
//   length: the padded side; from, to: where the image itself lies in it; out: the output's side
//   skipped: positions that no window reads between windows; lost: those after the last one
export function windowLayout(size, settings) {
  const { operation, kernel, stride, padding, dilation, ceil_mode, output_padding } = settings;
  const side = {
    step: stride,
    extent: kernelExtent(kernel, dilation),
    taps: range(kernel).map((i) => i * dilation),
    from: padding,
  };
  if (operation === "transposed") {
    // The roles change: each value of the input writes a window of the output, and the padding is
    // cut off.
    const out = transposedOutputSize(size, kernel, stride, padding, output_padding, dilation);
    const output = { out, length: out + 2 * padding, to: padding + out };
    return { ...side, ...output, count: size, skipped: [], lost: [] };
  }
  const out =
    operation === "pool"
      ? poolOutputSize(size, kernel, stride, padding, dilation, ceil_mode)
      : convOutputSize(size, kernel, stride, padding, dilation);
  const length = size + 2 * padding;
  const read = new Set(range(out).flatMap((i) => side.taps.map((tap) => i * stride + tap)));
  const end = (out - 1) * stride + side.extent;
  const unread = range(length).filter((at) => !read.has(at));
  return {
    ...side, out, length, count: out, to: padding + size,
    skipped: unread.filter((at) => at < end),
    lost: unread.filter((at) => at >= end),
  };
}

// Why PyTorch would refuse these settings, or an empty text.
export function problem(height, width, settings) {
  const { operation, kernel, stride, padding, dilation, output_padding } = settings;
  const half = Math.floor(kernel / 2);
  if (operation === "pool" && padding > half) {
    return `Max-pooling takes at most half of its kernel as padding: here ${half}.`;
  }
  if (operation === "transposed" && output_padding >= Math.max(stride, dilation)) {
    return "The output padding has to be smaller than the stride or the dilation.";
  }
  const outputs = [height, width].map((size) => windowLayout(size, settings).out);
  if (Math.min(...outputs) >= 1) return "";
  if (operation === "transposed") return "The padding cuts everything away: choose less padding.";
  const padded = Math.min(height, width) + 2 * padding;
  const extent = kernelExtent(kernel, dilation);
  return `The kernel extends over ${extent} and the padded image has only ${padded}: nothing fits.`;
}

// The formula for one side, with its numbers, one step a line.
export function formula(size, settings) {
  const { operation, kernel, stride, padding, dilation, ceil_mode, output_padding } = settings;
  const { out } = windowLayout(size, settings);
  const extent = `${dilation}·(${kernel} − 1)`;
  if (operation === "transposed") {
    const numbers = `(${size} − 1)·${stride} − 2·${padding} + ${extent} + 1 + ${output_padding}`;
    return ["(h − 1)s − 2p + d(k − 1) + 1 + o", `= ${numbers}`, `= ${out}`];
  }
  const [open, close] = operation === "pool" && ceil_mode ? ["⌈", "⌉"] : ["⌊", "⌋"];
  const room = size + 2 * padding - kernelExtent(kernel, dilation);
  const quotient = (open === "⌈" ? Math.ceil : Math.floor)(room / stride);
  const lines = [
    `${open}(h + 2p − d(k − 1) − 1) / s${close} + 1`,
    `= ${open}(${size} + 2·${padding} − ${extent} − 1) / ${stride}${close} + 1`,
    `= ${open}${room} / ${stride}${close} + 1 = ${quotient} + 1 = ${quotient + 1}`,
  ].map((line) => line.replace(/-/g, "−"));
  if (out < quotient + 1) {
    lines.push(`but the last window would start in the padding on the right: ${out}`);
  }
  return lines;
}

// The line to copy. What has its default value is left out.
export function pytorchLine(settings) {
  const { operation, kernel, stride, padding, dilation, ceil_mode, output_padding } = settings;
  const pool = operation === "pool";
  const transposed = operation === "transposed";
  const words = [`kernel_size=${kernel}`];
  if (stride !== (pool ? kernel : 1)) words.push(`stride=${stride}`);
  if (padding) words.push(`padding=${padding}`);
  if (transposed && output_padding) words.push(`output_padding=${output_padding}`);
  if (dilation !== 1) words.push(`dilation=${dilation}`);
  if (pool && ceil_mode) words.push("ceil_mode=True");
  const name = transposed ? "ConvTranspose2d(3, 16, " : pool ? "MaxPool2d(" : "Conv2d(3, 16, ";
  return `nn.${name}${words.join(", ")})`;
}

// What the floor throws away, and what a large stride or dilation jumps over.
export function unreadText(rows, columns) {
  const kinds = [["lost", "never read: no further window fits"], ["skipped", "jumped over"]];
  const parts = [];
  for (const [kind, text] of kinds) {
    const lines = [countText(rows, kind, "row"), countText(columns, kind, "column")];
    const there = lines.filter(Boolean).join(" and ");
    if (there) parts.push(`${there} ${text}`);
  }
  return parts.length ? `${parts.join("; ")}.` : "Every row and column is read.";
}

// Where the window lies, in rows and columns of the image; those of the padding lie outside of it.
export function windowText(rows, columns, row, column) {
  const from = (side, at) => at * side.step - side.from;
  const [top, left] = [from(rows, row), from(columns, column)];
  const text = `The window (${row}, ${column}) covers rows ${top} to ${top + rows.extent - 1} ` +
    `and columns ${left} to ${left + columns.extent - 1}.`;
  return text.replaceAll("-", "−");
}

// "2 columns (1 of them padding)"
function countText(side, kind, noun) {
  const count = side[kind].length;
  if (!count) return "";
  const padding = side[kind].filter((at) => at < side.from || at >= side.to).length;
  const share = padding && (padding === count ? " of padding" : ` (${padding} of them padding)`);
  return `${count} ${noun}${count === 1 ? "" : "s"}${share || ""}`;
}

// Which windows are drawn one below the other: all, or the first and the last ones (−1 stands for
// those between).
export function windowsShown(count) {
  if (count <= SHOWN) return range(count);
  return [...range(SHOWN - 5), -1, ...range(4).map((i) => count - 4 + i)];
}
