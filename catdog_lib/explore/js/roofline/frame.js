// What both charts share: their frame, the colours of the two limits, the keys from layer to layer.

import { svgElement } from "../dom.js";
import { clamp } from "../math.js";
import { arrowKeys, handleKeys } from "../pointer.js";

export const [WIDTH, HEIGHT] = [400, 300];
export const FRAME = { left: 50, right: 392, top: 10, bottom: 264 };

export const chart = () =>
  svgElement("svg", {
    class: "catdog-grid catdog-moving catdog-ground", tabindex: 0, role: "application",
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
  });

export const limitClass = (byMemory) => `catdog-racer-${byMemory ? 1 : 4}`;

// The class of a machine's roof: dashed if a data sheet says so, and nobody measured it.
export const roofClass = (i, { specified }) =>
  `catdog-roof catdog-racer-${i} ${specified ? "catdog-specified" : ""}`;

// The words below the horizontal axis.
export const axisTitle = (text) =>
  svgElement("text", { x: (FRAME.left + FRAME.right) / 2, y: HEIGHT - 6 }, text);

// onLayer gets the number of the new layer.
export function layerKeys(svg, onLayer) {
  let [layer, count] = [0, 1];
  const goTo = (to) => {
    layer = clamp(to, 0, count - 1); // at once: the next key may come before the next frame
    onLayer(layer);
  };
  handleKeys(svg, {
    ...arrowKeys((down, right) => goTo(layer + right + down)),
    Home: () => goTo(0),
    End: () => goTo(count - 1),
  });
  return {
    show(now, layers) {
      [layer, count] = [now, layers];
    },
  };
}
