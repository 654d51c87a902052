// The roofs of the machines on logarithmic axes, and the chosen network's layers as points.

import { block, caption, setAttributes, svgElement } from "../dom.js";
import { range } from "../math.js";
import { followPointer, hovers } from "../pointer.js";
import {
  FRAME, HEIGHT, WIDTH, axisTitle, chart, layerKeys, limitClass, roofClass,
} from "./frame.js";
import { digits } from "./text.js";

const [ACROSS, UP] = [[0.05, 5000], [5e8, 2e15]]; // operations a byte, operations a second
const NEAR = 24; // how far from a point the pointer still means it

// One shape for each family of layers, so that colour is not all that tells them apart.
export const SHAPES = {
  convolution: "M-4.5 0A4.5 4.5 0 1 0 4.5 0A4.5 4.5 0 1 0-4.5 0Z",
  linear: "M-4-4H4V4H-4Z",
  other: "M0-5L4.6 3.6H-4.6Z",
};

const along = (value, [low, high]) => Math.log(value / low) / Math.log(high / low);

// A point of the chart: so many operations a byte, so many operations a second.
export const placeOf = (intensity, rate) => [
  FRAME.left + along(intensity, ACROSS) * (FRAME.right - FRAME.left),
  FRAME.bottom - along(rate, UP) * (FRAME.bottom - FRAME.top),
];

const pathOf = (points) => `M${points.map((point) => point.map((at) => at.toFixed(1))).join("L")}`;

// The roof: it rises with the bandwidth up to the corner, and is level from there.
function roofPath({ peak, bandwidth }) {
  const corner = peak / bandwidth;
  const start = Math.max(ACROSS[0], UP[0] / bandwidth);
  const points = [[start, start * bandwidth], [corner, peak], [ACROSS[1], peak]];
  return pathOf(points.map((point) => placeOf(...point)));
}

function axisParts() {
  const tick = (x, y, text, kind = "") => svgElement("text", { x, y, class: kind }, text);
  const across = [0.1, 1, 10, 100, 1000].map((at) => [placeOf(at, UP[0])[0], at]);
  const up = [1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15].map((at) => [placeOf(1, at)[1], at]);
  const lines = [
    ...across.map(([x]) => `M${x} ${FRAME.top}V${FRAME.bottom}`),
    ...up.map(([y]) => `M${FRAME.left} ${y}H${FRAME.right}`),
  ];
  return [
    svgElement("path", { class: "catdog-roof-lines", d: lines.join("") }),
    svgElement(
      "g", { class: "catdog-roof-ticks" },
      ...across.map(([x, at]) => tick(x, FRAME.bottom + 14, digits(at))),
      ...up.map(([y, at]) => tick(FRAME.left - 4, y + 4, shortRate(at), "catdog-end")),
      axisTitle("arithmetic intensity, operations a byte"),
    ),
  ];
}

const shortRate = (rate) => (rate >= 1e12 ? `${rate / 1e12} T` : `${rate / 1e9} G`);

// onLayer gets the number of the layer that pointer or keys have chosen.
export function roofChart(machines, onLayer) {
  const roofs = machines.map((machine, i) =>
    svgElement("path", { class: roofClass(i, machine), d: roofPath(machine) }),
  );
  const points = svgElement("g", {});
  const mark = svgElement("circle", { r: 9, class: "catdog-ring" });
  const svg = chart();
  svg.append(...axisParts(), ...roofs, points, mark);
  const words = caption();
  let places = [];
  const keys = layerKeys(svg, onLayer);
  followPointer(svg, hovers, (across, down) => {
    const [x, y] = [across * WIDTH, down * HEIGHT];
    const distances = places.map(([px, py]) => Math.hypot(px - x, py - y));
    const least = Math.min(...distances);
    if (least < NEAR) onLayer(distances.indexOf(least));
  });
  return {
    root: block(svg, words),
    // bounds: of the layers; measured: the seconds of some of them, by name
    show({ layers, bounds, at, machine }, measured) {
      machines.forEach(({ name }, i) =>
        roofs[i].classList.toggle("catdog-chosen", name === machine.name),
      );
      places = bounds.map(({ intensity, rate }) => placeOf(intensity, rate));
      points.replaceChildren(...layerPoints(layers, bounds, places, measured));
      const [cx, cy] = places[at];
      setAttributes(mark, { cx, cy });
      keys.show(at, layers.length);
      words.textContent = captionText(machine, machines);
      const what = `Roofline of ${machine.name}, each layer a point`;
      svg.setAttribute("aria-label", `${what}; arrow keys go from layer to layer`);
    },
  };
}

function captionText({ name, bytes, peak, bandwidth }, machines) {
  const dashed = machines.some(({ specified }) => specified);
  return (
    `Upwards: operations a second (G: billion, T: trillion). The thick roof is that of ${name}, ` +
    `for numbers of ${bytes} bytes. Its corner is at ${digits(peak / bandwidth)} operations a ` +
    `byte.${dashed ? " Dashed: from a data sheet." : ""}`
  );
}

function layerPoints(layers, bounds, places, measured) {
  return range(layers.length).flatMap((i) => {
    const { byMemory, intensity, operations } = bounds[i];
    const kind = `catdog-layer ${limitClass(byMemory)}`;
    const shape = (point, more) =>
      svgElement("path", {
        d: SHAPES[layers[i].family], transform: `translate(${point})`, class: `${kind}${more}`,
      });
    const seconds = measured[layers[i].name];
    const found = seconds ? [shape(placeOf(intensity, operations / seconds), " catdog-real")] : [];
    return [shape(places[i], ""), ...found];
  });
}
