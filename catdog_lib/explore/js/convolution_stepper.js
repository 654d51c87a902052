// The convolution stepper: walk over the output and see the patch, the kernel, the products and their sum.

import {
  brief, clamp, convolve, convolveAt, convolvedShape, css, diverging, format, formatWeight, grey, inkOn, parseWeight, range,
} from "./core.js";
import { cell, change, choice, drawn, element, follow, frame, movingGrid, numberField, player, resize } from "./page.js";

const CHANNELS = ["red", "green", "blue"];

// "12·0 + 34·(−1) + …": the products of one channel, those with weight 0 left out.
export function terms(patch, kernel) {
  const signed = (value) => (value < 0 ? `(${formatWeight(value)})` : formatWeight(value));
  const pairs = kernel.flatMap((line, i) => line.map((weight, j) => [patch[i][j], weight]));
  const shown = pairs.filter(([, weight]) => weight !== 0).map(([value, w]) => `${format(value)}·${signed(w)}`);
  return shown.length ? shown.join(" + ") : "0";
}

// The sentence under the pictures, which a screen reader reads out at each step.
export function sentence(row, column, kernel, { patch, sums, total }, bias) {
  const signed = (value) => (value < 0 ? `(${format(value)})` : format(value));
  const plus = bias === 0 ? "" : ` + bias ${signed(bias)}`;
  const body =
    kernel.length === 1
      ? terms(patch[0], kernel[0])
      : sums.map((sum, c) => `${CHANNELS[c]} ${signed(sum)}`).join(" + ");
  return `Output row ${row}, column ${column}: ${body}${plus} = ${format(total)}`;
}

