// The λ slider: one λ for two weights on a map, for any weight on a curve, and for the weights of a real layer.

import { clamp, css, diverging, format, range } from "./core.js";
import { change, choice, drawn, element, follow, frame, sliderField } from "./page.js";
import { SHRINKAGE_PENALTIES, contourOf, histogram, loss, minimisers, shrink } from "./shrinkage.js";

const SIDE = 300; // of the map and of the curve
const REACH = 1.2; // the map shows −1.2 … 1.2
const [BINS, WIDE, HIGH] = [41, 300, 110]; // the histogram; an odd number, so that 0 has a bar of its own
const LAMBDAS = [...range(101).map((i) => i / 100), 1.25, 1.5, 2, 3, 5, 10];
const NOTCHES = 20; // the minimum moves by 1/20
const [ACROSS, DOWN] = [12, 8]; // so many kernels at most
const HIGHEST = 48; // so many rows of a fully connected layer at most
const ZERO = [128, 128, 128];

// Three digits that count, so that a small number never looks like 0.
export const digits = (value) => String(Number(value.toPrecision(3))).replace("-", "−");

// The sentence under the pictures, which a screen reader reads out at each change.
export function summary(lam, penalty, weights, [x, y]) {
  const zeros = weights.filter((w) => w === 0).length;
  const largest = weights.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
  const share = `${zeros} of ${weights.length} weights (${((100 * zeros) / weights.length).toFixed(1)} %) are exactly 0`;
  return `${penalty}, λ = ${digits(lam)}: ${share}, the largest is ${digits(largest)}. The two weights: (${digits(x)}, ${digits(y)}).`;
}

// The picture of a layer: how many squares it has, where each weight's square is, and how many weights it leaves out.
// Kernels k×k stand in rows, one square apart, those of a filter beside each other; a matrix stands as it is.
export function squaresOf(shape) {
  if (shape.length === 2) {
    const [rows, columns] = [Math.min(shape[0], HIGHEST), Math.min(shape[1], Math.max(24, 2 * shape[0]), 2 * HIGHEST)];
    const squares = range(rows).flatMap((r) => range(columns).map((c) => [r, c, r * shape[1] + c]));
    return { rows, columns, squares, what: `first ${rows}×${columns} of ${shape[0]}×${shape[1]} weights` };
  }
  const [filters, channels, high, wide] = shape;
  const kernels = filters * channels;
  const across = Math.min(kernels, channels > ACROSS ? ACROSS : ACROSS - (ACROSS % channels));
  const shown = Math.min(kernels, across * DOWN);
  const squares = range(shown).flatMap((one) => {
    const [top, left] = [Math.floor(one / across) * (high + 1), (one % across) * (wide + 1)];
    return range(high * wide).map((i) => [top + Math.floor(i / wide), left + (i % wide), one * high * wide + i]);
  });
  const columns = across * (wide + 1) - 1;
  const rows = Math.ceil(shown / across) * (high + 1) - 1;
  const all = `${kernels} kernels ${high}×${wide} of ${filters} filters`;
  return { rows, columns, squares, what: shown < kernels ? `first ${shown} of ${all}` : all };
}

const line = (points) => points.map((point) => point.map((at) => at.toFixed(1))).join(" ");

