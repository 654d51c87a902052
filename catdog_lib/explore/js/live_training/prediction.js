// One prediction, step by step: the stages to choose from, the chosen map with a pixel to move over
// it, the other channels, and the arithmetic of that pixel.

import { pixelsUrl } from "../canvas.js";
import { colourMap, diverging, grey } from "../colour.js";
import { block, button, caption, element, liveLine, operatorSign } from "../dom.js";
import { integerField } from "../fields.js";
import { framedImage, numberTable } from "../feature_map_browser/tiles.js";
import { clamp, range } from "../math.js";
import { arrowKeys, drags, followPointer, handleKeys } from "../pointer.js";
import { setState } from "../state.js";
import { largestOf } from "./filters.js";
import { NAMES } from "./mistakes.js";
import { CHANNELS, softmax } from "./network.js";
import { bytesAt, imageAt } from "./problem.js";
import {
  LINEAR, SOFTMAX, STAGES, blockOf, placeIn, stageSentence, stagesOf, strongestChannel, tablesOf,
} from "./stages.js";
import { mapTiles } from "./tiles.js";

export const PREDICTION = ["image", "stage", "channel", "row", "column"];

const symmetric = (values) => {
  const limit = Math.max(1e-30, largestOf(values));
  return colourMap({ minimum: -limit, maximum: limit });
};

// The values of a channel of a stage, and their colours; the probabilities for the last stage.
function mapOf(stage, channel) {
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

export function predictionView(model, problem) {
  const set = (values) => setState(model, values);
  const count = problem.labels.length - problem.validationFrom;
  // The channels of another block are others.
  function toStage(to) {
    const stage = clamp(to, 0, SOFTMAX);
    const same = blockOf(stage) === blockOf(model.get("stage"));
    set(same ? { stage } : { stage, channel: -1 });
  }
  const imageField = integerField("validation image", 0, count - 1, (image) => set({ image }));
  const back = button("← Back", () => toStage(model.get("stage") - 1));
  const next = button("Next →", () => toStage(model.get("stage") + 1));
  const stageTiles = mapTiles("stage", STAGES.length, toStage);
  const map = mapPanel(model, problem, toStage);
  const channels = mapTiles("channel", Math.max(...CHANNELS), (channel) => set({ channel }));
  const channelWords = caption();
  const channelBlock = block(channels.root, channelWords);
  const sums = sumPanel();
  const line = liveLine();
  const fields = element("div", { class: "catdog-fields" }, imageField.root);
  fields.append(element("div", { class: "catdog-row" }, back, next));
  const grids = element("div", { class: "catdog-thirds" }, map.root, channelBlock);
  const root = element("section", { class: "catdog-block", "aria-label": "One prediction" });
  root.append(
    element("p", { class: "catdog-heading" }, "One prediction, step by step"),
    fields, stageTiles.root, grids, sums.root, line,
  );

  function showTiles(stages, chosen, channel) {
    const item = (stage, at, words, name) => ({ words, name, ...mapOf(stage, at) });
    const shown = (stage) =>
      blockOf(stage.i) === blockOf(chosen.i) ? channel : strongestChannel(stages, blockOf(stage.i));
    stageTiles.show(
      stages.map((stage) => item(stage, shown(stage), stage.name, stage.name)), chosen.i,
    );
    channelBlock.hidden = chosen.channels === 1 || chosen.i === SOFTMAX;
    if (channelBlock.hidden) return;
    const all = range(chosen.channels);
    channels.show(all.map((at) => item(chosen, at, String(at), `channel ${at}`)), channel);
    channelWords.textContent = `All ${chosen.channels} channels of this stage.`;
  }

  return {
    root,
    line,
    // network: with the weights of this moment
    show(network) {
      const state = Object.fromEntries(PREDICTION.map((name) => [name, model.get(name)]));
      const number = problem.validationFrom + state.image;
      const image = imageAt(problem, number);
      network.forward(image);
      const stages = stagesOf(network, image, problem.size);
      const stage = stages[state.stage];
      const block = blockOf(stage.i);
      const wanted = state.channel < 0 ? strongestChannel(stages, block) : state.channel;
      const channel = Math.min(wanted, stage.channels - 1);
      const [y, x] = placeIn(stage, problem.size, state.row, state.column);
      const layer = network.layers[Math.min(stage.i, LINEAR) - 1];
      const byte = bytesAt(problem, number)[state.row * problem.size + state.column];
      const label = problem.labels[number];
      showTiles(stages, stage, channel);
      imageField.show(state.image);
      [back.disabled, next.disabled] = [stage.i === 0, stage.i === SOFTMAX];
      map.show(stage, channel, [y, x], NAMES[label]);
      sums.show(tablesOf(stage, layer, channel, y, x));
      line.textContent =
        `Step ${stage.i + 1} of ${STAGES.length}, ${stage.name}. ` +
        stageSentence(stage, layer, { channel, y, x, byte, problem, label });
      return stages;
    },
  };
}

// The chosen map, large; pointer and arrow keys move the pixel on it.
function mapPanel(model, problem, toStage) {
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
      `How each value of map ${channel} speaks, for dog (violet) or for cat (brown): the value ` +
      "times the difference of its two weights."
    );
  }
  return `Channel ${channel} after ${name}, ${size}×${size}. ${colours}`;
}

// The arithmetic of the pixel: tables with signs between them.
function sumPanel() {
  const parts = range(3).map(() => {
    const [sign, table] = [operatorSign(""), numberTable()];
    return { root: element("div", { class: "catdog-term" }, sign, table.root), sign, table };
  });
  return {
    root: element("div", { class: "catdog-sumrow" }, ...parts.map(({ root }) => root)),
    // tables: { sign, title, rows } of each
    show(tables) {
      parts.forEach(({ root, sign, table }, i) => {
        root.hidden = i >= tables.length;
        if (root.hidden) return;
        const { title, rows } = tables[i];
        sign.textContent = tables[i].sign ?? "";
        table.show(title, rows, symmetric(rows.flat()));
      });
    },
  };
}
