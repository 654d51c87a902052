// What the viewer says in words.

import { significant } from "../format.js";
import { padsTooMuch, receptiveFields, runs } from "./math.js";

// A number of pixels; so many that nobody reads them get a power of ten.
export const pixels = (count) => (count < 1e6 ? String(count) : significant(count, 3));

// "rows 3 to 9"; gaps are named as such.
export function positionsText(name, positions) {
  if (!positions.length) return `no ${name}`;
  const [first, last] = [positions[0], positions.at(-1)];
  const gaps = runs(positions).length > 1 ? ", with gaps" : "";
  return `${name} ${first}${first === last ? "" : ` to ${last}`}${gaps}`;
}

// Why the maps end before the last layer, if they do.
function stopText(layers, sizes) {
  const number = sizes.length;
  if (number > layers.length) return "";
  const layer = layers[number - 1];
  if (!padsTooMuch(layer)) return ` Layer ${number} does not fit on a map of ${sizes.at(-1)}.`;
  const rule = "max-pooling takes at most half of its kernel as padding";
  return ` Layer ${number}: ${rule}, here ${Math.floor(layer.kernel / 2)}.`;
}

// The sentence under the figures; rows and columns are those of the photo that the unit sees.
export function viewerSentence(layers, { sizes, layer, row, column }, rows, columns) {
  if (!layers.length) return "No layer yet: add a convolution.";
  const stop = stopText(layers, sizes);
  if (!layer) return stop.trim();
  const { size } = receptiveFields(layers)[layer - 1];
  const seen = `${positionsText("rows", rows)} and ${positionsText("columns", columns)}`;
  const extent = (positions) => (positions.length ? positions.at(-1) - positions[0] + 1 : 0);
  const isCut = Math.min(extent(rows), extent(columns)) < size;
  const cut = isCut ? "; the rest is padding, or cut off at an edge" : "";
  return (
    `Layer ${layer}, unit in row ${row}, column ${column}: it sees ${seen} of the photo. ` +
    `Its receptive field is ${pixels(size)}×${pixels(size)}${cut}.${stop}`
  );
}
