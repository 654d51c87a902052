// Shapes in SVG, and a grid of cells over which a cursor moves.

import { setAttributes, svgElement } from "./dom.js";
import { clamp, range } from "./math.js";
import { arrowKeys, followPointer, handleKeys, hovers } from "./pointer.js";

const CELL = 30; // units wide and high

export const rectangle = (x, y, width, height, kind) =>
  svgElement("rect", { x, y, width, height, class: kind });

// The lines between so many squares of side 1.
export const gridLines = (width, height) =>
  svgElement("path", {
    class: "catdog-lines",
    d: [
      ...range(width + 1).map((x) => `M${x} 0V${height}`),
      ...range(height + 1).map((y) => `M0 ${y}H${width}`),
    ].join(""),
  });

// A × at a point, as part of a path.
export const crossAt = (point) => `M${point.join(" ")}m-6 -6l12 12m0 -12l-12 12`;

// A grid of so many cells, each at most 34 pixels wide.
export function setGridSize(svg, rows, columns) {
  svg.setAttribute("viewBox", `0 0 ${CELL * columns} ${CELL * rows}`);
  svg.style.maxWidth = `${34 * columns}px`;
}

// The frame around a window of cells; by default around one.
export const gridMark = (attributes = {}) =>
  svgElement("rect", { class: "catdog-mark", ...attributes });

export function placeMark(mark, row, column) {
  setAttributes(mark, { x: CELL * column + 1, y: CELL * row + 1 });
}

export function sizeMark(mark, rows, columns) {
  setAttributes(mark, { width: CELL * columns - 2, height: CELL * rows - 2 });
}

// A cell with a number in it.
export function gridCell(row, column) {
  const [x, y] = [CELL * column, CELL * row];
  const square = rectangle(x, y, CELL, CELL, "catdog-cell");
  const number = svgElement("text", { x: x + 15, y: y + 15.5, class: "catdog-number" });
  return {
    root: svgElement("g", {}, square, number),
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

// A grid of coloured cells with numbers in them, one of them marked. Pointer and arrow keys move
// the mark. `onMove` gets the new row and column.
export function cursorGrid(label, onMove) {
  const svg = svgElement("svg", {
    class: "catdog-grid catdog-moving", tabindex: "0", role: "application",
  });
  const mark = gridMark({ width: CELL - 2, height: CELL - 2, x: 1, y: 1 });
  let [rows, columns, row, column] = [0, 0, 0, 0];
  let cells = [];

  const moveTo = (toRow, toColumn) => {
    const [r, c] = [clamp(toRow, 0, rows - 1), clamp(toColumn, 0, columns - 1)];
    if (rows < 1 || columns < 1 || (r === row && c === column)) return;
    [row, column] = [r, c]; // at once: the next key may come before the next frame
    onMove(r, c);
  };
  followPointer(svg, hovers, (across, down) => {
    moveTo(Math.floor(down * rows), Math.floor(across * columns));
  });
  handleKeys(svg, arrowKeys((down, right) => moveTo(row + down, column + right)));

  const resize = (newRows, newColumns) => {
    if (rows === newRows && columns === newColumns) return;
    [rows, columns] = [newRows, newColumns];
    cells = range(rows).map((r) => range(columns).map((c) => gridCell(r, c)));
    svg.replaceChildren(...cells.flat().map((cell) => cell.root), mark);
    setGridSize(svg, rows, columns);
  };
  return {
    svg,
    // paint(row, column) returns { colour, ink, text } of a cell
    show(newRows, newColumns, paint) {
      resize(newRows, newColumns);
      cells.forEach((line, r) => line.forEach((cell, c) => cell.show(paint(r, c))));
    },
    place(newRow, newColumn) {
      [row, column] = [newRow, newColumn];
      placeMark(mark, row, column);
      svg.setAttribute(
        "aria-label", `${label}, ${rows} rows and ${columns} columns; arrow keys move`,
      );
    },
  };
}