function render({ model, el }) {
  const picture = model.get("picture");
  const colour = picture.length === 3;
  const [height, width] = [picture[0].length, picture[0][0].length];
  const values = picture.flat(2);
  const low = Math.min(0, ...values);
  const high = Math.max(...values) > 1 ? Math.max(255, ...values) : 1;
  const share = (value) => (value - low) / (high - low);

  const settings = () =>
    Object.fromEntries(["stride", "padding", "dilation", "bias"].map((name) => [name, model.get(name)]));
  const place = (rows, columns) => [
    clamp(model.get("row"), 0, rows - 1),
    clamp(model.get("column"), 0, columns - 1),
  ];
  // The window stays on the output when that gets smaller.
  const set = (values) => {
    const next = { kernel: model.get("kernel"), ...settings(), ...values };
    const [row, column] = place(...convolvedShape(picture, next.kernel, next));
    change(model, { ...values, row: Math.max(0, row), column: Math.max(0, column) });
  };
  const move = (row, column) => change(model, { row, column });
  const byHand = (row, column) => {
    pause();
    move(row, column);
  };

  // --- controls
  const line = element("p", { class: "catdog-line catdog-said", "aria-live": "polite" });
  const { toggle, pause } = player(line, 450, () => {
    const [rows, columns] = convolvedShape(picture, model.get("kernel"), settings());
    const [row, column] = place(rows, columns);
    const next = (row * columns + column + 1) % (rows * columns);
    if (rows > 0 && columns > 0) move(Math.floor(next / columns), next % columns);
    view.now();
  });
  const presets = model.get("presets");
  const names = Object.keys(presets);
  const preset = choice("kernel", [["", "your own"], ...names.map((name) => [name, name])], (name) => {
    if (name) set({ kernel: picture.map(() => presets[name]) });
  });
  const fields = {
    stride: numberField("stride", 1, 4, (stride) => set({ stride })),
    padding: numberField("padding", 0, 4, (padding) => set({ padding })),
    dilation: numberField("dilation", 1, 4, (dilation) => set({ dilation })),
  };

  // --- pictures
  const input = drawn("svg", { class: "catdog-grid", role: "img" });
  const output = movingGrid("Output", byHand);
  output.svg.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    toggle.click();
  });
  const inputWords = element("div", { class: "catdog-caption" });
  const outputWords = element("div", { class: "catdog-caption" });
  const sums = element("div", { class: "catdog-sums" });

  let inputCells = [];
  let drawnPadding = -1;
  const box = drawn("rect", { class: "catdog-mark" });

  function shapeInput(padding) {
    if (padding === drawnPadding) return;
    drawnPadding = padding;
    inputCells = range(height + 2 * padding).map((r) => range(width + 2 * padding).map((c) => cell(r, c)));
    inputCells.forEach((cells, r) =>
      cells.forEach((one, c) => one.show(inputPaint(r - padding, c - padding))),
    );
    input.replaceChildren(...inputCells.flat().map((one) => one.root), box);
    resize(input, height + 2 * padding, width + 2 * padding);
  }

  function inputPaint(r, c) {
    if (r < 0 || c < 0 || r >= height || c >= width) return { colour: "", ink: "", text: "0", kind: "catdog-padding" };
    const paint = colour ? picture.map((plane) => 255 * share(plane[r][c])) : grey(share(picture[0][r][c]));
    const text = colour ? "" : brief(picture[0][r][c]);
    return { colour: css(paint.map(Math.round)), ink: inkOn(paint), text };
  }

  // --- one row of patch, kernel, products for each channel
  let kernelInputs = [];
  let sumRows = [];
  let drawnShape = "";
  function shapeSums(kernel) {
    const shape = kernel.map((plane) => `${plane.length}×${plane[0].length}`).join();
    if (shape === drawnShape) return;
    drawnShape = shape;
    sumRows = kernel.map((plane, c) => sumRow(plane.length, plane[0].length, c));
    kernelInputs = sumRows.map((row) => row.inputs);
    sums.replaceChildren(...sumRows.map((row) => row.root));
  }

  function sumRow(rows, columns, c) {
    const table = (name, make) => {
      const cells = range(rows).map((i) => range(columns).map((j) => make(i, j)));
      const grid = element("div", { class: "catdog-table" }, ...cells.flat());
      grid.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
      grid.style.maxWidth = `${46 * columns}px`;
      return { cells, root: element("div", { class: "catdog-named" }, element("span", {}, name), grid) };
    };
    const plain = () => element("span", { class: "catdog-value" });
    const patch = table(colour ? `${CHANNELS[c]} patch` : "patch", plain);
    const weights = table("kernel", (i, j) => weightInput(c, i, j));
    const products = table("products", plain);
    const sum = element("span", { class: "catdog-sum" });
    const sign = (text) => element("span", { class: "catdog-sign", "aria-hidden": "true" }, text);
    patch.root.setAttribute("aria-hidden", "true");
    products.root.setAttribute("aria-hidden", "true");
    const root = element("div", { class: "catdog-sumrow" });
    root.append(patch.root, sign("×"), weights.root, sign("="), products.root, sum);
    return { root, patch: patch.cells, inputs: weights.cells, products: products.cells, sum };
  }

  function weightInput(c, i, j) {
    const where = `row ${i}, column ${j}${colour ? `, ${CHANNELS[c]}` : ""}`;
    const input = element("input", { class: "catdog-value", "aria-label": `kernel ${where}`, autocomplete: "off" });
    input.addEventListener("input", () => {
      const weight = parseWeight(input.value);
      input.toggleAttribute("aria-invalid", Number.isNaN(weight));
      if (Number.isNaN(weight)) return;
      const kernel = structuredClone(model.get("kernel"));
      kernel[c][i][j] = weight;
      set({ kernel });
    });
    input.addEventListener("focus", () => input.select());
    input.addEventListener("blur", () => {
      input.removeAttribute("aria-invalid");
      input.value = formatWeight(model.get("kernel")[c][i][j]);
    });
    input.addEventListener("keydown", (event) => {
      const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0] };
      const step = steps[event.key];
      const next = step && kernelInputs[c][i + step[0]]?.[j];
      if (next) next.focus();
      if (step) event.preventDefault();
    });
    return input;
  }

  const tint = (node, rgb, text) => {
    node.style.background = css(rgb);
    node.style.color = inkOn(rgb);
    if (node.tagName === "INPUT") {
      if (document.activeElement !== node) node.value = text;
    } else node.textContent = text;
  };

  function draw() {
    const kernel = model.get("kernel");
    const now = settings();
    const [rows, columns] = convolvedShape(picture, kernel, now);
    for (const [name, field] of Object.entries(fields)) field.show(now[name]);
    const same = (name) => kernel.every((plane) => String(plane) === String(presets[name]));
    preset.select.value = names.find(same) ?? "";
    shapeInput(now.padding);
    shapeSums(kernel);
    const fits = rows > 0 && columns > 0;
    output.svg.toggleAttribute("hidden", !fits);
    box.toggleAttribute("hidden", !fits);
    inputWords.textContent = `input ${height}×${width}${now.padding ? `, padding ${now.padding}` : ""}`;
    if (!fits) {
      outputWords.textContent = "";
      line.textContent = "The kernel is larger than the padded picture: choose less dilation or more padding.";
      return;
    }
    const [row, column] = place(rows, columns);
    const found = convolveAt(picture, kernel, row, column, now);
    showOutput(kernel, now, rows, columns);
    output.place(row, column);
    outputWords.textContent = `output ${rows}×${columns}`;
    line.textContent = sentence(row, column, kernel, found, now.bias);
    input.setAttribute("aria-label", `Input, ${height} rows and ${width} columns, with the window on it`);
    showWindow(kernel[0], now, row, column);
    showSums(kernel, found);
  }

  let outputKey = "";
  function showOutput(kernel, now, rows, columns) {
    const key = JSON.stringify([kernel, now]);
    if (key === outputKey) return; // only the window moved
    outputKey = key;
    const result = convolve(picture, kernel, now);
    const all = result.flat();
    const top = Math.max(1e-9, ...all.map(Math.abs));
    const signed = Math.min(...all) < 0;
    output.show(rows, columns, (r, c) => {
      const rgb = signed ? diverging((0.85 * result[r][c]) / top) : grey(result[r][c] / top);
      return { colour: css(rgb), ink: inkOn(rgb), text: brief(result[r][c]) };
    });
  }

  let taps = [];
  function showWindow(plane, { stride, dilation }, row, column) {
    for (const one of taps) one.root.classList.remove("catdog-tap");
    taps = plane.flatMap((line, i) =>
      line.map((_, j) => inputCells[row * stride + i * dilation][column * stride + j * dilation]),
    );
    for (const one of taps) one.root.classList.add("catdog-tap");
    const side = (count) => 30 * (dilation * (count - 1) + 1) - 2;
    box.setAttribute("x", 30 * column * stride + 1);
    box.setAttribute("y", 30 * row * stride + 1);
    box.setAttribute("width", side(plane[0].length));
    box.setAttribute("height", side(plane.length));
  }

  function showSums(kernel, { patch, products, sums: channelSums }) {
    const heaviest = Math.max(1e-9, ...kernel.flat(2).map(Math.abs));
    const largest = heaviest * Math.max(Math.abs(low), high);
    sumRows.forEach((row, c) => {
      row.patch.forEach((cells, i) =>
        cells.forEach((node, j) => {
          tint(node, grey(share(patch[c][i][j])), format(patch[c][i][j]));
          tint(row.inputs[i][j], diverging((0.6 * kernel[c][i][j]) / heaviest), formatWeight(kernel[c][i][j]));
          tint(row.products[i][j], diverging((0.85 * products[c][i][j]) / largest), format(products[c][i][j]));
        }),
      );
      row.sum.textContent = `Σ ${format(channelSums[c])}`;
    });
  }

  const root = frame("Convolution stepper");
  const controls = element("div", { class: "catdog-fields" }, preset.root);
  controls.append(...Object.values(fields).map((field) => field.root), toggle);
  const grids = element(
    "div",
    { class: "catdog-grids" },
    element("div", {}, inputWords, input),
    element("div", {}, outputWords, output.svg),
  );
  root.append(controls, grids, sums, line);
  el.append(root);
  const view = follow(model, draw);
  return () => {
    pause();
    view.stop();
  };
}

export default { render };
