// The receptive-field viewer: a stack of layers to build, and what a unit sees in every layer below
// it.

import { button, element, liveLine, widgetRoot } from "../dom.js";
import { integerField } from "../fields.js";
import { clamp } from "../math.js";
import { arrowKeys, handleKeys } from "../pointer.js";
import { follow, setState } from "../state.js";
import { layerTable } from "./layer_table.js";
import { mapStack } from "./map_stack.js";
import { mapSizes } from "./math.js";
import { viewerSentence } from "./text.js";

const NEW_LAYERS = {
  conv: { kind: "conv", kernel: 3, stride: 1, padding: 1, dilation: 1 },
  pool: { kind: "pool", kernel: 2, stride: 2, padding: 0, dilation: 1 },
};
const MOST_LAYERS = 24;
const MIDDLE = { row: -1, column: -1 };
const TOP = { layer: -1, ...MIDDLE };

// What is drawn: the layers that still fit, and one unit in one of their maps (0 is the photo).
function viewerState(model) {
  const sizes = mapSizes(model.get("size"), model.get("layers"));
  const top = sizes.length - 1;
  const layer = model.get("layer") < 1 ? top : clamp(model.get("layer"), 0, top);
  const last = sizes[layer] - 1;
  const [row, column] = ["row", "column"]
    .map((name) => model.get(name))
    .map((at) => (at < 0 ? Math.floor(last / 2) : clamp(at, 0, last)));
  return { sizes, layer, row, column };
}

function viewerKeys(stack, model) {
  const set = (values) => setState(model, values);
  const move = (down, right) => {
    const { sizes, layer, row, column } = viewerState(model);
    const last = sizes[layer] - 1;
    set({ layer, row: clamp(row + down, 0, last), column: clamp(column + right, 0, last) });
  };
  const changeLayer = (by) => {
    const { sizes, layer } = viewerState(model);
    set({ layer: clamp(layer + by, 1, sizes.length - 1), ...MIDDLE });
  };
  const handlers = {
    ...arrowKeys(move),
    PageUp: () => changeLayer(1),
    PageDown: () => changeLayer(-1),
  };
  const ifLayers = (handler) => () => (viewerState(model).layer ? handler() : false);
  handleKeys(
    stack,
    Object.fromEntries(Object.entries(handlers).map(([key, handler]) => [key, ifLayers(handler)])),
  );
}

function render({ model, el }) {
  const set = (values) => setState(model, values);
  const layers = () => model.get("layers");
  const edit = (i, values) =>
    set({ layers: layers().map((layer, j) => (i === j ? { ...layer, ...values } : layer)) });
  const full = () => layers().length >= MOST_LAYERS;
  const add = (kind) => {
    if (full()) return;
    set({ layers: [...layers(), { ...NEW_LAYERS[kind], name: "" }], ...TOP });
  };
  const remove = (i) => {
    set({ layers: layers().filter((_, j) => j !== i), ...TOP });
    adders[0].focus();
  };

  const size = integerField("photo's side", 8, 256, (side) => set({ size: side, ...MIDDLE }));
  const adders = [
    button("+ convolution", () => add("conv")),
    button("+ pooling", () => add("pool")),
  ];
  const controls = element("div", { class: "catdog-fields" }, size.root, ...adders);
  const table = layerTable(edit, remove);
  const stack = mapStack(model.get("photo"), (layer, row, column) => set({ layer, row, column }));
  viewerKeys(stack.root, model);
  const line = liveLine();

  function draw() {
    const state = viewerState(model);
    size.show(model.get("size"));
    for (const adder of adders) adder.setAttribute("aria-disabled", String(full()));
    table.show(layers(), state.sizes, state.layer);
    const [rows, columns] = stack.show(layers(), state, model.get("maps"));
    line.textContent = viewerSentence(layers(), state, rows, columns);
  }

  const root = widgetRoot("Receptive-field viewer");
  root.append(stack.root, line, controls, table.root);
  el.append(root);
  return follow(model, draw).stop;
}

export default { render };