function render({ model, el }) {
  const { weights, shape, largest } = model.get("layer");
  const set = (values) => change(model, values);

  // --- controls
  const penalty = choice("penalty", SHRINKAGE_PENALTIES.map((name) => [name, name]), (name) => set({ penalty: name }));
  const slider = sliderField("λ", LAMBDAS, (lam) => set({ lam }));
  const turn = (ways) => {
    const now = model.get("lam");
    const next = ways > 0 ? LAMBDAS.find((one) => one > now) : LAMBDAS.findLast((one) => one < now);
    if (next !== undefined) set({ lam: next });
  };

  // --- two weights
  const onMap = ([x, y]) => [x, -y].map((at) => clamp(((at / REACH + 1) / 2) * SIDE, -1e4, 1e4));
  const ball = drawn("path", { class: "catdog-ball" });
  const heights = drawn("g", { class: "catdog-heights" });
  const touching = drawn("polyline", { class: "catdog-touching" });
  const halo = drawn("polyline", { class: "catdog-halo" });
  const trail = drawn("polyline", { class: "catdog-trail" });
  const minimum = drawn("path", { class: "catdog-minima" });
  const here = drawn("circle", { r: 6, class: "catdog-runner" });
  const map = square({ class: "catdog-grid catdog-moving catdog-ground", tabindex: 0, role: "application" });
  const way = drawn("g", {}, ball, heights, touching, halo, trail, minimum, here);
  map.append(...axes(onMap, ["w₁", "w₂"]), way);
  const mapWords = element("div", { class: "catdog-caption" });

  const moveTo = (x, y) => {
    const tidy = (value) => Math.round(clamp(value, -1, 1) * NOTCHES) / NOTCHES;
    set({ x: tidy(x), y: tidy(y) });
  };
  const point = (event) => {
    const box = map.getBoundingClientRect();
    const [across, down] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    moveTo(REACH * (2 * across - 1), REACH * (1 - 2 * down));
  };
  map.addEventListener("pointerdown", point);
  map.addEventListener("pointermove", (event) => event.buttons && event.pointerType !== "touch" && point(event));
  map.addEventListener("keydown", (event) => {
    const ways = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
    const step = ways[event.key];
    if (step) moveTo(model.get("x") + step[0] / NOTCHES, model.get("y") + step[1] / NOTCHES);
    else if (event.key === "PageUp" || event.key === "PageDown") turn(event.key === "PageUp" ? 1 : -1);
    else return;
    event.preventDefault();
  });

  function showMap(lam, name) {
    const center = [model.get("x"), model.get("y")];
    const path = minimisers(center, lam, name);
    const end = path.at(-1);
    heights.replaceChildren(
      ...range(9).map((i) => drawn("polyline", { points: line(contourOf((0.22 * (i + 1)) ** 2 / 2, center).map(onMap)) })),
    );
    touching.setAttribute("points", line(contourOf(loss(end, center), center).map(onMap)));
    ball.setAttribute("d", ballOf(end, name, onMap));
    for (const one of [halo, trail]) one.setAttribute("points", line(path.map(onMap)));
    minimum.setAttribute("d", `M${onMap(center).join(" ")}m-6 -6l12 12m0 -12l-12 12`);
    const [x, y] = onMap(end);
    here.setAttribute("cx", x);
    here.setAttribute("cy", y);
    way.setAttribute("class", colourOf(name));
    const steps = name === "L1 subgradient";
    mapWords.textContent = `Two weights. × lowest loss; ● loss + penalty, and ${steps ? "the 200 steps to it" : "its way from λ = 0"}.`;
    const keys = "arrow keys move the minimum of the loss, Page Up and Page Down change λ";
    map.setAttribute("aria-label", `Map of two weights, lowest loss at (${center.map(digits).join(", ")}); ${keys}`);
    return end;
  }

  // --- a weight by itself
  const onCurve = ([x, y]) => [((x + 1) / 2) * SIDE, ((1 - y) / 2) * SIDE];
  const dead = drawn("rect", { class: "catdog-dead", y: 0, height: SIDE });
  const same = drawn("polyline", { class: "catdog-same", points: line([[-1, -1], [1, 1]].map(onCurve)) });
  const labels = drawn("g", { class: "catdog-ticks" });
  const curves = SHRINKAGE_PENALTIES.map((name) => drawn("polyline", { class: `catdog-curve ${colourOf(name)}` }));
  const curve = square({ class: "catdog-grid catdog-ground", role: "img" });
  curve.append(dead, ...axes(onCurve, ["before", "after"]), same, ...curves, labels);
  const curveWords = element("div", { class: "catdog-caption" });
  const samples = range(401).map((i) => (i - 200) / 200);

  function showCurve(lam, name) {
    const chosen = SHRINKAGE_PENALTIES.indexOf(name);
    curves.forEach((one, i) => {
      one.toggleAttribute("hidden", i === 2 && chosen !== 2);
      one.classList.toggle("catdog-chosen", i === chosen);
      if (i === 2 && chosen !== 2) return;
      one.setAttribute("points", line(samples.map((w) => onCurve([w, shrink(w, lam, SHRINKAGE_PENALTIES[i])]))));
    });
    const half = (Math.min(lam, 1) * SIDE) / 2;
    dead.toggleAttribute("hidden", name !== "L1");
    dead.setAttribute("x", SIDE / 2 - half);
    dead.setAttribute("width", 2 * half);
    labels.replaceChildren(
      ...(name === "L1" && lam > 0.06 && lam < 1
        ? [[-lam, "−λ"], [lam, "λ"]].map(([at, text]) => drawn("text", { x: onCurve([at, 0])[0], y: SIDE / 2 + 14 }, text))
        : []),
    );
    curveWords.textContent = {
      L1: `A weight, before and after: sign(w)·max(|w| − λ, 0). Dashed: L2. In the layer, λ is ${digits(lam * largest)}.`,
      L2: "A weight, before and after: w / (1 + λ), which is 0 for w = 0 only. Thin: L1.",
      "L1 subgradient": "A weight before and after 200 steps of 0.1 down the gradient: it jumps about 0. Dashed: L2.",
    }[name];
    curve.setAttribute("aria-label", `Curve of a weight after shrinking against the weight before, λ = ${digits(lam)}`);
  }

  // --- the layer
  const { rows, columns, squares, what } = squaresOf(shape);
  const canvas = element("canvas", { class: "catdog-weights", width: columns, height: rows, role: "img" });
  const context = canvas.getContext("2d");
  const outline = drawn("path", { class: "catdog-before" });
  const bars = drawn("path", { class: "catdog-after" });
  const chart = drawn("svg", { class: "catdog-grid catdog-ground", viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img" });
  chart.append(bars, outline);
  const layerWords = element("div", { class: "catdog-caption" });
  const chartWords = element("div", { class: "catdog-caption" });
  const before = histogram(weights, BINS);
  const most = Math.max(1, ...before);
  outline.setAttribute("d", barsOf(before, most));

  function showLayer(after, name) {
    const image = context.createImageData(columns, rows);
    for (const [r, c, i] of squares) {
      const colour = after[i] === 0 ? ZERO : diverging(Math.sign(after[i]) * Math.sqrt(Math.abs(after[i])));
      image.data.set([...colour, 255], 4 * (r * columns + c));
    }
    context.putImageData(image, 0, 0);
    bars.setAttribute("d", barsOf(histogram(after, BINS), most));
    chart.setAttribute("class", `catdog-grid catdog-ground ${colourOf(name)}`);
    const zeros = after.filter((w) => w === 0).length;
    layerWords.textContent = `The layer: ${what}; its largest weight counts as 1. Violet: above 0; brown: below; grey: exactly 0.`;
    chartWords.textContent = `Weights that are not 0, from −1 to 1 (line: before). Exactly 0: ${zeros} of ${weights.length}.`;
    canvas.setAttribute("aria-label", `Weights of the layer, ${what}; ${zeros} of ${weights.length} are exactly 0`);
    chart.setAttribute("aria-label", "Histogram of the weights that are not 0, before and after");
  }

  const said = element("p", { class: "catdog-line catdog-said", "aria-live": "polite" });
  function draw() {
    const [lam, name] = [model.get("lam"), model.get("penalty")];
    penalty.select.value = name;
    slider.show(lam);
    const end = showMap(lam, name);
    showCurve(lam, name);
    const after = weights.map((w) => shrink(w, lam, name));
    showLayer(after, name);
    said.textContent = summary(lam, name, after, end);
  }

  const root = frame("Lambda slider");
  const long = element("div", { class: "catdog-long" }, slider.root);
  const views = element(
    "div",
    { class: "catdog-thirds" },
    element("div", {}, map, mapWords),
    element("div", {}, curve, curveWords),
    element("div", {}, canvas, layerWords, chart, chartWords),
  );
  root.append(element("div", { class: "catdog-fields" }, penalty.root, long), views, said);
  el.append(root);
  return follow(model, draw).stop;
}

const colourOf = (name) => (name === "L2" ? "catdog-racer-4" : "catdog-racer-1");

function square(attributes) {
  return drawn("svg", { ...attributes, viewBox: `0 0 ${SIDE} ${SIDE}` });
}

// The two axes, with their names and with ±1.
function axes(place, names) {
  const [middle, end] = [place([0, 0]), place([1, 1])];
  const text = (x, y, words) => drawn("text", { x, y }, words);
  return [
    drawn("path", { class: "catdog-bar", d: `M0 ${middle[1]}H${SIDE}M${middle[0]} 0V${SIDE}` }),
    drawn(
      "g",
      { class: "catdog-ticks" },
      text(SIDE - 22, middle[1] - 5, names[0]),
      text(middle[0] + 22, 12, names[1]),
      ...(end[0] < SIDE
        ? [-1, 1].flatMap((at) => [text(place([at, 0])[0], middle[1] + 14, format(at)), text(middle[0] - 10, place([0, at])[1] + 4, format(at))])
        : []),
    ),
  ];
}

// All weights with as much penalty as these two: a diamond for L1, a circle for L2.
function ballOf([x, y], name, place) {
  if (name === "L2") {
    const r = Math.hypot(x, y);
    const turn = `A${[r, r].map((one) => (one / REACH) * (SIDE / 2)).join(" ")} 0 1 0 `;
    return `M${place([r, 0]).join(" ")}${turn}${place([-r, 0]).join(" ")}${turn}${place([r, 0]).join(" ")}Z`;
  }
  const r = Math.abs(x) + Math.abs(y);
  return `M${[[r, 0], [0, r], [-r, 0], [0, -r]].map((one) => place(one).join(" ")).join("L")}Z`;
}

// Bars beside each other as one path; `most` reaches the top.
function barsOf(counts, most) {
  const wide = WIDE / counts.length;
  const tops = counts.map((count, i) => {
    const top = HIGH - (HIGH - 4) * Math.min(1, count / most);
    return `L${(i * wide).toFixed(1)} ${top.toFixed(1)}H${((i + 1) * wide).toFixed(1)}`;
  });
  return `M0 ${HIGH}${tops.join("")}V${HIGH}Z`;
}

export default { render };
