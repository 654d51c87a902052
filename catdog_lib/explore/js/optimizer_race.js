// The optimizer race: several update rules on one surface, from one start, step by step.

import { clamp, format, range } from "./core.js";
import { button, change, choice, drawn, element, follow, frame, numberField, player, sliderField } from "./page.js";
import { RULES, SURFACES, contour, descend, lossText } from "./race.js";

const STEPS = 300;
const [WIDE, HIGH, GRID] = [400, 300, 5]; // the map, and the distance of the points at which its heights are known
const NUMBERS = ["lr", "adaptive_lr", "momentum", "beta1", "beta2", "weight_decay"];
const DEFAULTS = { momentum: 0.9, beta1: 0.9, beta2: 0.99, weight_decay: 0 };

const RATES = range(6).flatMap((power) => [1, 2, 3, 5, 7].map((one) => Number(`${one}e${power - 5}`))).concat(2, 3, 5, 10);
const SHARES = [...range(10).map((tenth) => tenth / 10), 0.95, 0.98, 0.99, 0.995, 0.998, 0.999];
const FIELDS = {
  lr: ["learning rate η of SGD, momentum, Nesterov", RATES],
  adaptive_lr: ["learning rate η of RMSprop, Adam, AdamW", RATES],
  momentum: ["momentum μ", SHARES],
  beta1: ["β₁ of Adam", SHARES],
  beta2: ["β₂ of Adam, α of RMSprop", [...SHARES, 0.9995, 0.9999]],
  weight_decay: ["weight decay λ", [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1]],
};

// One shape for each optimizer, so that colour is not all that tells them apart.
const SHAPES = [
  "M-5 0A5 5 0 1 0 5 0A5 5 0 1 0-5 0Z",
  "M-4.5-4.5H4.5V4.5H-4.5Z",
  "M0-6L5.5 4.5H-5.5Z",
  "M0-6.5L5 0L0 6.5L-5 0Z",
  "M0 6L5.5-4.5H-5.5Z",
  "M-2-6H2V-2H6V2H2V6H-2V2H-6V-2H-2Z",
];

// The sentence under the picture. paths: by name, whole; the loss of one that diverged is not compared.
export function summary(surface, step, paths) {
  const loss = (name) => SURFACES[surface].value(...paths[name][step]);
  const names = Object.keys(paths);
  const running = names.filter((name) => step < paths[name].length);
  const parts = [`Step ${step} of ${STEPS} on the surface ${surface}.`];
  if (!names.length) parts.push("No optimizer is chosen.");
  if (running.length) {
    const best = running.reduce((a, b) => (loss(b) < loss(a) ? b : a));
    const first = step ? `Lowest: ${best}, ${lossText(loss(best))}.` : `All start at ${lossText(loss(best))}.`;
    parts.push(first);
  }
  const gone = names.filter((name) => step >= paths[name].length);
  if (gone.length) parts.push(`Diverged: ${gone.map((name) => `${name} at step ${paths[name].length}`).join(", ")}.`);
  return parts.join(" ");
}

