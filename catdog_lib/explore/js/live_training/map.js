// The maps of the stages in their colours, and the chosen one, with a pixel to move over it.

import { pixelsUrl } from "../canvas.js";
import { colourMap, diverging, grey } from "../colour.js";
import { block, caption } from "../dom.js";
import { framedImage } from "../feature_map_browser/tiles.js";
import { clamp } from "../math.js";
import { arrowKeys, drags, followPointer, handleKeys } from "../pointer.js";
import { setState } from "../state.js";
import { largestOf } from "./filters.js";
import { softmax } from "./network.js";
import { LINEAR, SOFTMAX } from "./stages.js";

// White is 0, brown below, violet above.
export const symmetric = (values) => {
  const limit = Math.max(1e-30, largestOf(values));
  return colourMap({ minimum: -limit, maximum: limit });
};

// The values of a channel of a stage, and their colours; the probabilities for the last stage.
export function mapOf(stage, channel) {
  if (stage.i === SOFTMAX) {
    return { size: [1, 2], values: softmax(stage.logits), colour: diverging };
  }
  const area = stage.size * stage.size;
  const values = stage.values.subarray(channel * area, (channel + 1) * area);
  const size = [stage.size, stage.size];
  if (stage.i === 0) {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return { size, values, colour: (value) => grey((value - low) / (high - low)) };
  }
  return { size, values, colour: symmetric(stage.values) };
}

// The chosen map, large; pointer and arrow keys move the pixel on it.
export function mapPanel(model, problem, toStage) {
  const map = framedImage({
    class: "catdog-grid catdog-ground catdog-moving", tabindex: 0, role: "application",
  });
  const words = caption();
  let scale = 1; // pixels of the image on one of the map
  const moveTo = (row, column) => {
    const [y, x] = [row, column].map((at) => clamp(at, 0, problem.size / scale - 1));
    setState(model, { row: y * scale, column: x * scale });
  };
  followPointer(map.svg, drags, (across, down) => {
    const side = problem.size / scale;
    moveTo(Math.floor(down * side), Math.floor(across * side));
  });
  const place = () => ["row", "column"].map((name) => Math.floor(model.get(name) / scale));
  handleKeys(map.svg, {
    ...arrowKeys((down, right) => moveTo(place()[0] + down, place()[1] + right)),
    PageDown: () => toStage(model.get("stage") + 1),
    PageUp: () => toStage(model.get("stage") - 1),
  });
  return {
    root: block(map.svg, words),
    show(stage, channel, [y, x], name) {
      const { size, values, colour } = mapOf(stage, channel);
      const last = stage.i === SOFTMAX;
      scale = problem.size / stage.size;
      map.show(size, pixelsUrl(size, values, colour));
      map.svg.classList.toggle("catdog-moving", !last);
      map.frame(x, y, last ? 0 : 1, last ? 0 : 1);
      words.textContent = mapWords(stage, channel, name);
      map.svg.setAttribute(
        "aria-label", `${words.textContent} Arrow keys move the pixel, Page Up and Page Down ` +
          "change the stage.",
      );
    },
  };
}

function mapWords({ i, name, size }, channel, label) {
  const colours = "Brown is below 0, violet above.";
  if (i === 0) return `A ${label} of ${size}×${size} pixels.`;
  if (i === SOFTMAX) return "The probabilities of cat, left, and of dog, right; full violet is 1.";
  if (i === LINEAR) {
    return (
      `The votes of map ${channel}: each value times the difference of its two weights. Violet ` +
      "votes for dog, brown for cat."
    );
  }
  return `Channel ${channel} after ${name}, ${size}×${size}. ${colours}`;
}
