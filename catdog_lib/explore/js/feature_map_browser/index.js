// The feature-map browser: a network's layers, a layer's channels, a map's units, and the
// arithmetic of each value.

import { element, liveLine, widgetRoot } from "../dom.js";
import { clamp } from "../math.js";
import { follow, setState } from "../state.js";
import { channelTiles, layerTiles, mapView } from "./maps.js";
import { arithmetic, featureMap, seenSpan, unpackLayer } from "./math.js";
import { photoView } from "./photo.js";
import { productsView } from "./products.js";
import { sentence } from "./text.js";

// What is shown, and what changes it: the unpacked layers, mapAt, read, set, toLayer.
function browserState(model) {
  const layers = model.get("layers").map(unpackLayer);
  const set = (values) => setState(model, values);
  const known = new Map(); // maps are computed when they are first looked at
  function mapAt(number, at, steps) {
    const key = `${number} ${at} ${steps}`;
    if (!known.has(key)) known.set(key, featureMap(layers[number], at, steps));
    return known.get(key);
  }
  // Each −1 of the model stands for a choice that is made here: the first channel, all steps, the
  // place of the largest value.
  function read() {
    const number = clamp(model.get("layer"), 0, layers.length - 1);
    const layer = layers[number];
    const at = Math.max(0, layer.channels.indexOf(model.get("channel")));
    const all = layer.steps.length;
    const steps = model.get("step") < 0 ? all : Math.min(model.get("step"), all);
    const shown = mapAt(number, at, steps);
    const chosen = [model.get("row"), model.get("column")];
    const [row, column] =
      Math.min(...chosen) < 0
        ? shown.place
        : chosen.map((unit, side) => Math.min(unit, layer.size[side] - 1));
    return { number, layer, at, steps, shown, row, column };
  }
  const toLayer = (layer) =>
    set({ layer, channel: -1, row: -1, column: -1, step: -1, source: -1 });
  return { layers, mapAt, read, set, toLayer };
}

function render({ model, el }) {
  const state = browserState(model);
  const layers = layerTiles(state);
  const channels = channelTiles(state);
  const map = mapView(state);
  const photo = photoView(model, state.layers);
  const products = productsView(state, () => model.get("source"));
  const line = liveLine();
  const size = model.get("size");

  function draw() {
    const now = state.read();
    const { number, layer, at, row, column } = now;
    const spans =
      layer.fields && [row, column].map((unit, i) => seenSpan(layer.fields[i], unit, size[i]));
    const found = arithmetic(layer, at, row, column);
    photo.show(spans);
    layers.show(number);
    channels.show(now);
    map.show(now);
    products.show(now, found);
    line.textContent = sentence(layer, at, row, column, found, spans);
  }

  const thirds = (kind, ...blocks) => element("div", { class: `catdog-thirds ${kind}` }, ...blocks);
  const root = widgetRoot("Feature-map browser");
  root.append(
    layers.root,
    thirds("catdog-upper", photo.root, map.root, channels.root),
    thirds("catdog-lower", photo.partRoot, products.inputRoot, products.sumsRoot),
    ...products.parts,
    line,
  );
  el.append(root);
  return follow(model, draw).stop;
}

export default { render };
