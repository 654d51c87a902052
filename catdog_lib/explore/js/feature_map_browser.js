// The feature-map browser: a network's layers, a layer's channels, a map's pixels, and the arithmetic of each number.

import { clamp, inkOn, range } from "./core.js";
import {
  arithmetic, bytesOf, figures, formulas, mapOf, opened, planeOf, seenWords, sentence, small, sourcesOf, span,
} from "./feature_maps.js";
import { change, choice, drawn, element, follow, frame, sliderField } from "./page.js";
import { colourOf, heatColour, imageOf, numberTable, tiles } from "./tiles.js";

const OPACITIES = range(21).map((i) => i / 20);
const COLOURS = ["red", "green", "blue"];
const [WIDE, HIGH] = [300, 120]; // the chart of the sums
const MOST_ROWS = 3; // of patch × filter = products: all of so few input channels, else one of them

// A picture in an SVG of its own size, with a frame on it.
function framed(attributes = {}) {
  const image = drawn("image", { preserveAspectRatio: "none", class: "catdog-exact" });
  const box = drawn("rect", { class: "catdog-window" });
  const svg = drawn("svg", { class: "catdog-grid catdog-ground", ...attributes }, image, box);
  return {
    svg,
    image,
    frame(x, y, width, height) {
      for (const [name, value] of Object.entries({ x, y, width, height })) box.setAttribute(name, Math.max(0, value));
    },
    show([rows, columns], href) {
      svg.setAttribute("viewBox", `0 0 ${columns} ${rows}`);
      for (const [name, value] of Object.entries({ href, width: columns, height: rows })) image.setAttribute(name, value);
    },
  };
}

