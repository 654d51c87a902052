// The map of a surface: lines of equal loss, and a shade between them.

import { element } from "../dom.js";

// Lines on which a function has a given height, as one SVG path in steps of a grid: marching
// squares. values: rows of numbers. A cell whose four corners are not all on one side is crossed.
export function contour(values, height) {
  let path = "";
  const cross = (from, to) => (height - from) / (to - from);
  for (let r = 0; r + 1 < values.length; r += 1) {
    for (let c = 0; c + 1 < values[r].length; c += 1) {
      const corners = [values[r][c], values[r][c + 1], values[r + 1][c + 1], values[r + 1][c]];
      const [a, b, d, e] = corners; // around the cell, from its first corner
      const above = corners.map((corner) => corner > height);
      const points = [];
      if (above[0] !== above[1]) points.push([c + cross(a, b), r]);
      if (above[1] !== above[2]) points.push([c + 1, r + cross(b, d)]);
      if (above[2] !== above[3]) points.push([c + 1 - cross(d, e), r + 1]);
      if (above[3] !== above[0]) points.push([c, r + 1 - cross(e, a)]);
      for (let i = 0; i < points.length; i += 2) {
        path += `M${points[i].map(hundredths)}L${points[i + 1].map(hundredths)}`;
      }
    }
  }
  return path;
}

const hundredths = (value) => Math.round(value * 100) / 100;

// The shade as the address of an image: the deeper, the fewer contour lines lie below.
// value(column, row): the loss at a point of a grid with so many units between its points.
export function shadingUrl(value, levels, [width, height], unit) {
  const canvas = element("canvas", { width: width / 2, height: height / 2 });
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  for (let r = 0; r < canvas.height; r += 1) {
    for (let c = 0; c < canvas.width; c += 1) {
      const loss = value(((c + 0.5) * 2) / unit, ((r + 0.5) * 2) / unit);
      const below = levels.filter((level) => level < loss).length;
      const opacity = 150 * (1 - below / levels.length);
      image.data.set([128, 128, 128, opacity], 4 * (r * canvas.width + c));
    }
  }
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}
