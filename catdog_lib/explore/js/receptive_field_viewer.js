// The receptive-field viewer: a stack of layers to build, and what a unit sees in every layer below it.

import { clamp, mapSizes, range, receptiveFields, runs, seen } from "./core.js";
import { button, change, choice, drawn, element, follow, frame, numberField } from "./page.js";

const KINDS = { conv: "convolution", pool: "pooling" };
const NEW = {
  conv: { kind: "conv", kernel: 3, stride: 1, padding: 1, dilation: 1 },
  pool: { kind: "pool", kernel: 2, stride: 2, padding: 0, dilation: 1 },
};
const LIMITS = { kernel: [1, 11], stride: [1, 8], padding: [0, 8], dilation: [1, 6] };
const MOST = 24;

// "rows 3 to 9 (7)"; gaps are named as such.
export function spanWords(name, positions) {
  if (!positions.length) return `no ${name}`;
  const [first, last] = [positions[0], positions.at(-1)];
  const gaps = runs(positions).length > 1 ? ", with gaps" : "";
  return `${name} ${first}${first === last ? "" : ` to ${last}`}${gaps}`;
}

// "3 block1.0", or "3 convolution" where the layer has no name.
const title = (list, i) => `${i + 1} ${list[i].name || KINDS[list[i].kind]}`;

// The areas that these rows and columns share, as one path.
export function areas(rows, columns) {
  return runs(rows)
    .flatMap(([top, bottom]) =>
      runs(columns).map(([left, right]) => `M${left} ${top}H${right + 1}V${bottom + 1}H${left}Z`),
    )
    .join("");
}

