// The shape calculator: what a convolution, a max-pooling or a transposed convolution makes of a size, and why.

import { clamp, convOutputSize, poolOutputSize, range, reach, transposedOutputSize } from "./core.js";
import { button, change, choice, drawn, element, follow, frame, movingGrid, numberField } from "./page.js";

const OPERATIONS = { conv: "convolution", pool: "max-pooling", transposed: "transposed convolution" };

// One side of the picture: how the windows lie on it. Positions count from the start of the padding.
//   count: windows; step: from window to window; reach: of one window; taps: positions in a window that are read
//   length: the padded side; from, to: where the picture itself lies in it; out: the output's side
//   skipped: positions that no window reads between windows; lost: those after the last one
export function layOut(size, { operation, kernel, stride, padding, dilation, ceil_mode, output_padding }) {
  const span = reach(kernel, dilation);
  const taps = range(kernel).map((i) => i * dilation);
  if (operation === "transposed") {
    // The roles change: each number of the input writes a window of the output, and the padding is cut off.
    const out = transposedOutputSize(size, kernel, stride, padding, output_padding, dilation);
    const side = { count: size, step: stride, reach: span, taps, length: out + 2 * padding, out };
    return { ...side, from: padding, to: padding + out, skipped: [], lost: [] };
  }
  const out =
    operation === "pool"
      ? poolOutputSize(size, kernel, stride, padding, dilation, ceil_mode)
      : convOutputSize(size, kernel, stride, padding, dilation);
  const length = size + 2 * padding;
  const read = new Set(range(out).flatMap((window) => taps.map((tap) => window * stride + tap)));
  const end = (out - 1) * stride + span;
  const unread = range(length).filter((at) => !read.has(at));
  return {
    count: out, step: stride, reach: span, taps, length, out, from: padding, to: padding + size,
    skipped: unread.filter((at) => at < end),
    lost: unread.filter((at) => at >= end),
  };
}

// Why PyTorch would refuse, or nothing.
export function problem(height, width, settings) {
  const { operation, kernel, stride, padding, dilation, output_padding } = settings;
  if (operation === "pool" && padding > Math.floor(kernel / 2)) {
    return `Max-pooling takes at most half of its kernel as padding: here ${Math.floor(kernel / 2)}.`;
  }
  if (operation === "transposed" && output_padding >= Math.max(stride, dilation)) {
    return "The output padding has to be smaller than the stride or the dilation.";
  }
  if (Math.min(layOut(height, settings).out, layOut(width, settings).out) >= 1) return "";
  if (operation === "transposed") return "The padding cuts everything away: choose less padding.";
  const padded = Math.min(height, width) + 2 * padding;
  return `The kernel reaches over ${reach(kernel, dilation)} and the padded picture has only ${padded}: nothing fits.`;
}

// The formula for one side, with its numbers, one step a line.
export function formula(size, settings) {
  const { operation, kernel, stride, padding, dilation, ceil_mode, output_padding } = settings;
  const { out } = layOut(size, settings);
  if (operation === "transposed") {
    const numbers = `(${size} − 1)·${stride} − 2·${padding} + ${dilation}·(${kernel} − 1) + 1 + ${output_padding}`;
    return ["(h − 1)s − 2p + d(k − 1) + 1 + o", `= ${numbers}`, `= ${out}`];
  }
  const [open, close] = operation === "pool" && ceil_mode ? ["⌈", "⌉"] : ["⌊", "⌋"];
  const room = size + 2 * padding - reach(kernel, dilation);
  const whole = (open === "⌈" ? Math.ceil : Math.floor)(room / stride);
  const lines = [
    `${open}(h + 2p − d(k − 1) − 1) / s${close} + 1`,
    `= ${open}(${size} + 2·${padding} − ${dilation}·(${kernel} − 1) − 1) / ${stride}${close} + 1`,
    `= ${open}${room} / ${stride}${close} + 1 = ${whole} + 1 = ${whole + 1}`,
  ].map((line) => line.replace(/-/g, "−"));
  if (out < whole + 1) lines.push(`but the last window would start in the padding on the right: ${out}`);
  return lines;
}

