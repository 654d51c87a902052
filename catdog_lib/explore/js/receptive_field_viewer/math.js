// What a unit sees, as in catdog_lib.inspect.receptive_field. No page is needed.

import { convOutputSize } from "../math.js";

// For each layer, in pixels of the photo: the size of a unit's receptive field, the jump from unit
// to unit, and the centre of the first unit's field (start). A field may extend beyond the photo.
export function receptiveFields(layers) {
  let [size, jump, start] = [1, 1, 0];
  return layers.map(({ kernel, stride, padding, dilation }) => {
    size += dilation * (kernel - 1) * jump;
    start += ((dilation * (kernel - 1)) / 2 - padding) * jump;
    jump *= stride;
    return { size, jump, start };
  });
}

// The side of the photo and of each layer's map; it ends early where a kernel no longer fits, or
// where PyTorch refuses a layer.
export function mapSizes(size, layers) {
  const sizes = [size];
  for (const layer of layers) {
    const { kernel, stride, padding, dilation } = layer;
    const next = convOutputSize(sizes.at(-1), kernel, stride, padding, dilation);
    if (next < 1 || padsTooMuch(layer)) break;
    sizes.push(next);
  }
  return sizes;
}

// Max-pooling takes at most half of its kernel as padding.
export const padsTooMuch = ({ kind, kernel, padding }) =>
  kind === "pool" && padding > Math.floor(kernel / 2);

// Which positions, along one side, a unit sees: in its own map, in each map below, and in the photo
// (at index 0). Padding is not counted, and a dilated kernel leaves gaps.
export function seenPositions(layers, sizes, layer, index) {
  const found = [[index]];
  for (let below = layer - 1; below >= 0; below -= 1) {
    const { kernel, stride, padding, dilation } = layers[below];
    const positions = new Set();
    for (const unit of found[0]) {
      for (let i = 0; i < kernel; i += 1) positions.add(unit * stride - padding + i * dilation);
    }
    const inside = [...positions].filter((at) => at >= 0 && at < sizes[below]);
    found.unshift(inside.sort((a, b) => a - b));
  }
  return found;
}

// Adjacent positions together: [1, 2, 3, 7] is [[1, 3], [7, 7]].
export function runs(positions) {
  const found = [];
  for (const at of positions) {
    if (found.length && found.at(-1)[1] === at - 1) found.at(-1)[1] = at;
    else found.push([at, at]);
  }
  return found;
}

// The areas in which these rows and columns meet, as one path.
export function areas(rows, columns) {
  return runs(rows)
    .flatMap(([top, bottom]) =>
      runs(columns).map(([left, right]) => `M${left} ${top}H${right + 1}V${bottom + 1}H${left}Z`),
    )
    .join("");
}
