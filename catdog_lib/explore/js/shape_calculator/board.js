// The padded image with one window on it; below, the windows along a row, one under the other.

import { caption, element, svgElement } from "../dom.js";
import { clamp } from "../math.js";
import { followPointer, hovers } from "../pointer.js";
import { gridLines, rectangle } from "../svg.js";
import { windowsShown } from "./math.js";

const LINES_UP_TO = 64; // positions on a side; more lines would be a grey area

export function windowBoard(onWindow) {
  const svg = svgElement("svg", { class: "catdog-grid", role: "img" });
  const words = caption();
  let sides = null;
  // The pointer on the image takes the window under it.
  followPointer(svg, hovers, (across, down) => {
    if (!sides) return;
    const { rows, columns } = sides;
    const { width, height } = svg.viewBox.baseVal;
    const under = (at, { extent, step, count }) =>
      clamp(Math.round((at - extent / 2) / step), 0, count - 1);
    const y = down * height;
    if (y < rows.length) onWindow(under(y, rows), under(across * width, columns));
  });

  function show(rows, columns, row, column, operation) {
    sides = { rows, columns };
    const [width, height] = [columns, rows].map(drawnLength);
    const shown = windowsShown(columns.count);
    if (columns.lost.length) shown.push(columns.count); // the one that does not fit
    const barHeight = clamp(width / 24, 0.5, 8); // so that bars stay visible below a large image
    const top = (i) => height + (i + 1) * 1.35 * barHeight;
    const bars = shown.flatMap((number, i) =>
      windowBar(columns, number, column, { top: top(i), height: barHeight, width }),
    );
    const lines = Math.max(width, height) <= LINES_UP_TO;
    svg.replaceChildren(
      ...inputParts(rows, columns, lines), ...windowParts(rows, columns, row, column), ...bars,
    );
    svg.setAttribute("viewBox", `-0.2 -0.2 ${width + 0.4} ${top(shown.length) + 0.2}`);
    svg.style.maxWidth = `${Math.min(460, 34 * width)}px`;
    const what = operation === "transposed" ? "output, with what is cut off" : "padded input";
    words.textContent = `${what} ${rows.length}×${columns.length}; below, the windows along a row`;
    const windows = `${columns.count} windows, ${columns.step} apart, ${columns.extent} wide`;
    svg.setAttribute("aria-label", `${words.textContent}. ${windows}`);
  }
  return {
    svg,
    words,
    show,
    hide(hidden) {
      svg.toggleAttribute("hidden", hidden);
      if (hidden) words.textContent = "";
    },
  };
}

// As long as the padded side, and as the window that does not fit.
const drawnLength = ({ length, count, lost, step, extent }) =>
  Math.max(length, (count - (lost.length ? 0 : 1)) * step + extent);

function inputParts(rows, columns, lines) {
  const [high, wide] = [rows.to - rows.from, columns.to - columns.from];
  const parts = [
    rectangle(0, 0, columns.length, rows.length, "catdog-padding"),
    rectangle(columns.from, rows.from, wide, high, "catdog-inner"),
  ];
  for (const name of ["skipped", "lost"]) {
    for (const at of rows[name]) parts.push(rectangle(0, at, columns.length, 1, `catdog-${name}`));
    for (const at of columns[name]) parts.push(rectangle(at, 0, 1, rows.length, `catdog-${name}`));
  }
  if (lines) parts.push(gridLines(columns.length, rows.length));
  return parts;
}

function windowParts(rows, columns, row, column) {
  const [x, y] = [column * columns.step, row * rows.step];
  const taps = rows.taps.flatMap((i) =>
    columns.taps.map((j) => rectangle(x + j, y + i, 1, 1, "catdog-read")),
  );
  return [...taps, rectangle(x, y, columns.extent, rows.extent, "catdog-window")];
}

// One window along a row as a bar, with the positions that it reads; −1 stands for those left out.
function windowBar(columns, number, chosen, { top, height, width }) {
  if (number < 0) {
    const attributes = { x: width / 2, y: top + 0.7 * height, class: "catdog-dotted" };
    const dots = svgElement("text", attributes, "⋯");
    dots.style.fontSize = `${height}px`;
    return [dots];
  }
  const start = number * columns.step;
  const kind = { [chosen]: "catdog-here", [columns.count]: "catdog-unfit" }[number] ?? "";
  const taps = columns.taps.map((tap) =>
    rectangle(start + tap + 0.2, top + 0.25 * height, 0.6, 0.5 * height, "catdog-tapped"),
  );
  return [rectangle(start, top, columns.extent, height, `catdog-bar ${kind}`), ...taps];
}

// The key of the colours: only what is there to be seen.
export function boardKey() {
  const root = element("div", { class: "catdog-key" });
  return {
    root,
    show(rows, columns, transposed) {
      const [inner, padding, read] = transposed
        ? ["output", "cut off", "written by this value"]
        : ["image", "padding", "read by this window"];
      const words = { "catdog-inner": inner, "catdog-read": read };
      if (columns.from || rows.from) words["catdog-padding"] = padding;
      if (rows.lost.length + columns.lost.length) words["catdog-lost"] = "never read";
      if (rows.skipped.length + columns.skipped.length) words["catdog-skipped"] = "jumped over";
      root.replaceChildren(...Object.entries(words).map(([kind, text]) => swatch(kind, text)));
    },
  };
}

function swatch(kind, text) {
  const attributes = { viewBox: "0 0 1 1", "aria-hidden": "true" };
  const svg = svgElement("svg", attributes, rectangle(0, 0, 1, 1, kind));
  return element("span", {}, svg, ` ${text}`);
}
