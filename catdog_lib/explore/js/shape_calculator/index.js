// The shape calculator: what a convolution, a max-pooling or a transposed convolution makes of a
// size, and why.

import { block, caption, element, liveLine, widgetRoot } from "../dom.js";
import { clamp } from "../math.js";
import { follow, getState, setState } from "../state.js";
import { cursorGrid } from "../svg.js";
import { boardKey, windowBoard } from "./board.js";
import { calculatorControls, copyLine } from "./controls.js";
import { formula, problem, pytorchLine, unreadText, windowLayout, windowText } from "./math.js";

const SETTINGS = [
  "operation", "kernel", "stride", "padding", "dilation", "ceil_mode", "output_padding",
];
const CELLS_UP_TO = 32; // cells on a side of the output; more would be too small to see

// The output as cells, one for each window; the input for a transposed convolution.
function windowGrid(onWindow) {
  const grid = cursorGrid("Windows", onWindow);
  const words = caption();
  let shapeShown = "";
  return {
    svg: grid.svg,
    words,
    hide(hidden) {
      grid.svg.toggleAttribute("hidden", hidden);
      if (hidden) words.textContent = "";
    },
    show(rows, columns, row, column, operation) {
      const name = operation === "transposed" ? "input" : "output";
      const shape = `${rows.count}×${columns.count}`;
      const few = Math.max(rows.count, columns.count) <= CELLS_UP_TO;
      words.textContent = `${name} ${shape}${few ? "" : " (too many to draw)"}`;
      grid.svg.toggleAttribute("hidden", !few);
      if (few && shape !== shapeShown) {
        shapeShown = shape;
        const cell = { colour: "", ink: "", kind: "catdog-plain" };
        grid.show(rows.count, columns.count, () => cell);
      }
      grid.place(row, column);
    },
  };
}

function formulaLines(name, size, lines) {
  const withBreaks = lines.flatMap((line) => [line, element("br")]);
  const title = `${name}, h = ${size}`;
  return element("p", { class: "catdog-formula" }, title, element("br"), ...withBreaks);
}

function render({ model, el }) {
  const setWindow = (row, column) => setState(model, { row, column });
  const controls = calculatorControls(model);
  const grid = windowGrid(setWindow);
  const board = windowBoard(setWindow);
  const key = boardKey();
  const formulas = element("div", { class: "catdog-formulas" });
  const line = liveLine();
  const copy = copyLine();

  function draw() {
    const settings = getState(model, SETTINGS);
    const [height, width] = [model.get("height"), model.get("width")];
    controls.show(settings);
    copy.show(pytorchLine(settings));
    const refused = problem(height, width, settings);
    for (const part of [grid, board]) part.hide(Boolean(refused));
    if (refused) {
      formulas.replaceChildren();
      line.textContent = refused;
      return;
    }
    const [rows, columns] = [height, width].map((size) => windowLayout(size, settings));
    const row = clamp(model.get("row"), 0, rows.count - 1);
    const column = clamp(model.get("column"), 0, columns.count - 1);
    const transposed = settings.operation === "transposed";
    grid.show(rows, columns, row, column, settings.operation);
    board.show(rows, columns, row, column, settings.operation);
    key.show(rows, columns, transposed);
    const sides =
      height === width ? [["each side", height]] : [["height", height], ["width", width]];
    formulas.replaceChildren(
      ...sides.map(([name, size]) => formulaLines(name, size, formula(size, settings))),
    );
    const unread = transposed ? "" : ` ${unreadText(rows, columns)}`;
    line.textContent = `${height}×${width} becomes ${rows.out}×${columns.out}.${unread} ` +
      windowText(rows, columns, row, column);
  }

  const root = widgetRoot("Shape calculator");
  const views = element(
    "div",
    { class: "catdog-grids" },
    block(board.words, board.svg, key.root),
    block(formulas, grid.words, grid.svg),
  );
  root.append(controls.root, views, line, copy.root);
  el.append(root);
  return follow(model, draw).stop;
}

export default { render };
