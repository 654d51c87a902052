// What the viewer says in words.

import { receptiveFields, runs } from "./math.js";

// "rows 3 to 9"; gaps are named as such.
export function positionsText(name, positions) {
  if (!positions.length) return `no ${name}`;
  const [first, last] = [positions[0], positions.at(-1)];
  const gaps = runs(positions).length > 1 ? ", with gaps" : "";
  return `${name} ${first}${first === last ? "" : ` to ${last}`}${gaps}`;
}

// The sentence under the figures; rows and columns are those of the photo that the unit sees.
export function viewerSentence(layers, { sizes, layer, row, column }, rows, columns) {
  if (!layers.length) return "No layer yet: add a convolution.";
  const stop =
    sizes.length <= layers.length
      ? ` Layer ${sizes.length} does not fit on a map of ${sizes.at(-1)}.`
      : "";
  if (!layer) return stop.trim();
  const { size } = receptiveFields(layers)[layer - 1];
  const seen = `${positionsText("rows", rows)} and ${positionsText("columns", columns)}`;
  const extent = (positions) => (positions.length ? positions.at(-1) - positions[0] + 1 : 0);
  const cut =
    Math.min(extent(rows), extent(columns)) < size ? "; the rest lies outside the photo" : "";
  return (
    `Layer ${layer}, unit in row ${row}, column ${column}: it sees ${seen} of the photo. ` +
    `Its receptive field is ${size}×${size}${cut}.${stop}`
  );
}
