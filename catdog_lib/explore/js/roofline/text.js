// What the roofline says in words, as in catdog_lib.explore.roofline.text.

import { memoryShare, totalSeconds } from "./math.js";

const LARGE = [
  [1e12, " trillion"], [1e9, " billion"], [1e6, " million"], [1e3, " thousand"], [1, ""],
];
const TIMES = [[1, " s"], [1e-3, " ms"], [1e-6, " µs"], [1e-9, " ns"]];

const inUnits = (value, units) => {
  const [unit, name] = units.find(([one]) => value >= one) ?? units.at(-1);
  return digits(value / unit) + name;
};

// Three significant digits, with commas: 0.125, 35.3, 1,870.
export const digits = (value) =>
  String(Number(value.toPrecision(3))).replace(/\B(?<!\..*)(?=(\d{3})+$)/g, ",");
export const large = (value) => inUnits(value, LARGE);
export const duration = (seconds) => inUnits(seconds, TIMES);
export const percent = (share) => `${Math.floor(100 * share + 0.5)}%`;

export function wholeText({ network, machine, batch, size }, bounds) {
  const seconds = totalSeconds(bounds);
  const slowed = bounds.filter(({ byMemory }) => byMemory);
  return (
    `${network}, ${batch} image${batch === 1 ? "" : "s"} of ${size} pixels, ${machine}: a ` +
    `prediction takes at least ${duration(seconds)}, so at most ${digits(batch / seconds)} ` +
    `images a second. Memory limits ${slowed.length} of ${bounds.length} layers; they take ` +
    `${percent(memoryShare(bounds))} of that time.`
  );
}

// measured: the seconds that the layer really took, if that is known.
export function layerText(name, machine, bound, measured) {
  const compare = bound.byMemory ? "below" : "not below";
  const limit = bound.byMemory ? "memory" : "arithmetic";
  const text =
    `${name}: ${large(bound.operations)} operations, ${large(bound.moved)} bytes, ` +
    `${digits(bound.intensity)} operations a byte. This is ${compare} the corner at ` +
    `${digits(machine.peak / machine.bandwidth)}, so ${limit} is the limit. ` +
    `At least ${duration(bound.seconds)}`;
  if (measured === undefined) return `${text}.`;
  const times = digits(measured / bound.seconds);
  return `${text}; measured: ${duration(measured)}, ${times} times that.`;
}
