// The input with the window on it, and the output.

import { cssColour, diverging, grey, inkOn } from "../colour.js";
import { block, caption, svgElement } from "../dom.js";
import { formatShort } from "../format.js";
import { convolve, range } from "../math.js";
import { handleKeys } from "../pointer.js";
import { cursorGrid, gridCell, gridMark, placeMark, setGridSize, sizeMark } from "../svg.js";

// The range of the image's values, which its colours span.
export function valueRange(image) {
  const values = image.flat(2);
  const low = Math.min(0, ...values);
  const high = Math.max(...values) > 1 ? Math.max(255, ...values) : 1;
  return { low, high, share: (value) => (value - low) / (high - low) };
}

export function inputGrid(image) {
  const [height, width] = [image[0].length, image[0][0].length];
  const { share } = valueRange(image);
  const svg = svgElement("svg", { class: "catdog-grid", role: "img" });
  const mark = gridMark();
  const words = caption();
  let [cells, tapped, paddingShown] = [[], [], -1];

  function paint(r, c) {
    if (r < 0 || c < 0 || r >= height || c >= width) {
      return { colour: "", ink: "", text: "0", kind: "catdog-padding" };
    }
    const inColour = image.length === 3;
    const rgb = inColour
      ? image.map((plane) => 255 * share(plane[r][c]))
      : grey(share(image[0][r][c]));
    const text = inColour ? "" : formatShort(image[0][r][c]);
    return { colour: cssColour(rgb.map(Math.round)), ink: inkOn(rgb), text };
  }

  function showPadding(padding) {
    words.textContent = `input ${height}×${width}${padding ? `, padding ${padding}` : ""}`;
    if (padding === paddingShown) return;
    paddingShown = padding;
    const [rows, columns] = [height + 2 * padding, width + 2 * padding];
    cells = range(rows).map((r) => range(columns).map((c) => gridCell(r, c)));
    cells.forEach((line, r) =>
      line.forEach((cell, c) => cell.show(paint(r - padding, c - padding))),
    );
    svg.replaceChildren(...cells.flat().map((cell) => cell.root), mark);
    setGridSize(svg, rows, columns);
  }

  return {
    root: block(words, svg),
    showPadding,
    hideWindow: (hidden) => mark.toggleAttribute("hidden", hidden),
    showWindow(plane, { stride, dilation }, row, column) {
      for (const cell of tapped) cell.root.classList.remove("catdog-tap");
      const [top, left] = [row * stride, column * stride];
      tapped = plane.flatMap((line, i) =>
        line.map((_, j) => cells[top + i * dilation][left + j * dilation]),
      );
      for (const cell of tapped) cell.root.classList.add("catdog-tap");
      placeMark(mark, top, left);
      sizeMark(mark, dilation * (plane.length - 1) + 1, dilation * (plane[0].length - 1) + 1);
      const sides = `${height} rows and ${width} columns`;
      svg.setAttribute("aria-label", `Input, ${sides}, with the window on it`);
    },
  };
}

export function outputGrid(image, onMove, onSpace) {
  const grid = cursorGrid("Output", onMove);
  handleKeys(grid.svg, { " ": onSpace });
  const words = caption();
  let shownKey = "";
  return {
    root: block(words, grid.svg),
    place: grid.place,
    hide(hidden) {
      grid.svg.toggleAttribute("hidden", hidden);
      if (hidden) words.textContent = "";
    },
    show(kernel, settings, rows, columns) {
      words.textContent = `output ${rows}×${columns}`;
      const key = JSON.stringify([kernel, settings]);
      if (key === shownKey) return; // only the window moved
      shownKey = key;
      const result = convolve(image, kernel, settings);
      const values = result.flat();
      const largest = Math.max(1e-9, ...values.map(Math.abs));
      const signed = Math.min(...values) < 0;
      grid.show(rows, columns, (r, c) => {
        const value = result[r][c];
        const rgb = signed ? diverging((0.85 * value) / largest) : grey(value / largest);
        return { colour: cssColour(rgb), ink: inkOn(rgb), text: formatShort(value) };
      });
    },
  };
}
