// How far to trust a share.

// Wilson's interval for `right` of `count`, as in catdog_lib.training.metrics.wilson_interval.
export function wilsonInterval(right, count, z = 1.96) {
  const p = right / count;
  const scale = 1 + (z * z) / count;
  const middle = (p + (z * z) / (2 * count)) / scale;
  const half = (z / scale) * Math.sqrt((p * (1 - p)) / count + (z * z) / (4 * count * count));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
