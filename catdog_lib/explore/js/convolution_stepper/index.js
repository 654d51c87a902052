// The convolution stepper: walk over the output and see the patch, the kernel, the products and
// their sum.

import { element, liveLine, widgetRoot } from "../dom.js";
import { integerField, player, selectField } from "../fields.js";
import { clamp, convolveAt, convolvedShape } from "../math.js";
import { follow, getState, setState } from "../state.js";
import { inputGrid, outputGrid } from "./grids.js";
import { sumTable } from "./sums.js";
import { sentence } from "./text.js";

const SETTINGS = ["stride", "padding", "dilation", "bias"];

// The window on the output, and what moves it.
function stepperState(model) {
  const image = model.get("image");
  const read = () => ({ kernel: model.get("kernel"), ...getState(model, SETTINGS) });
  const place = (rows, columns) => [
    clamp(model.get("row"), 0, rows - 1),
    clamp(model.get("column"), 0, columns - 1),
  ];
  const move = (row, column) => setState(model, { row, column });
  return {
    read,
    place,
    move,
    // The window stays on the output when that gets smaller.
    set(values) {
      const next = { ...read(), ...values };
      const [row, column] = place(...convolvedShape(image, next.kernel, next));
      setState(model, { ...values, row: Math.max(0, row), column: Math.max(0, column) });
    },
    // To the next position, row by row; after the last one to the first.
    advance() {
      const { kernel, ...settings } = read();
      const [rows, columns] = convolvedShape(image, kernel, settings);
      const [row, column] = place(rows, columns);
      const next = (row * columns + column + 1) % (rows * columns);
      if (rows > 0 && columns > 0) move(Math.floor(next / columns), next % columns);
    },
  };
}

function stepperControls(model, { set }, toggle) {
  const presets = model.get("presets");
  const channels = model.get("image");
  const names = Object.keys(presets);
  const options = [["", "your own"], ...names.map((name) => [name, name])];
  const preset = selectField("kernel", options, (name) => {
    if (name) set({ kernel: channels.map(() => presets[name]) });
  });
  const fields = {
    stride: integerField("stride", 1, 4, (stride) => set({ stride })),
    padding: integerField("padding", 0, 4, (padding) => set({ padding })),
    dilation: integerField("dilation", 1, 4, (dilation) => set({ dilation })),
  };
  const root = element("div", { class: "catdog-fields" }, preset.root);
  root.append(...Object.values(fields).map((field) => field.root), toggle);
  return {
    root,
    show(kernel, settings) {
      for (const [name, field] of Object.entries(fields)) field.show(settings[name]);
      const same = (name) => kernel.every((plane) => String(plane) === String(presets[name]));
      preset.select.value = names.find(same) ?? "";
    },
  };
}

function render({ model, el }) {
  const image = model.get("image");
  const state = stepperState(model);
  const line = liveLine();
  const { toggle, pause } = player(line, 450, () => {
    state.advance();
    view.now();
  });
  const controls = stepperControls(model, state, toggle);
  const input = inputGrid(image);
  const moveByHand = (row, column) => {
    pause();
    state.move(row, column);
  };
  const output = outputGrid(image, moveByHand, () => toggle.click());
  const sums = sumTable(image, () => model.get("kernel"), (kernel) => state.set({ kernel }));

  function draw() {
    const { kernel, ...settings } = state.read();
    const [rows, columns] = convolvedShape(image, kernel, settings);
    const fits = rows > 0 && columns > 0;
    controls.show(kernel, settings);
    input.showPadding(settings.padding);
    sums.resize(kernel);
    output.hide(!fits);
    input.hideWindow(!fits);
    sums.root.hidden = !fits;
    if (!fits) {
      line.textContent =
        "The kernel is larger than the padded image: choose less dilation or more padding.";
      return;
    }
    const [row, column] = state.place(rows, columns);
    const step = convolveAt(image, kernel, row, column, settings);
    output.show(kernel, settings, rows, columns);
    output.place(row, column);
    line.textContent = sentence(row, column, kernel, step, settings.bias);
    input.showWindow(kernel[0], settings, row, column);
    sums.show(kernel, step);
  }

  const root = widgetRoot("Convolution stepper");
  const grids = element("div", { class: "catdog-grids" }, input.root, output.root);
  root.append(controls.root, grids, sums.root, line);
  el.append(root);
  const view = follow(model, draw);
  return () => {
    pause();
    view.stop();
  };
}

export default { render };
