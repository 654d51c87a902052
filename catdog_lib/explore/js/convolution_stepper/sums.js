// The sum, channel by channel: patch × kernel = products. The kernel can be edited where it stands.

import { cssColour, diverging, grey, inkOn } from "../colour.js";
import { element, operatorSign } from "../dom.js";
import { format, formatShort, formatWeight, parseWeight } from "../format.js";
import { range } from "../math.js";
import { handleKeys } from "../pointer.js";
import { valueRange } from "./grids.js";
import { CHANNELS } from "./text.js";

// getKernel() returns the kernel shown; onKernel gets the kernel that a reader makes of it.
export function sumTable(image, getKernel, onKernel) {
  const root = element("div", { class: "catdog-sums" });
  const { low, high, share } = valueRange(image);
  const inColour = image.length === 3;
  let rows = [];
  let shapeShown = "";

  function resize(kernel) {
    const shape = kernel.map((plane) => `${plane.length}×${plane[0].length}`).join();
    if (shape === shapeShown) return;
    shapeShown = shape;
    rows = kernel.map((plane, c) => {
      const title = inColour ? `${CHANNELS[c]} patch` : "patch";
      return sumRow(plane.length, plane[0].length, title, (i, j) => weightInput(c, i, j));
    });
    root.replaceChildren(...rows.map((row) => row.root));
  }

  function weightInput(c, i, j) {
    const label = `kernel row ${i}, column ${j}${inColour ? `, ${CHANNELS[c]}` : ""}`;
    const replace = (weight) => {
      const kernel = structuredClone(getKernel());
      kernel[c][i][j] = weight;
      onKernel(kernel);
    };
    const neighbour = (down) => rows[c].inputs[i + down]?.[j];
    return weightField(label, () => getKernel()[c][i][j], replace, neighbour);
  }

  function show(kernel, { patch, products, sums }) {
    const heaviest = Math.max(1e-9, ...kernel.flat(2).map(Math.abs));
    const largest = heaviest * Math.max(Math.abs(low), high);
    rows.forEach((row, c) => {
      row.sum.textContent = `Σ ${format(sums[c])}`;
      row.patch.forEach((cells, i) =>
        cells.forEach((cell, j) => {
          const [value, weight, product] = [patch[c][i][j], kernel[c][i][j], products[c][i][j]];
          tint(cell, grey(share(value)), format(value));
          tint(row.inputs[i][j], diverging((0.6 * weight) / heaviest), formatWeight(weight));
          tint(row.products[i][j], diverging((0.85 * product) / largest), formatShort(product));
        }),
      );
    });
  }
  return { root, resize, show };
}

function sumRow(rows, columns, patchTitle, makeWeight) {
  const table = (title, makeCell) => {
    const cells = range(rows).map((i) => range(columns).map((j) => makeCell(i, j)));
    const grid = element("div", { class: "catdog-table" }, ...cells.flat());
    grid.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
    grid.style.maxWidth = `${46 * columns}px`;
    const root = element("div", { class: "catdog-named" }, element("span", {}, title), grid);
    return { cells, root };
  };
  const plain = () => element("span", { class: "catdog-value" });
  const patch = table(patchTitle, plain);
  const weights = table("kernel", makeWeight);
  const products = table("products", plain);
  const sum = element("span", { class: "catdog-sum" });
  for (const hidden of [patch, products]) hidden.root.setAttribute("aria-hidden", "true");
  const root = element("div", { class: "catdog-sumrow" });
  root.append(patch.root, operatorSign("×"), weights.root, operatorSign("="), products.root, sum);
  return { root, patch: patch.cells, inputs: weights.cells, products: products.cells, sum };
}

// A field for one weight; neighbour(−1 or 1) returns the field above or below, if there is one.
function weightField(label, getWeight, onWeight, neighbour) {
  const input = element("input", {
    class: "catdog-value", "aria-label": label, autocomplete: "off",
  });
  input.addEventListener("input", () => {
    const weight = parseWeight(input.value);
    input.setAttribute("aria-invalid", String(Number.isNaN(weight)));
    if (!Number.isNaN(weight)) onWeight(weight);
  });
  input.addEventListener("focus", () => input.select());
  input.addEventListener("blur", () => {
    input.removeAttribute("aria-invalid");
    input.value = formatWeight(getWeight());
  });
  handleKeys(input, {
    ArrowUp: () => neighbour(-1)?.focus(),
    ArrowDown: () => neighbour(1)?.focus(),
  });
  return input;
}

function tint(cell, rgb, text) {
  cell.style.background = cssColour(rgb);
  cell.style.color = inkOn(rgb);
  if (cell.tagName !== "INPUT") cell.textContent = text;
  else if (document.activeElement !== cell) cell.value = text;
}