// The line to copy. What has its default value is left out.
export function pytorchLine({ operation, kernel, stride, padding, dilation, ceil_mode, output_padding }) {
  const words = [`kernel_size=${kernel}`];
  if (stride !== (operation === "pool" ? kernel : 1)) words.push(`stride=${stride}`);
  if (padding) words.push(`padding=${padding}`);
  if (operation === "transposed" && output_padding) words.push(`output_padding=${output_padding}`);
  if (dilation !== 1) words.push(`dilation=${dilation}`);
  if (operation === "pool" && ceil_mode) words.push("ceil_mode=True");
  const name = { conv: "Conv2d(3, 16, ", pool: "MaxPool2d(", transposed: "ConvTranspose2d(3, 16, " }[operation];
  return `nn.${name}${words.join(", ")})`;
}

// What the floor throws away, and what a large stride or dilation jumps over.
export function leftOver(rows, columns) {
  const parts = [];
  for (const [name, words] of [["lost", "never read: no further window fits"], ["skipped", "jumped over"]]) {
    const lines = [counted(rows, name, "row"), counted(columns, name, "column")].filter(Boolean).join(" and ");
    if (lines) parts.push(`${lines} ${words}`);
  }
  return parts.length ? `${parts.join("; ")}.` : "Every row and column is read.";
}

// "2 columns (1 of them padding)"
function counted(side, name, noun) {
  const count = side[name].length;
  if (!count) return "";
  const padding = side[name].filter((at) => at < side.from || at >= side.to).length;
  const share = padding && (padding === count ? " of padding" : ` (${padding} of them padding)`);
  return `${count} ${noun}${count === 1 ? "" : "s"}${share || ""}`;
}

const SHOWN = 12; // windows drawn under the picture

// Which windows are drawn one below the other: all, or the first and the last ones (−1 stands for those between).
export function windowsShown(count) {
  if (count <= SHOWN) return range(count);
  return [...range(SHOWN - 5), -1, ...range(4).map((i) => count - 4 + i)];
}

