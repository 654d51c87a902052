// What the interactive pictures put on a page: elements, fields for numbers, and a grid that a window walks over.

import { clamp, range } from "./core.js";

export function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function drawn(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// The frame of an interactive picture. It keeps its keys: JupyterLab, slides and pages have other uses for them.
export function frame(label) {
  const root = element("div", {
    class: "catdog catdog-wide",
    role: "group",
    "aria-label": label,
    "data-lm-suppress-shortcuts": "true",
  });
  root.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  });
  return root;
}

// Draws the model's state now, and once a frame while it changes, from wherever.
// `now()` draws without waiting for the frame; `stop()` ends this.
export function follow(model, draw) {
  let waiting = 0;
  const now = () => {
    cancelAnimationFrame(waiting);
    waiting = 0;
    draw();
  };
  const soon = () => {
    waiting ||= requestAnimationFrame(now);
  };
  model.on("change", soon);
  draw();
  return {
    now,
    stop() {
      model.off("change", soon);
      cancelAnimationFrame(waiting);
    },
  };
}

export function change(model, values) {
  for (const [name, value] of Object.entries(values)) model.set(name, value);
  model.save_changes();
}

// A whole number to type, and a slider to drag. `use` gets each new number; `show` sets it without calling `use`.
export function numberField(label, low, high, use) {
  const limits = { min: low, max: high, step: 1 };
  const number = element("input", { type: "number", "aria-label": label, ...limits });
  const slider = element("input", { type: "range", "aria-label": `${label}, slider`, ...limits });
  for (const input of [number, slider]) {
    input.addEventListener("input", () => {
      const value = Number(input.value);
      if (input.value !== "" && Number.isInteger(value) && value >= low && value <= high) use(value);
    });
  }
  const root = element("label", { class: "catdog-field" }, element("span", {}, label), number, slider);
  const show = (value) => {
    slider.value = value;
    if (document.activeElement !== number || Number(number.value) !== value) number.value = value;
  };
  // What could not be used does not stay.
  number.addEventListener("blur", () => (number.value = slider.value));
  return { root, show };
}

// A number to type, and a slider over sensible values of it.
export function sliderField(label, stops, use) {
  const number = element("input", { type: "text", inputmode: "decimal", "aria-label": label, autocomplete: "off" });
  const slider = element("input", { type: "range", "aria-label": `${label}, slider`, min: 0, max: stops.length - 1 });
  let now = stops[0];
  slider.addEventListener("input", () => use(stops[slider.value]));
  number.addEventListener("input", () => {
    const value = Number(number.value.replace(",", ".") || NaN);
    const fits = value >= stops[0] && value <= stops.at(-1);
    number.toggleAttribute("aria-invalid", !fits);
    if (fits) use(value);
  });
  number.addEventListener("blur", () => {
    number.removeAttribute("aria-invalid");
    number.value = now;
  });
  const show = (value) => {
    now = value;
    const distances = stops.map((stop) => Math.abs(stop - value));
    slider.value = distances.indexOf(Math.min(...distances));
    slider.setAttribute("aria-valuetext", value);
    if (document.activeElement !== number) number.value = value;
  };
  return { root: element("label", { class: "catdog-field" }, element("span", {}, label), number, slider), show };
}

export function choice(label, options, use) {
  const select = element("select", { "aria-label": label });
  for (const [value, words] of options) select.append(element("option", { value }, words));
  select.addEventListener("change", () => use(select.value));
  return { root: element("label", { class: "catdog-field" }, element("span", {}, label), select), select };
}

export function button(words, use, attributes = {}) {
  const made = element("button", { type: "button", class: "catdog-button", ...attributes }, words);
  made.addEventListener("click", use);
  return made;
}

