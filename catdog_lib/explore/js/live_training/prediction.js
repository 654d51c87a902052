// One prediction, step by step: the stages to choose from, the chosen map with a pixel to move over
// it, the other channels, and the arithmetic of that pixel.

import { block, button, caption, element, liveLine, operatorSign } from "../dom.js";
import { numberTable } from "../feature_map_browser/tiles.js";
import { integerField } from "../fields.js";
import { clamp, range } from "../math.js";
import { getState, setState } from "../state.js";
import { mapOf, mapPanel, symmetric } from "./map.js";
import { NAMES } from "./mistakes.js";
import { CHANNELS } from "./network.js";
import { bytesAt, imageAt } from "./problem.js";
import {
  LINEAR, SOFTMAX, STAGES, blockOf, placeIn, stageSentence, stagesOf, strongestChannel, tablesOf,
} from "./stages.js";
import { mapTiles } from "./tiles.js";

const PREDICTION = ["image", "stage", "channel", "row", "column"];

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
  const tiles = stageView(toStage, (channel) => set({ channel }));
  const map = mapPanel(model, problem, toStage);
  const sums = sumPanel();
  const line = liveLine();
  const fields = element("div", { class: "catdog-fields" }, imageField.root);
  fields.append(element("div", { class: "catdog-row" }, back, next));
  const grids = element("div", { class: "catdog-thirds" }, map.root, tiles.channelRoot);
  const about = { role: "region", class: "catdog-block", "aria-label": "One prediction" };
  const root = element("div", about);
  root.append(
    element("p", { class: "catdog-heading" }, "One prediction, step by step"),
    fields, tiles.stageRoot, grids, sums.root, line,
  );
  return {
    root,
    line,
    // network: with the weights of this moment. Returns the stages.
    show(network) {
      const now = readPrediction(model, problem, network);
      const { stages, stage, channel, y, x, layer, label } = now;
      imageField.show(model.get("image"));
      back.setAttribute("aria-disabled", String(stage.i === 0)); // which keeps the focus
      next.setAttribute("aria-disabled", String(stage.i === SOFTMAX));
      tiles.show(stages, stage, channel);
      map.show(stage, channel, [y, x], NAMES[label]);
      sums.show(tablesOf(stage, layer, channel, y, x));
      line.textContent =
        `Step ${stage.i + 1} of ${STAGES.length}, ${stage.name}. ${stageSentence(stage, now)}`;
      return stages;
    },
  };
}

// What is chosen, and what the network makes of it.
function readPrediction(model, problem, network) {
  const { image, stage: i, channel: wanted, row, column } = getState(model, PREDICTION);
  const number = problem.validationFrom + image;
  const values = imageAt(problem, number);
  network.forward(values);
  const stages = stagesOf(network, values, problem.size);
  const stage = stages[i];
  const channel = wanted < 0 ? strongestChannel(stages, blockOf(i)) : wanted;
  const [y, x] = placeIn(stage, problem.size, row, column);
  return {
    problem, stages, stage, y, x,
    channel: Math.min(channel, stage.channels - 1),
    layer: network.layers[Math.min(i, LINEAR) - 1],
    byte: bytesAt(problem, number)[row * problem.size + column],
    label: problem.labels[number],
  };
}

// All stages, each with a map, and all channels of the chosen one.
function stageView(toStage, onChannel) {
  const stageTiles = mapTiles("stage", STAGES.length, toStage);
  const channels = mapTiles("channel", Math.max(...CHANNELS), onChannel);
  const words = caption();
  const channelRoot = block(channels.root, words);
  const item = (stage, at, words, name) => ({ words, name, ...mapOf(stage, at) });
  return {
    stageRoot: stageTiles.root,
    channelRoot,
    show(stages, chosen, channel) {
      const shown = ({ i }) =>
        blockOf(i) === blockOf(chosen.i) ? channel : strongestChannel(stages, blockOf(i));
      stageTiles.show(
        stages.map((stage) => item(stage, shown(stage), stage.name, stage.name)), chosen.i,
      );
      channelRoot.hidden = chosen.channels === 1 || chosen.i === SOFTMAX;
      if (channelRoot.hidden) return;
      const all = range(chosen.channels);
      channels.show(all.map((at) => item(chosen, at, String(at), `channel ${at}`)), channel);
      words.textContent = `All ${chosen.channels} channels of this stage.`;
    },
  };
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