function render({ model, el }) {
  const photo = model.get("photo");
  const set = (values) => change(model, values);
  const layers = () => model.get("layers");
  // What is drawn: layers that still fit, and one unit in one of their maps (0 is the photo).
  function state() {
    const sizes = mapSizes(model.get("size"), layers());
    const top = sizes.length - 1;
    const layer = model.get("layer") < 1 ? top : clamp(model.get("layer"), 0, top);
    const middle = Math.floor((sizes[layer] - 1) / 2);
    const place = (name) => (model.get(name) < 0 ? middle : clamp(model.get(name), 0, sizes[layer] - 1));
    return { sizes, layer, row: place("row"), column: place("column") };
  }
  const edit = (i, values) => set({ layers: layers().map((one, j) => (i === j ? { ...one, ...values } : one)) });
  const add = (kind) => set({ layers: [...layers(), { ...NEW[kind], name: "" }], layer: -1, row: -1, column: -1 });
  const remove = (i) => {
    set({ layers: layers().filter((_, j) => j !== i), layer: -1, row: -1, column: -1 });
    adders[0].focus();
  };

  const size = numberField("photo's side", 8, 256, (value) => set({ size: value, row: -1, column: -1 }));
  const adders = [button("+ convolution", () => add("conv")), button("+ pooling", () => add("pool"))];
  const controls = element("div", { class: "catdog-fields" }, size.root, ...adders);
  const table = element("div", { class: "catdog-layers" });
  const stack = element("div", { class: "catdog-stack", tabindex: "0", role: "application" });
  const line = element("p", { class: "catdog-line catdog-said", "aria-live": "polite" });

  // --- the layers, one in a row, with fields
  let rowsShown = [];
  function shapeTable(list) {
    if (rowsShown.length === list.length) return;
    rowsShown = list.map((_, i) => layerRow(i));
    table.replaceChildren(...rowsShown.map((row) => row.root));
  }

  function layerRow(i) {
    const kind = choice(`kind of layer ${i + 1}`, Object.entries(KINDS), (value) => edit(i, { kind: value, name: "" }));
    const fields = Object.fromEntries(
      Object.entries(LIMITS).map(([setting, limits]) => {
        const field = numberField(setting, ...limits, (value) => edit(i, { [setting]: value }));
        field.root.querySelector("input").setAttribute("aria-label", `${setting} of layer ${i + 1}`);
        field.root.querySelector("input[type=range]").remove();
        return [setting, field];
      }),
    );
    const facts = element("span", { class: "catdog-facts" });
    const gone = button("×", () => remove(i), { "aria-label": `remove layer ${i + 1}`, class: "catdog-button catdog-small" });
    const root = element("div", { class: "catdog-layer" }, kind.root);
    root.append(...Object.values(fields).map((field) => field.root), gone, facts);
    return { root, name: kind.root.firstChild, kind, fields, facts };
  }

  function showTable(list, sizes, layer) {
    shapeTable(list);
    const fields = receptiveFields(list);
    rowsShown.forEach((row, i) => {
      row.name.textContent = title(list, i);
      row.kind.select.value = list[i].kind;
      for (const [setting, field] of Object.entries(row.fields)) field.show(list[i][setting]);
      row.root.classList.toggle("catdog-here", i + 1 === layer);
      const { size: sees, jump, start } = fields[i];
      const map = i + 1 < sizes.length ? `map ${sizes[i + 1]}` : "does not fit";
      const numbers = `${map} · sees ${sees} · jump ${jump} · first centre ${start}`;
      row.facts.textContent = numbers.replace(/-/g, "−");
    });
  }

  // --- the photo and the maps; each a square with the seen area and, in one of them, the unit
  let maps = [];
  let mapsKey = "";
  function shapeMaps(sizes, list) {
    const traced = model.get("maps");
    const valid = JSON.stringify([traced.layers, traced.size]) === JSON.stringify([list, sizes[0]]);
    const images = valid ? traced.pictures : []; // they show the network as it was
    const key = JSON.stringify([sizes, list.map(({ kind, name }) => [kind, name]), valid]);
    if (key === mapsKey) return;
    mapsKey = key;
    maps = sizes.map((side, i) => {
            return map(i, side, i ? title(list, i - 1) : "photo", i ? images[i - 1] : photo);
    });
    const [first, ...others] = maps.map((one) => one.root);
    stack.replaceChildren(first, element("div", { class: "catdog-maps" }, ...others));
  }

  function map(i, side, words, image) {
    const field = drawn("path", { class: "catdog-field-seen" });
    const edge = drawn("rect", { class: "catdog-window" });
    const svg = drawn("svg", { viewBox: `0 0 ${side} ${side}`, class: "catdog-map", "aria-hidden": "true" });
    svg.append(drawn("rect", { width: side, height: side, class: "catdog-inner" }));
    if (image) svg.append(drawn("image", { href: image, width: side, height: side, preserveAspectRatio: "none" }));
    if (side <= 32 && !(image && !i)) svg.append(gridLines(side));
    svg.append(field, edge);
    const point = (event) => {
      const box = svg.getBoundingClientRect();
      const at = (offset, length) => clamp(Math.floor((offset / length) * side), 0, side - 1);
      const row = at(event.clientY - box.top, box.height);
      if (i) set({ layer: i, row, column: at(event.clientX - box.left, box.width) });
    };
    svg.addEventListener("pointerdown", point);
    svg.addEventListener("pointermove", (event) => event.buttons && point(event));
    const caption = element("figcaption", {}, words, element("br"), `${side}×${side}`);
    const root = element("figure", { class: i ? "" : "catdog-photo" }, svg, caption);
    return { root, field, edge };
  }

  const gridLines = (side) =>
    drawn("path", {
      class: "catdog-lines",
      d: range(side + 1).map((at) => `M${at} 0V${side}M0 ${at}H${side}`).join(""),
    });

  function showMaps({ sizes, layer, row, column }, list) {
    shapeMaps(sizes, list);
    const rows = seen(list, sizes, layer, row);
    const columns = seen(list, sizes, layer, column);
    maps.forEach(({ root, field, edge }, i) => {
      const visible = i <= layer && rows[i].length > 0 && columns[i].length > 0;
      root.classList.toggle("catdog-above", i > layer);
      field.toggleAttribute("hidden", !visible);
      edge.toggleAttribute("hidden", !visible);
      if (!visible) return;
      field.setAttribute("d", areas(rows[i], columns[i]));
      edge.setAttribute("x", columns[i][0]);
      edge.setAttribute("y", rows[i][0]);
      edge.setAttribute("width", columns[i].at(-1) - columns[i][0] + 1);
      edge.setAttribute("height", rows[i].at(-1) - rows[i][0] + 1);
    });
    return [rows[0], columns[0]];
  }

  function draw() {
    const list = layers();
    const now = state();
    size.show(model.get("size"));
    for (const one of adders) one.disabled = list.length >= MOST;
    showTable(list, now.sizes, now.layer);
    const [rows, columns] = showMaps(now, list);
    line.textContent = words(list, now, rows, columns);
    stack.setAttribute(
      "aria-label",
      "Photo and maps. Arrow keys move the unit, Page Up and Page Down change the layer.",
    );
  }

  function words(list, { sizes, layer, row, column }, rows, columns) {
    if (!list.length) return "No layer yet: add a convolution.";
    const stop = sizes.length <= list.length ? ` Layer ${sizes.length} does not fit on a map of ${sizes.at(-1)}.` : "";
    if (!layer) return stop.trim();
    const whole = receptiveFields(list)[layer - 1].size;
    const parts = `${spanWords("rows", rows)} and ${spanWords("columns", columns)} of the photo`;
    const extent = (positions) => (positions.length ? positions.at(-1) - positions[0] + 1 : 0);
    const cut = Math.min(extent(rows), extent(columns)) < whole ? "; the rest lies outside the photo" : "";
    return `Layer ${layer}, unit in row ${row}, column ${column}: it sees ${parts}. ` +
      `Its receptive field is ${whole}×${whole}${cut}.${stop}`;
  }

  stack.addEventListener("keydown", (event) => {
    const { sizes, layer, row, column } = state();
    const top = sizes[layer] - 1;
    const at = (r, c) => ({ layer, row: clamp(r, 0, top), column: clamp(c, 0, top) });
    const steps = {
      ArrowUp: () => at(row - 1, column),
      ArrowDown: () => at(row + 1, column),
      ArrowLeft: () => at(row, column - 1),
      ArrowRight: () => at(row, column + 1),
      PageUp: () => ({ layer: Math.min(layer + 1, sizes.length - 1), row: -1, column: -1 }),
      PageDown: () => ({ layer: Math.max(layer - 1, 1), row: -1, column: -1 }),
    };
    if (!steps[event.key] || !layer) return;
    event.preventDefault();
    set(steps[event.key]());
  });

  const root = frame("Receptive-field viewer");
  root.append(stack, line, controls, table);
  el.append(root);
  return follow(model, draw).stop;
}

export default { render };
