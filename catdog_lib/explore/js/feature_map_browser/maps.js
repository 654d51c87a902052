// The layers and the channels to choose from, and the chosen map; pointer and keys move its unit.

import { pixelsUrl } from "../canvas.js";
import { colourMap } from "../colour.js";
import { block, caption } from "../dom.js";
import { fieldRow, selectField, setOptions } from "../fields.js";
import { clamp } from "../math.js";
import { arrowKeys, drags, followPointer, handleKeys } from "../pointer.js";
import { digits } from "./text.js";
import { framedImage, tileGroup } from "./tiles.js";

// state: see browserState
export function layerTiles(state) {
  const tiles = tileGroup("layer", state.toLayer);
  tiles.fill(
    state.layers.map((layer, i) => {
      const map = state.mapAt(i, 0, layer.steps.length);
      const name = `${layer.title} ${layer.all_channels}×${layer.size.join("×")}`;
      const words = name.replaceAll(".", ".\u200b"); // a line may break after a dot
      return { words, name, size: layer.size, values: map.values, colour: colourMap(map) };
    }),
  );
  return tiles;
}

export function channelTiles(state) {
  const choose = (i) => state.set({ channel: state.read().layer.channels[i], source: -1 });
  const tiles = tileGroup("channel", choose);
  const words = caption();
  let shownKey = "";
  return {
    root: block(tiles.root, words),
    show({ number, layer, at, steps }) {
      if (shownKey !== `${number} ${steps}`) {
        shownKey = `${number} ${steps}`;
        tiles.fill(
          layer.channels.map((channel, i) => {
            const map = state.mapAt(number, i, steps);
            const item = { words: channel, name: `channel ${channel}`, size: layer.size };
            return { ...item, values: map.values, colour: colourMap(map) };
          }),
        );
        const [few, all] = [layer.channels.length, layer.all_channels];
        words.textContent = few < all ? `${few} of its ${all} channels.` : `Its ${all} channels.`;
      }
      tiles.show(at);
    },
  };
}

export function mapView(state) {
  const map = framedImage({
    class: "catdog-grid catdog-ground catdog-moving", tabindex: 0, role: "application",
  });
  const words = caption();
  const step = selectField("map after", [], (value) => state.set({ step: Number(value) }));
  moveUnit(map.svg, state);
  let stepsKey = "";
  let mapKey = "";
  return {
    root: block(map.svg, words, fieldRow(step)),
    show({ number, layer, at, steps, shown, row, column }) {
      if (stepsKey !== `${number} ${steps}`) {
        stepsKey = `${number} ${steps}`;
        const names = ["convolution", ...layer.steps.map(({ name }) => name)];
        setOptions(step.select, names.map((name, i) => [i, name]));
      }
      step.select.value = steps;
      if (mapKey !== `${stepsKey} ${at}`) {
        mapKey = `${stepsKey} ${at}`;
        map.show(layer.size, pixelsUrl(layer.size, shown.values, colourMap(shown)));
      }
      map.frame(column, row, 1, 1);
      const size = layer.size.join("×");
      const channel = layer.channels[at];
      const values = `from ${digits(shown.minimum)} to ${digits(shown.maximum)}`;
      const key = shown.minimum < 0 ? "brown below 0, violet above" : "black is 0";
      words.textContent = `Channel ${channel}, ${size}, ${values}; ${key}.`;
      const keys =
        "arrow keys move the pixel, Home takes the largest value, " +
        "Page Up and Page Down change the layer";
      const what = `Map of channel ${channel} of ${layer.title}, ${size}`;
      map.svg.setAttribute("aria-label", `${what}; ${keys}`);
    },
  };
}

function moveUnit(svg, state) {
  const moveTo = (row, column) => {
    const [rows, columns] = state.read().layer.size;
    state.set({ row: clamp(row, 0, rows - 1), column: clamp(column, 0, columns - 1) });
  };
  followPointer(svg, drags, (across, down) => {
    const [rows, columns] = state.read().layer.size;
    moveTo(Math.floor(down * rows), Math.floor(across * columns));
  });
  const move = (down, right) => {
    const { row, column } = state.read();
    moveTo(row + down, column + right);
  };
  const changeLayer = (by) => {
    const number = state.read().number + by;
    if (number >= 0 && number < state.layers.length) state.toLayer(number);
  };
  handleKeys(svg, {
    ...arrowKeys(move),
    Home: () => state.set({ row: -1, column: -1 }),
    PageUp: () => changeLayer(1),
    PageDown: () => changeLayer(-1),
  });
}