function render({ model, el }) {
  const surfaces = model.get("surfaces");
  const names = Object.keys(RULES);
  const here = () => surfaces[model.get("surface")];
  const set = (values) => change(model, values);

  // --- controls
  const line = element("p", { class: "catdog-line catdog-said", "aria-live": "polite" });
  const { toggle, pause } = player(line, 50, () => {
    const next = model.get("step") < STEPS ? model.get("step") + 1 : 0; // played from the end: once more
    set({ step: next });
    if (next === STEPS) pause();
    view.now();
  });
  const goTo = (step) => {
    pause();
    set({ step: clamp(step, 0, STEPS) });
  };
  const step = numberField("step", 0, STEPS, goTo);
  const suited = (name) => {
    const { start: [x, y], lr, adaptive_lr } = surfaces[name];
    return { surface: name, x, y, lr, adaptive_lr };
  };
  const surface = choice("surface", Object.keys(surfaces).map((name) => [name, name]), (name) => {
    set({ ...suited(name), step: 0 });
  });
  const fields = Object.fromEntries(
    Object.entries(FIELDS).map(([name, [label, stops]]) => [name, sliderField(label, stops, (value) => set({ [name]: value }))]),
  );

  // --- the map
  const ground = drawn("image", { width: WIDE, height: HIGH, preserveAspectRatio: "none" });
  const heights = drawn("path", { class: "catdog-heights", transform: `scale(${GRID})` });
  const ticks = drawn("g", { class: "catdog-ticks" });
  const minima = drawn("path", { class: "catdog-minima" });
  const from = drawn("circle", { r: 7, class: "catdog-start" });
  const runners = names.map((name, i) => {
    const halo = drawn("polyline", { class: "catdog-halo" });
    const trail = drawn("polyline", { class: "catdog-trail" });
    const mark = drawn("path", { d: SHAPES[i], class: "catdog-runner" });
    return { name, halo, trail, mark, root: drawn("g", { class: `catdog-racer-${i}` }, halo, trail, mark) };
  });
  const map = drawn("svg", { class: "catdog-grid catdog-moving catdog-ground", tabindex: 0, role: "application" });
  map.setAttribute("viewBox", `0 0 ${WIDE} ${HIGH}`);
  map.append(ground, heights, ticks, minima, from, ...runners.map((one) => one.root));
  const caption = element("div", { class: "catdog-caption" });

  const place = ([x, y]) => {
    const [left, right, low, high] = here().window;
    return [((x - left) / (right - left)) * WIDE, ((high - y) / (high - low)) * HIGH].map((at) => clamp(at, -1e4, 1e4));
  };
  const startAt = (x, y) => {
    const [left, right, low, high] = here().window;
    const tidy = (value) => Math.round(value * 1000) / 1000;
    set({ x: tidy(clamp(x, left, right)), y: tidy(clamp(y, low, high)) });
  };
  const point = (event) => {
    const [left, right, low, high] = here().window;
    const box = map.getBoundingClientRect();
    const [across, down] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    startAt(left + across * (right - left), high - down * (high - low));
  };
  map.addEventListener("pointerdown", point);
  map.addEventListener("pointermove", (event) => event.buttons && event.pointerType !== "touch" && point(event));
  map.addEventListener("keydown", (event) => {
    const [left, right] = here().window;
    const stride = (right - left) / 40;
    const ways = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
    const way = ways[event.key];
    if (way) startAt(model.get("x") + stride * way[0], model.get("y") + stride * way[1]);
    else if (event.key === "Home") goTo(0);
    else if (event.key === "End") goTo(STEPS);
    else if (event.key === "PageUp" || event.key === "PageDown") goTo(model.get("step") + (event.key === "PageUp" ? 1 : -1));
    else if (event.key === " ") toggle.click();
    else return;
    event.preventDefault();
  });

  let groundName = "";
  function showGround(name) {
    if (name === groundName) return;
    groundName = name;
    const { window: [left, right, low, high], heights: levels, minima: lowest } = here();
    const value = (column, row) => SURFACES[name].value(left + (column * (right - left)) / 80, high - (row * (high - low)) / 60);
    const values = range(61).map((row) => range(81).map((column) => value(column, row)));
    heights.setAttribute("d", levels.map((height) => contour(values, height)).join(""));
    ground.setAttribute("href", shading(value, levels));
    minima.setAttribute("d", lowest.map((one) => `M${place(one).join(" ")}m-6 -6l12 12m0 -12l-12 12`).join(""));
    const gap = right - left > 5 ? 2 : 1;
    const whole = (a, b) => range(20).map((i) => (i - 10) * gap).filter((at) => at > a && at < b);
    ticks.replaceChildren(
      ...whole(left, right).map((x) => drawn("text", { x: place([x, 0])[0], y: HIGH - 5 }, format(x))),
      ...whole(low, high).map((y) => drawn("text", { x: 12, y: place([0, y])[1] + 4 }, format(y))),
    );
  }

  // --- the table
  const cellsOf = () => range(3).map(() => element("td", {}));
  const rows = names.map((name, i) => {
    const box = element("input", { type: "checkbox" });
    box.addEventListener("change", () => {
      const chosen = new Set(model.get("optimizers"));
      if (box.checked) chosen.add(name);
      else chosen.delete(name);
      set({ optimizers: names.filter((one) => chosen.has(one)) });
    });
    const swatch = drawn("svg", { viewBox: "-8 -8 16 16", "aria-hidden": "true", class: `catdog-racer-${i}` });
    swatch.append(drawn("path", { d: SHAPES[i], class: "catdog-runner" }));
    const label = element("label", {}, box, swatch, name);
    const cells = cellsOf();
    return { name, box, cells, root: element("tr", {}, element("th", { scope: "row" }, label), ...cells) };
  });
  const head = ["optimizer", "loss", "x", "y"].map((word) => element("th", { scope: "col" }, word));
  const table = element("table", { class: "catdog-race" });
  table.append(element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows.map((row) => row.root)));

  let paths = {};
  let pathsKey = "";
  function run(name, numbers, origin) {
    const chosen = names.filter((one) => model.get("optimizers").includes(one));
    const key = JSON.stringify([name, chosen, numbers, origin]);
    if (key === pathsKey) return;
    pathsKey = key;
    paths = Object.fromEntries(chosen.map((one) => [one, descend(name, one, origin, STEPS, numbers)]));
  }

  function draw() {
    const name = model.get("surface");
    const now = clamp(model.get("step"), 0, STEPS);
    const numbers = Object.fromEntries(NUMBERS.map((one) => [one, model.get(one)]));
    const origin = [model.get("x"), model.get("y")];
    surface.select.value = name;
    step.show(now);
    for (const one of NUMBERS) fields[one].show(numbers[one]);
    showGround(name);
    run(name, numbers, origin);
    const [x, y] = place(origin);
    from.setAttribute("cx", x);
    from.setAttribute("cy", y);
    runners.forEach((one, i) => showRunner(one, rows[i], name, now));
    const [first, second] = origin.map(lossText);
    caption.textContent = `${name}: ${here().what}. Start at x = ${first}, y = ${second}. × lowest; the deeper the shade, the lower.`;
    line.textContent = summary(name, now, paths);
    const keys = "arrow keys move the start, Space plays, Page Up and Page Down step";
    map.setAttribute("aria-label", `Map of the surface ${name}: ${here().what}; ${keys}`);
  }

  function showRunner({ name, halo, trail, mark, root }, row, ground, now) {
    const path = paths[name];
    row.box.checked = Boolean(path);
    root.toggleAttribute("hidden", !path);
    if (!path) {
      for (const one of row.cells) one.textContent = "";
      return;
    }
    const last = Math.min(now, path.length - 1);
    const points = path.slice(0, last + 1).map((w) => place(w).map((at) => at.toFixed(1)));
    for (const one of [halo, trail]) one.setAttribute("points", points.join(" "));
    mark.setAttribute("transform", `translate(${points.at(-1)})`);
    const alive = now < path.length;
    const texts = alive ? [lossText(SURFACES[ground].value(...path[last])), ...path[last].map(format)] : ["diverged", "", ""];
    row.cells.forEach((one, i) => (one.textContent = texts[i]));
  }

  const root = frame("Optimizer race");
  const buttons = [toggle, button("Step", () => goTo(model.get("step") + 1)), button("Reset", () => goTo(0))];
  buttons.push(button("Defaults", () => set({ ...suited(model.get("surface")), ...DEFAULTS })));
  const sliders = element("div", { class: "catdog-fields catdog-sliders" }, ...NUMBERS.map((name) => fields[name].root));
  root.append(
    element("div", { class: "catdog-fields" }, surface.root, step.root, element("div", { class: "catdog-row" }, ...buttons)),
    element("div", { class: "catdog-grids" }, element("div", {}, map, caption), table),
    line,
    sliders,
  );
  el.append(root);
  const view = follow(model, draw);
  return () => {
    pause();
    view.stop();
  };
}

// The map's shade as the address of a picture: the deeper, the fewer contour lines lie below.
function shading(value, levels) {
  const canvas = element("canvas", { width: WIDE / 2, height: HIGH / 2 });
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  for (let r = 0; r < canvas.height; r += 1) {
    for (let c = 0; c < canvas.width; c += 1) {
      const height = value(((c + 0.5) * 2) / GRID, ((r + 0.5) * 2) / GRID);
      const below = levels.filter((level) => level < height).length;
      image.data.set([128, 128, 128, 150 * (1 - below / levels.length)], 4 * (r * canvas.width + c));
    }
  }
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

export default { render };