// A button that plays and pauses. While it plays, `step` runs every so many milliseconds, and shows at once what it did:
// a pause then leaves the last step on the page, however late the next frame comes. `line` is read aloud when paused only.
export function player(line, milliseconds, step) {
  let timer = 0;
  const toggle = button("▶ Play", () => (timer ? pause() : start()));
  function pause() {
    clearInterval(timer);
    timer = 0;
    toggle.textContent = "▶ Play";
    line.setAttribute("aria-live", "polite");
  }
  function start() {
    timer = setInterval(step, milliseconds);
    toggle.textContent = "❚❚ Pause";
    line.setAttribute("aria-live", "off"); // nobody could listen to so many steps
  }
  return { toggle, pause };
}

// A grid of coloured cells with numbers in them, one of them marked. Pointer and arrow keys move the mark.
// `move` gets the new row and column.
export function movingGrid(label, move) {
  const svg = drawn("svg", { class: "catdog-grid catdog-moving", tabindex: "0", role: "application" });
  let [rows, columns, row, column] = [0, 0, 0, 0];

  const go = (toRow, toColumn) => {
    const [r, c] = [clamp(toRow, 0, rows - 1), clamp(toColumn, 0, columns - 1)];
    if (rows < 1 || columns < 1 || (r === row && c === column)) return;
    [row, column] = [r, c]; // at once: the next key may come before the next frame
    move(r, c);
  };
  const point = (event) => {
    const box = svg.getBoundingClientRect();
    go(
      Math.floor(((event.clientY - box.top) / box.height) * rows),
      Math.floor(((event.clientX - box.left) / box.width) * columns),
    );
  };
  svg.addEventListener("pointerdown", point);
  svg.addEventListener("pointermove", (event) => event.pointerType !== "touch" && point(event));
  svg.addEventListener("keydown", (event) => {
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const step = steps[event.key];
    if (step) go(row + step[0], column + step[1]);
    else if (event.key === "Home") go(row, 0);
    else if (event.key === "End") go(row, columns - 1);
    else return;
    event.preventDefault();
  });

  let cells = [];
  const mark = drawn("rect", { class: "catdog-mark", width: 28, height: 28, x: 1, y: 1 });
  const shape = (newRows, newColumns) => {
    if (rows === newRows && columns === newColumns) return;
    [rows, columns] = [newRows, newColumns];
    cells = range(rows).map((r) => range(columns).map((c) => cell(r, c)));
    svg.replaceChildren(...cells.flat().map((one) => one.root), mark);
    resize(svg, rows, columns);
  };
  return {
    svg,
    // paint(row, column) gives { colour, ink, text } of a cell
    show(newRows, newColumns, paint) {
      shape(newRows, newColumns);
      cells.forEach((line, r) => line.forEach((one, c) => one.show(paint(r, c))));
    },
    place(newRow, newColumn) {
      [row, column] = [newRow, newColumn];
      mark.setAttribute("x", 30 * column + 1);
      mark.setAttribute("y", 30 * row + 1);
      svg.setAttribute("aria-label", `${label}, ${rows} rows and ${columns} columns; arrow keys move`);
    },
  };
}

// A grid of so many squares, each at most 34 pixels wide.
export function resize(svg, rows, columns) {
  svg.setAttribute("viewBox", `0 0 ${30 * columns} ${30 * rows}`);
  svg.style.maxWidth = `${34 * columns}px`;
}

// One square with a number in it, 30 units wide.
export function cell(row, column) {
  const square = drawn("rect", { x: 30 * column, y: 30 * row, width: 30, height: 30, class: "catdog-cell" });
  const number = drawn("text", { x: 30 * column + 15, y: 30 * row + 15.5, class: "catdog-number" });
  return {
    root: drawn("g", {}, square, number),
    show({ colour, ink, text = "", kind = "" }) {
      square.style.fill = colour;
      square.setAttribute("class", `catdog-cell ${kind}`);
      number.style.fill = ink;
      if (number.textContent === text) return;
      number.textContent = text;
      number.style.fontSize = `${Math.min(13, 41 / Math.max(1, text.length))}px`;
    },
  };
}
