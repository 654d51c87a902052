// The plane of two weights: the loss, the penalty, and the path of the minimiser as λ grows.

import { block, caption, setAttributes, svgElement } from "../dom.js";
import { significant } from "../format.js";
import { clamp, range } from "../math.js";
import { arrowKeys, drags, followPointer, handleKeys } from "../pointer.js";
import { setState } from "../state.js";
import { crossAt } from "../svg.js";
import { SIDE, axes, penaltyClass, polylinePoints, square } from "./chart.js";
import { contourPoints, loss, minimisers } from "./math.js";

const REACH = 1.2; // the map shows −1.2 … 1.2
const NOTCHES = 20; // the minimum moves by 1/20

const onPlane = ([x, y]) =>
  [x, -y].map((at) => clamp(((at / REACH + 1) / 2) * SIDE, -1e4, 1e4));

// keyHandlers: for the keys that do not move the minimum.
export function weightPlane(model, keyHandlers) {
  const ball = svgElement("path", { class: "catdog-ball" });
  const contours = svgElement("g", { class: "catdog-heights" });
  const touching = svgElement("polyline", { class: "catdog-touching" });
  const halo = svgElement("polyline", { class: "catdog-halo" });
  const trail = svgElement("polyline", { class: "catdog-trail" });
  const minimum = svgElement("path", { class: "catdog-minima" });
  const here = svgElement("circle", { r: 6, class: "catdog-runner" });
  const svg = square({
    class: "catdog-grid catdog-moving catdog-ground", tabindex: 0, role: "application",
  });
  const parts = svgElement("g", {}, ball, contours, touching, halo, trail, minimum, here);
  svg.append(...axes(onPlane, ["w₁", "w₂"]), parts);
  moveMinimum(svg, model, keyHandlers);
  const words = caption();

  // Returns the point at which the two weights are.
  function show(lam, penalty) {
    const center = [model.get("x"), model.get("y")];
    const path = minimisers(center, lam, penalty);
    const end = path.at(-1);
    const contour = (height) => polylinePoints(contourPoints(height, center).map(onPlane));
    const heights = range(9).map((i) => (0.22 * (i + 1)) ** 2 / 2);
    contours.replaceChildren(
      ...heights.map((height) => svgElement("polyline", { points: contour(height) })),
    );
    touching.setAttribute("points", contour(loss(end, center)));
    ball.setAttribute("d", ballPath(end, penalty));
    for (const line of [halo, trail]) {
      line.setAttribute("points", polylinePoints(path.map(onPlane)));
    }
    minimum.setAttribute("d", crossAt(onPlane(center)));
    const [cx, cy] = onPlane(end);
    setAttributes(here, { cx, cy });
    parts.setAttribute("class", penaltyClass(penalty));
    const how = penalty === "L1 subgradient" ? "the 200 steps to it" : "its path from λ = 0";
    words.textContent = `Two weights. × lowest loss; ● loss + penalty, and ${how}.`;
    const lowest = center.map((at) => significant(at, 3)).join(", ");
    const keys = "arrow keys move the minimum of the loss, Page Up and Page Down change λ";
    svg.setAttribute("aria-label", `Map of two weights, lowest loss at (${lowest}); ${keys}`);
    return end;
  }
  return { root: block(svg, words), show };
}

function moveMinimum(svg, model, keyHandlers) {
  const moveTo = (x, y) => {
    const tidy = (value) => Math.round(clamp(value, -1, 1) * NOTCHES) / NOTCHES;
    setState(model, { x: tidy(x), y: tidy(y) });
  };
  followPointer(svg, drags, (across, down) => {
    moveTo(REACH * (2 * across - 1), REACH * (1 - 2 * down));
  });
  const move = (down, right) =>
    moveTo(model.get("x") + right / NOTCHES, model.get("y") - down / NOTCHES);
  handleKeys(svg, { ...arrowKeys(move), ...keyHandlers });
}

// All weights with as much penalty as these two: a diamond for L1, a circle for L2.
function ballPath([x, y], penalty) {
  if (penalty === "L2") {
    const r = Math.hypot(x, y);
    const radius = (r / REACH) * (SIDE / 2);
    const [right, left] = [onPlane([r, 0]).join(" "), onPlane([-r, 0]).join(" ")];
    const arc = `A${radius} ${radius} 0 1 0 `;
    return `M${right}${arc}${left}${arc}${right}Z`;
  }
  const r = Math.abs(x) + Math.abs(y);
  const corners = [[r, 0], [0, r], [-r, 0], [0, -r]];
  return `M${corners.map((corner) => onPlane(corner).join(" ")).join("L")}Z`;
}
