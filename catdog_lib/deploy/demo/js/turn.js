// Turn and mirror a photo until it is upright.

// orientation: 1 to 8, as EXIF counts: the stored photo is mirrored along x in 2, 3, 7 and 8, along
// y in 3, 4, 6 and 7; from 5 on its rows are columns.
export function upright({ width, height, values }, orientation) {
  if (orientation === 1) return { width, height, values };
  const mirrorX = [2, 3, 7, 8].includes(orientation);
  const mirrorY = [3, 4, 6, 7].includes(orientation);
  const swap = orientation >= 5;
  const [wide, high] = swap ? [height, width] : [width, height];
  const turned = new Uint8ClampedArray(values.length);
  for (let y = 0; y < high; y += 1) {
    for (let x = 0; x < wide; x += 1) {
      const [column, row] = swap ? [y, x] : [x, y];
      const from = (mirrorY ? height - 1 - row : row) * width +
        (mirrorX ? width - 1 - column : column);
      const at = 3 * (y * wide + x);
      for (let channel = 0; channel < 3; channel += 1) {
        turned[at + channel] = values[3 * from + channel];
      }
    }
  }
  return { width: wide, height: high, values: turned };
}
