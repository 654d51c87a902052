// What the charts of the slider share.

import { svgElement } from "../dom.js";
import { format } from "../format.js";

export const SIDE = 300; // of the map and of the curve

export const square = (attributes) =>
  svgElement("svg", { ...attributes, viewBox: `0 0 ${SIDE} ${SIDE}` });

// The points of a polyline.
export const polylinePoints = (points) =>
  points.map((point) => point.map((at) => at.toFixed(1))).join(" ");

export const penaltyClass = (penalty) => (penalty === "L2" ? "catdog-racer-4" : "catdog-racer-1");

// The two axes, with their names and with ±1. place: from a point's values to the chart.
export function axes(place, names) {
  const [middle, end] = [place([0, 0]), place([1, 1])];
  const text = (x, y, words) => svgElement("text", { x, y }, words);
  const ticks = (at) => [
    text(place([at, 0])[0], middle[1] + 14, format(at)),
    text(middle[0] - 10, place([0, at])[1] + 4, format(at)),
  ];
  return [
    svgElement("path", {
      class: "catdog-bar", d: `M0 ${middle[1]}H${SIDE}M${middle[0]} 0V${SIDE}`,
    }),
    svgElement(
      "g",
      { class: "catdog-ticks" },
      text(SIDE - 22, middle[1] - 5, names[0]),
      text(middle[0] + 22, 12, names[1]),
      ...(end[0] < SIDE ? [-1, 1].flatMap(ticks) : []),
    ),
  ];
}