function render({ model, el }) {
  const NAMES = ["operation", "kernel", "stride", "padding", "dilation", "ceil_mode", "output_padding"];
  const settings = () => Object.fromEntries(NAMES.map((name) => [name, model.get(name)]));
  const set = (values) => change(model, values);

  const operation = choice("layer", Object.entries(OPERATIONS), (value) => set({ operation: value }));
  const fields = {
    height: numberField("height", 1, 256, (height) => set({ height })),
    width: numberField("width", 1, 256, (width) => set({ width })),
    kernel: numberField("kernel k", 1, 11, (kernel) => set({ kernel })),
    stride: numberField("stride s", 1, 8, (stride) => set({ stride })),
    padding: numberField("padding p", 0, 8, (padding) => set({ padding })),
    dilation: numberField("dilation d", 1, 6, (dilation) => set({ dilation })),
    output_padding: numberField("output padding o", 0, 5, (output_padding) => set({ output_padding })),
  };
  const rounding = element("input", { type: "checkbox" });
  rounding.addEventListener("change", () => set({ ceil_mode: rounding.checked }));
  const roundingLabel = element("label", { class: "catdog-check" }, rounding, " ceil_mode");

  const walk = movingGrid("Windows", (row, column) => set({ row, column }));
  const walkWords = element("div", { class: "catdog-caption" });
  const board = drawn("svg", { class: "catdog-grid", role: "img" });
  const boardWords = element("div", { class: "catdog-caption" });
  const formulas = element("div", { class: "catdog-formulas" });
  const line = element("p", { class: "catdog-line catdog-said", "aria-live": "polite" });
  const code = element("code", { class: "catdog-code" });
  const key = element("div", { class: "catdog-key" });
  const copied = element("span", { class: "catdog-caption", "aria-live": "polite" });
  const copy = button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      copied.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(code); // no clipboard on a page from the disk
      copied.textContent = "marked: copy it with Ctrl+C";
    }
  });

  // Only what is there to be seen.
  function showKey(rows, columns, transposed) {
    const [inner, padding, read] = transposed
      ? ["output", "cut off", "written by this number"]
      : ["picture", "padding", "read by this window"];
    const words = { "catdog-inner": inner, "catdog-read": read };
    if (columns.from || rows.from) words["catdog-padding"] = padding;
    if (rows.lost.length + columns.lost.length) words["catdog-lost"] = "never read";
    if (rows.skipped.length + columns.skipped.length) words["catdog-skipped"] = "jumped over";
    key.replaceChildren(
      ...Object.entries(words).map(([kind, text]) => {
        const swatch = drawn("svg", { viewBox: "0 0 1 1", "aria-hidden": "true" }, rectangle(0, 0, 1, 1, kind));
        return element("span", {}, swatch, ` ${text}`);
      }),
    );
  }

  // The pointer on the picture takes the window under it.
  let onBoard = () => {};
  const point = (event) => {
    const box = board.getBoundingClientRect();
    const scale = board.viewBox.baseVal.width / box.width;
    onBoard((event.clientX - box.left) * scale, (event.clientY - box.top) * scale);
  };
  board.addEventListener("pointerdown", point);
  board.addEventListener("pointermove", (event) => event.pointerType !== "touch" && point(event));

  function draw() {
    const now = settings();
    const [height, width] = [model.get("height"), model.get("width")];
    for (const [name, field] of Object.entries(fields)) field.show(model.get(name));
    operation.select.value = now.operation;
    rounding.checked = now.ceil_mode;
    roundingLabel.hidden = now.operation !== "pool";
    fields.output_padding.root.hidden = now.operation !== "transposed";
    code.textContent = pytorchLine(now);
    copied.textContent = "";
    const wrong = problem(height, width, now);
    for (const part of [walk.svg, board]) part.toggleAttribute("hidden", Boolean(wrong));
    if (wrong) {
      walkWords.textContent = boardWords.textContent = "";
      formulas.replaceChildren();
      line.textContent = wrong;
      return;
    }
    const [rows, columns] = [layOut(height, now), layOut(width, now)];
    const row = clamp(model.get("row"), 0, rows.count - 1);
    const column = clamp(model.get("column"), 0, columns.count - 1);
    showWalk(rows, columns, row, column, now.operation);
    showBoard(rows, columns, row, column, now.operation);
    showKey(rows, columns, now.operation === "transposed");
    const under = (at, side) => clamp(Math.round((at - side.reach / 2) / side.step), 0, side.count - 1);
    onBoard = (x, y) => y < rows.length && set({ row: under(y, rows), column: under(x, columns) });
    const sides = height === width ? [["each side", height]] : [["height", height], ["width", width]];
    formulas.replaceChildren(...sides.map(([name, size]) => written(name, size, formula(size, now))));
    const left = now.operation === "transposed" ? "" : ` ${leftOver(rows, columns)}`;
    line.textContent = `${height}×${width} becomes ${rows.out}×${columns.out}.${left}`;
  }

  const written = (name, size, lines) =>
    element("p", { class: "catdog-formula" }, `${name}, h = ${size}`, element("br"), ...lines.flatMap((one) => [one, element("br")]));

  let walkKey = "";
  function showWalk(rows, columns, row, column, kind) {
    const name = kind === "transposed" ? "input" : "output";
    walkWords.textContent = `${name} ${rows.count}×${columns.count}`;
    const small = Math.max(rows.count, columns.count) <= 32;
    walk.svg.toggleAttribute("hidden", !small);
    if (!small) walkWords.textContent += " (too many to draw)";
    const key = `${rows.count} ${columns.count}`;
    if (small && key !== walkKey) {
      walkKey = key;
      walk.show(rows.count, columns.count, () => ({ colour: "", ink: "", kind: "catdog-plain" }));
    }
    walk.place(row, column);
  }

  // The padded picture with one window on it; below, the windows along a row, one under the other.
  function showBoard(rows, columns, row, column, kind) {
    const [last, lastDown] = [columns, rows].map((side) =>
      Math.max(side.length, (side.count - (side.lost.length ? 0 : 1)) * side.step + side.reach),
    );
    const shown = windowsShown(columns.count);
    if (columns.lost.length) shown.push(columns.count); // the one that does not fit
    const bar = clamp(last / 24, 0.5, 8); // so that bars stay visible under a large picture
    const parts = [rectangle(0, 0, columns.length, rows.length, "catdog-padding")];
    parts.push(rectangle(columns.from, rows.from, columns.to - columns.from, rows.to - rows.from, "catdog-inner"));
    for (const name of ["skipped", "lost"]) {
      for (const at of rows[name]) parts.push(rectangle(0, at, columns.length, 1, `catdog-${name}`));
      for (const at of columns[name]) parts.push(rectangle(at, 0, 1, rows.length, `catdog-${name}`));
    }
    if (Math.max(last, lastDown) <= 64) parts.push(lines(columns.length, rows.length));
    const [x, y] = [column * columns.step, row * rows.step];
    for (const i of rows.taps) for (const j of columns.taps) parts.push(rectangle(x + j, y + i, 1, 1, "catdog-read"));
    parts.push(rectangle(x, y, columns.reach, rows.reach, "catdog-window"));
    shown.forEach((window, i) => {
      const top = lastDown + (i + 1) * 1.35 * bar;
      if (window < 0) {
        const dots = drawn("text", { x: last / 2, y: top + 0.7 * bar, class: "catdog-dotted" }, "⋯");
        dots.style.fontSize = `${bar}px`;
        parts.push(dots);
        return;
      }
      const start = window * columns.step;
      const role = { [column]: "catdog-here", [columns.count]: "catdog-unfit" }[window] ?? "";
      parts.push(rectangle(start, top, columns.reach, bar, `catdog-bar ${role}`));
      for (const tap of columns.taps) {
        parts.push(rectangle(start + tap + 0.2, top + 0.25 * bar, 0.6, 0.5 * bar, "catdog-tapped"));
      }
    });
    board.replaceChildren(...parts);
    const bottom = lastDown + (shown.length + 1) * 1.35 * bar;
    board.setAttribute("viewBox", `-0.2 -0.2 ${last + 0.4} ${bottom + 0.2}`);
    board.style.maxWidth = `${Math.min(460, 34 * last)}px`;
    const what = kind === "transposed" ? "output, with what is cut off" : "padded input";
    boardWords.textContent = `${what} ${rows.length}×${columns.length}; below, the windows along a row`;
    const words = `${boardWords.textContent}. ${columns.count} windows, ${columns.step} apart, ${columns.reach} wide`;
    board.setAttribute("aria-label", words);
  }

  const rectangle = (x, y, width, height, kind) => drawn("rect", { x, y, width, height, class: kind });
  const lines = (width, height) =>
    drawn("path", {
      class: "catdog-lines",
      d: [
        ...range(width + 1).map((x) => `M${x} 0V${height}`),
        ...range(height + 1).map((y) => `M0 ${y}H${width}`),
      ].join(""),
    });

  const root = frame("Shape calculator");
  const controls = element("div", { class: "catdog-fields" }, operation.root);
  controls.append(...Object.values(fields).map((field) => field.root), roundingLabel);
  const grids = element(
    "div",
    { class: "catdog-grids" },
    element("div", {}, boardWords, board, key),
    element("div", {}, formulas, walkWords, walk.svg),
  );
  root.append(controls, grids, line, element("div", { class: "catdog-row catdog-copy" }, code, copy, copied));
  el.append(root);
  return follow(model, draw).stop;
}

export default { render };