function render({ model, el }) {
  const layers = model.get("layers").map(opened);
  const [classes, probabilities] = [model.get("classes"), model.get("probabilities")];
  const photoSize = model.get("size");
  const set = (values) => change(model, values);

  // Maps are computed when they are first looked at.
  const known = new Map();
  function map(layer, at, steps) {
    const key = `${layer} ${at} ${steps}`;
    if (!known.has(key)) known.set(key, mapOf(layers[layer], at, steps));
    return known.get(key);
  }
  // What is shown: each −1 of the state stands for a place that it gives.
  function state() {
    const number = clamp(model.get("layer"), 0, layers.length - 1);
    const layer = layers[number];
    const at = Math.max(0, layer.channels.indexOf(model.get("channel")));
    const most = layer.steps.length;
    const steps = model.get("step") < 0 ? most : Math.min(model.get("step"), most);
    const shown = map(number, at, steps);
    const [row, column] = [model.get("row"), model.get("column")];
    const [rows, columns] = layer.size;
    const place = Math.min(row, column) < 0 ? shown.place : [Math.min(row, rows - 1), Math.min(column, columns - 1)];
    return { number, layer, at, steps, shown, row: place[0], column: place[1] };
  }
  const toLayer = (layer) => set({ layer, channel: -1, row: -1, column: -1, step: -1, source: -1 });

  // --- controls
  const layerTiles = tiles("layer", toLayer);
  const channelTiles = tiles("channel", (i) => set({ channel: state().layer.channels[i], source: -1 }));
  const channelWords = element("div", { class: "catdog-caption" });
  const step = choice("map after", [], (value) => set({ step: Number(value) }));
  const percent = (i) => `${classes[i]} ${(100 * probabilities[i]).toFixed(1)} %`;
  const target = choice("heat for", classes.map((_, i) => [i, percent(i)]), (value) => set({ target: Number(value) }));
  const heats = [model.get("last_heat"), ...layers.map((layer) => layer.heat)];
  const heatLayer = choice("heat at", heats.map(({ title }, i) => [i - 1, title]), (value) => set({ heat_layer: Number(value) }));
  const opacity = sliderField("opacity", OPACITIES, (value) => set({ opacity: value }));
  const source = choice("input channel", [], (value) => set({ source: Number(value) }));

  // --- the photo and what the unit saw of it
  const photo = framed({ role: "img" });
  photo.show(photoSize, model.get("photo"));
  const heat = drawn("image", { preserveAspectRatio: "none", width: photoSize[1], height: photoSize[0] });
  photo.image.after(heat);
  const photoWords = element("div", { class: "catdog-caption" });
  const part = framed({ role: "img" });
  part.show(photoSize, model.get("photo"));
  const partWords = element("div", { class: "catdog-caption" });

  let heatKey = "";
  function showPhoto(spans) {
    const likeliest = probabilities.indexOf(Math.max(...probabilities));
    const chosen = model.get("target") < 0 ? likeliest : model.get("target");
    const at = clamp(model.get("heat_layer"), -1, layers.length - 1);
    target.select.value = chosen;
    heatLayer.select.value = at;
    opacity.show(model.get("opacity"));
    heat.setAttribute("opacity", model.get("opacity"));
    if (heatKey !== `${at} ${chosen}`) {
      heatKey = `${at} ${chosen}`;
      const { size, shares } = heats[at + 1];
      heat.setAttribute("href", imageOf(size, bytesOf(shares[chosen]), (byte) => heatColour(byte / 255)));
    }
    photoWords.textContent = `Photo, Grad-CAM for “${classes[chosen]}” over it; the frame is what the unit saw.`;
    photo.svg.setAttribute("aria-label", `${photoWords.textContent} ${seenWords(spans)}`);
    const [[top, bottom], [left, right]] = spans ?? [[0, -1], [0, -1]];
    const [high, wide] = [bottom - top + 1, right - left + 1];
    photo.frame(left, top, wide, high);
    const nothing = high < 1 || wide < 1;
    part.svg.toggleAttribute("hidden", nothing);
    if (!nothing) part.svg.setAttribute("viewBox", `${left} ${top} ${wide} ${high}`);
    partWords.textContent = nothing ? seenWords(spans) : `What it saw: ${high}×${wide} pixels of the photo.`;
    part.svg.setAttribute("aria-label", partWords.textContent);
  }

  // --- the map
  const big = framed({ class: "catdog-grid catdog-ground catdog-moving", tabindex: 0, role: "application" });
  const bigWords = element("div", { class: "catdog-caption" });
  const move = (row, column) => {
    const [rows, columns] = state().layer.size;
    set({ row: clamp(row, 0, rows - 1), column: clamp(column, 0, columns - 1) });
  };
  const point = (event) => {
    const box = big.svg.getBoundingClientRect();
    const [rows, columns] = state().layer.size;
    move(
      Math.floor(((event.clientY - box.top) / box.height) * rows),
      Math.floor(((event.clientX - box.left) / box.width) * columns),
    );
  };
  big.svg.addEventListener("pointerdown", point);
  big.svg.addEventListener("pointermove", (event) => event.buttons && event.pointerType !== "touch" && point(event));
  big.svg.addEventListener("keydown", (event) => {
    const { number, row, column } = state();
    const ways = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const way = ways[event.key];
    if (way) move(row + way[0], column + way[1]);
    else if (event.key === "Home") set({ row: -1, column: -1 });
    else if (event.key === "PageUp" && number < layers.length - 1) toLayer(number + 1);
    else if (event.key === "PageDown" && number > 0) toLayer(number - 1);
    else if (!event.key.startsWith("Page")) return;
    event.preventDefault();
  });

  let tilesKey = "";
  let mapKey = "";
  function showMaps({ number, layer, at, steps, shown, row, column }) {
    if (tilesKey !== `${number} ${steps}`) {
      tilesKey = `${number} ${steps}`;
      channelTiles.fill(
        layer.channels.map((channel, i) => {
          const one = map(number, i, steps);
          return { words: channel, name: `channel ${channel}`, size: layer.size, values: one.values, colour: colourOf(one) };
        }),
      );
      const [few, all] = [layer.channels.length, layer.all_channels];
      channelWords.textContent = few < all ? `${few} of its ${all} channels.` : `Its ${all} channels.`;
      const names = ["convolution", ...layer.steps.map(({ name }) => name)];
      step.select.replaceChildren(...names.map((name, i) => element("option", { value: i }, name)));
    }
    layerTiles.show(number);
    channelTiles.show(at);
    step.select.value = steps;
    if (mapKey !== `${tilesKey} ${at}`) {
      mapKey = `${tilesKey} ${at}`;
      big.show(layer.size, imageOf(layer.size, shown.values, colourOf(shown)));
    }
    big.frame(column, row, 1, 1);
    const size = layer.size.join("×");
    const signed = shown.least < 0 ? "brown below 0, violet above" : "black is 0";
    bigWords.textContent = `Channel ${layer.channels[at]}, ${size}, from ${figures(shown.least)} to ${figures(shown.most)}; ${signed}.`;
    const keys = "arrow keys move the pixel, Home takes the largest value, Page Up and Page Down change the layer";
    big.svg.setAttribute("aria-label", `Map of channel ${layer.channels[at]} of ${layer.title}, ${size}; ${keys}`);
  }

  // --- the arithmetic
  const read = framed({ role: "img" });
  const readWords = element("div", { class: "catdog-caption" });
  const bars = drawn("svg", { class: "catdog-grid catdog-ground", viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img" });
  const barsWords = element("div", { class: "catdog-caption" });
  bars.addEventListener("pointerdown", (event) => {
    const { layer, at } = state();
    const box = bars.getBoundingClientRect();
    const from = sourcesOf(layer, at);
    set({ source: from[clamp(Math.floor(((event.clientX - box.left) / box.width) * from.length), 0, from.length - 1)] });
  });
  const sign = (text) => element("span", { class: "catdog-sign", "aria-hidden": "true" }, text);
  const rows = range(MOST_ROWS).map(() => {
    const [patch, filter, products] = [numberTable(), numberTable(), numberTable()];
    const root = element("div", { class: "catdog-sumrow catdog-exactly" });
    root.append(patch.root, sign("×"), filter.root, sign("="), products.root);
    return { root, patch, filter, products };
  });
  const lines = element("div", { class: "catdog-steps" });

  const nameOf = (layer, number) => (layer.colour ? COLOURS[number] : String(number));
  let sourceKey = "";
  let readKey = "";
  function showArithmetic({ number, layer, at, row, column }, found) {
    const from = sourcesOf(layer, at);
    if (sourceKey !== `${number} ${from[0]}`) {
      sourceKey = `${number} ${from[0]}`;
      const names = from.map((one) => [one, nameOf(layer, one)]);
      const options = [[-1, "the largest sum"], ...names];
      source.select.replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
    }
    const sizes = found.sums.map(Math.abs);
    const largest = Math.max(...sizes, 1e-30);
    const wanted = from.indexOf(model.get("source"));
    source.select.value = wanted < 0 ? -1 : from[wanted];
    const c = wanted < 0 ? sizes.indexOf(Math.max(...sizes)) : wanted;

    const name = nameOf(layer, from[c]);
    if (readKey !== `${number} ${from[c]}`) {
      readKey = `${number} ${from[c]}`;
      const values = planeOf(layer.inputs[layer.sources.indexOf(from[c])], layer.input_size).flatMap((line) => [...line]);
      read.show(layer.input_size, imageOf(layer.input_size, values, colourOf(extremes(values))));
    }
    const reach = layer.dilation * (layer.kernel - 1) + 1;
    read.frame(column * layer.stride - layer.padding, row * layer.stride - layer.padding, reach, reach);
    readWords.textContent = `Input channel ${name}, ${layer.input_size.join("×")}, and the window on it.`;
    read.svg.setAttribute("aria-label", readWords.textContent);

    showBars(found.sums, largest, c);
    const all = from.length === 1 ? "The one input channel" : `The sums of all ${from.length} input channels`;
    barsWords.textContent = `${all}; ${name} has ${figures(found.sums[c])}.`;
    bars.setAttribute("aria-label", barsWords.textContent);
    const listed = from.length <= MOST_ROWS ? range(from.length) : [c];
    rows.forEach((one, i) => {
      one.root.toggleAttribute("hidden", i >= listed.length);
      if (i < listed.length) showTables(one, layer.filters[at], found, listed[i], nameOf(layer, from[listed[i]]));
    });
    lines.replaceChildren(
      ...formulas(layer, at, found).map(([title, text]) => element("div", {}, element("b", {}, title), ` ${text}`)),
    );
  }

  function showBars(sums, largest, chosen) {
    const wide = WIDE / sums.length;
    const bar = (sum, i) => {
      const high = (Math.abs(sum) / largest) * (HIGH / 2 - 4);
      const kind = i === chosen ? "catdog-picked" : "catdog-after";
      const y = sum < 0 ? HIGH / 2 : HIGH / 2 - high;
      return drawn("rect", { x: i * wide, y, width: Math.max(0.5, 0.8 * wide), height: Math.max(0.5, high), class: kind });
    };
    bars.replaceChildren(...sums.map(bar), drawn("path", { class: "catdog-bar", d: `M0 ${HIGH / 2}H${WIDE}` }));
  }

  function showTables({ patch, filter, products }, weights, found, c, name) {
    // One scale of colours for all rows.
    const coloured = (planes, strength) => {
      const most = Math.max(1e-30, ...planes.flat(2).map(Math.abs)) / strength;
      return colourOf({ least: -most, most });
    };
    patch.show(`input ${name}`, found.patch[c], coloured(found.patch, 0.6), inkOn, small);
    filter.show("filter", weights[c], coloured(weights, 0.6), inkOn, small);
    const title = `products, sum ${figures(found.sums[c])}`;
    products.show(title, found.products[c], coloured(found.products, 0.85), inkOn, small);
  }

  // --- together
  layerTiles.fill(
    layers.map((layer, i) => {
      const first = map(i, 0, layer.steps.length);
      const words = `${layer.title} ${layer.all_channels}×${layer.size.join("×")}`;
      return { words, name: words, size: layer.size, values: first.values, colour: colourOf(first) };
    }),
  );
  const said = element("p", { class: "catdog-line catdog-said", "aria-live": "polite" });
  function draw() {
    const now = state();
    const { layer, at } = now;
    const spans = layer.fields && [now.row, now.column].map((unit, i) => span(layer.fields[i], unit, photoSize[i]));
    const found = arithmetic(layer, at, now.row, now.column);
    showPhoto(spans);
    showMaps(now);
    showArithmetic(now, found);
    said.textContent = sentence(layer, at, now.row, now.column, found, spans);
  }

  const root = frame("Feature-map browser");
  const column = (...children) => element("div", {}, ...children);
  const fields = (...all) => element("div", { class: "catdog-fields" }, ...all.map((one) => one.root));
  root.append(
    layerTiles.root,
    element(
      "div",
      { class: "catdog-thirds" },
      column(photo.svg, photoWords, fields(target, opacity, heatLayer)),
      column(big.svg, bigWords, fields(step)),
      column(channelTiles.root, channelWords),
    ),
    element(
      "div",
      { class: "catdog-thirds catdog-lower" },
      column(part.svg, partWords),
      column(read.svg, readWords),
      column(bars, barsWords, fields(source)),
    ),
    ...rows.map((one) => one.root),
    lines,
    said,
  );
  el.append(root);
  return follow(model, draw).stop;
}

function extremes(values) {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
  return { least, most };
}

export default { render };
