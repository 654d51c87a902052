// The curves of training and validation over the updates.

import { caption, element, svgElement } from "../dom.js";
import { significant } from "../format.js";

const [WIDTH, HEIGHT] = [300, 250];
const [LEFT, BOTTOM, TOP, RIGHT] = [34, 22, 8, 8]; // room around the curves
const KINDS = ["training", "validation"];
const SHORTEST = 100; // updates on the axis

// what: "loss" or "accuracy". highest(values): the upper end of the axis. remark(points): more for
// the caption.
export function curveChart(what, highest, remark = () => "") {
  const lines = KINDS.map((kind) =>
    svgElement("polyline", { class: `catdog-learning catdog-${kind}` }),
  );
  const axes = svgElement("g", { class: "catdog-ticks" });
  const clip = svgElement("svg", {
    x: LEFT, y: TOP, width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM,
  });
  clip.append(...lines);
  const svg = svgElement(
    "svg",
    { class: "catdog-grid", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" },
    axes,
    clip,
  );
  const words = caption();
  const values = KINDS.map((kind) => element("b", { class: `catdog-${kind}-text` }));
  const more = element("span", {});
  words.append(
    `${what}: training (solid line) `, values[0], ", validation (dashed) ", values[1], more,
  );
  return {
    root: element("div", {}, svg, words),
    // points: { step, training, validation } with the numbers, or null, of each
    show(points) {
      const most = Math.max(SHORTEST, points.at(-1).step);
      const numbers = points.flatMap((point) => KINDS.map((kind) => point[kind]?.[what] ?? 0));
      const top = highest(numbers);
      const [across, up] = [WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM];
      KINDS.forEach((kind, i) => {
        const known = points.filter((point) => Number.isFinite(point[kind]?.[what]));
        const place = (point) => {
          const share = Math.min(2, point[kind][what] / top); // what is higher leaves the chart
          return `${((across * point.step) / most).toFixed(1)},${(up * (1 - share)).toFixed(1)}`;
        };
        lines[i].setAttribute("points", known.map(place).join(" "));
        values[i].textContent = known.length ? significant(known.at(-1)[kind][what], 3) : "–";
      });
      more.textContent = remark(points);
      axes.replaceChildren(...axesOf(most, top));
      svg.setAttribute("aria-label", `${words.textContent}, after ${points.at(-1).step} updates`);
    },
  };
}

function axesOf(most, top) {
  const text = (x, y, words, anchor = "middle") =>
    svgElement("text", { x, y, style: `text-anchor: ${anchor}` }, words);
  const [bottom, end] = [HEIGHT - BOTTOM, WIDTH - RIGHT];
  return [
    svgElement("path", { class: "catdog-bar", d: `M${LEFT} ${TOP}V${bottom}H${end}` }),
    ...[0, 0.5, 1].map((share) =>
      text(LEFT - 4, bottom - share * (bottom - TOP) + 4, significant(share * top, 2), "end"),
    ),
    text(LEFT, HEIGHT - 8, "0"),
    text(end, HEIGHT - 8, `${most} updates`, "end"),
  ];
}

// The loss of a network that guesses is ln 2 = 0.69; what is far above it leaves the chart.
export const lossTop = (losses) =>
  Math.min(2, Math.ceil(10 * Math.max(0.8, ...losses)) / 10);
export const accuracyTop = () => 1;

// Where validation was best: to be seen only afterwards.
export function lowestLoss(points) {
  const lowest = points.reduce((a, b) => (b.validation.loss < a.validation.loss ? b : a));
  return ` (lowest: ${significant(lowest.validation.loss, 3)}, at update ${lowest.step})`;
}
