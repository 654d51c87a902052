// The timeline: a bar for each layer, in order, as high as the shortest time that it could take.

import { block, caption, setAttributes, svgElement } from "../dom.js";
import { range } from "../math.js";
import { followPointer, hovers } from "../pointer.js";
import { rectangle } from "../svg.js";
import { FRAME, WIDTH, axisTitle, chart, layerKeys, limitClass } from "./frame.js";
import { duration } from "./text.js";

const [ROOM, RISE] = [FRAME.right - FRAME.left, FRAME.bottom - FRAME.top];

// The largest of 1, 2, 5, 10, … at which two or more steps fit below a value.
export function niceStep(value) {
  const power = 10 ** Math.floor(Math.log10(value / 2));
  return [5, 2, 1].map((digit) => digit * power).find((step) => 2 * step <= value);
}

// onLayer gets the number of the layer that pointer or keys have chosen.
export function timeline(onLayer) {
  const ticks = svgElement("g", { class: "catdog-roof-ticks" });
  const bars = svgElement("g", {});
  const mark = svgElement("rect", { class: "catdog-here", y: FRAME.top, height: RISE });
  const svg = chart();
  svg.append(ticks, mark, bars);
  const words = caption();
  let count = 1;
  const keys = layerKeys(svg, onLayer);
  followPointer(svg, hovers, (across) => {
    const layer = Math.floor(((across * WIDTH - FRAME.left) / ROOM) * count);
    if (layer >= 0 && layer < count) onLayer(layer);
  });
  return {
    root: block(svg, words),
    // bounds: of the layers; measured: the seconds of some of them, by name
    show({ layers, bounds, at }, measured) {
      count = layers.length;
      const real = layers.map(({ name }) => measured[name] ?? 0);
      const highest = Math.max(...bounds.map(({ seconds }) => seconds), ...real);
      const width = ROOM / count;
      const shape = (i, seconds, kind) => {
        const height = (RISE * seconds) / highest;
        const gap = Math.min(2, width / 5);
        const [x, y] = [FRAME.left + i * width + gap / 2, FRAME.bottom - height];
        return rectangle(x, y, width - gap, height, `catdog-layer ${kind}`);
      };
      bars.replaceChildren(
        ...bounds.map(({ seconds, byMemory }, i) => shape(i, seconds, limitClass(byMemory))),
        ...range(count).filter((i) => real[i]).map((i) =>
          shape(i, real[i], `${limitClass(bounds[i].byMemory)} catdog-real`),
        ),
      );
      setAttributes(mark, { x: FRAME.left + at * width, width: Math.max(width, 3) });
      ticks.replaceChildren(...timeTicks(highest), ...orderTicks(count));
      keys.show(at, count);
      words.textContent =
        "The shortest time of each layer, from the first on the left to the last. " +
        (Object.keys(measured).length ? "Outlined: the time that was measured." : "");
      svg.setAttribute("aria-label", "Time of each layer; arrow keys go from layer to layer");
    },
  };
}

function timeTicks(highest) {
  const step = niceStep(highest);
  return range(Math.floor(highest / step) + 1).flatMap((i) => {
    const y = FRAME.bottom - (RISE * i * step) / highest;
    const text = i ? duration(i * step) : "0";
    return [
      svgElement("path", { class: "catdog-roof-lines", d: `M${FRAME.left} ${y}H${FRAME.right}` }),
      svgElement("text", { x: FRAME.left - 4, y: y + 4, class: "catdog-end" }, text),
    ];
  });
}

function orderTicks(count) {
  const y = FRAME.bottom + 14;
  return [
    svgElement("text", { x: FRAME.left + ROOM / count / 2, y }, "1"),
    svgElement("text", { x: FRAME.right, y, class: "catdog-end" }, String(count)),
    axisTitle(`the ${count} layers, in order`),
  ];
}
