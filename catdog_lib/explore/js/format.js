// Numbers as text, and text as numbers.

export const minusSign = (text) => text.replaceAll("-", "−");
const withoutLeadingZero = (text) => text.replace(/^(−?)0\./, "$1.");

// At most two decimals, and none for an integer.
export function format(value) {
  const rounded = Math.round(value * 100) / 100;
  return minusSign(String(rounded === 0 ? 0 : rounded));
}

// The same for a small cell: three digits where they say enough, and .5 for 0.5.
export function formatShort(value) {
  if (Number.isInteger(value)) return format(value);
  const size = Math.abs(value);
  const decimals = size >= 99.95 ? 0 : size >= 9.95 ? 1 : 2;
  return withoutLeadingZero(format(Number(value.toFixed(decimals))));
}

// So many significant digits, so that a small number never looks like 0; a very large one gets a
// power of ten: 3.55·10⁷.
export function significant(value, digits) {
  if (Math.abs(value) < 1e6) return minusSign(String(Number(value.toPrecision(digits))));
  return withPower(value, digits - 1);
}

// Three significant digits for a small cell: −.0123
export const significantShort = (value) => withoutLeadingZero(significant(value, 3));

// A weight, as a fraction where it is one, also in float32: 1/9 and not 0.11.
export function formatWeight(value) {
  if (Math.abs(value * 100 - Math.round(value * 100)) < 1e-9) return format(value);
  for (let denominator = 3; denominator <= 256; denominator += 1) {
    const numerator = Math.round(value * denominator);
    const equal = Math.abs(numerator / denominator - value) < 3e-8;
    if (Math.abs(numerator) <= 20 && equal) return minusSign(`${numerator}/${denominator}`);
  }
  return Math.abs(value) < 0.005 ? significant(value, 2) : format(value); // never 0 for another
}

// What a student types: "0.5", "-1", "−1", "1/9", up to a million. NaN for anything else.
export function parseWeight(text) {
  const match = /^\s*([-−+]?\d*[.,]?\d*)\s*(?:\/\s*(\d+))?\s*$/.exec(text);
  if (!match || !/\d/.test(match[1])) return NaN;
  const value = Number(match[1].replace("−", "-").replace(",", ".")) / Number(match[2] ?? 1);
  return Math.abs(value) <= 1e6 ? value : NaN;
}

// "0.5", ",5", "1e-3". NaN for anything else, such as a space or hexadecimal digits.
export function parseDecimal(text) {
  const isNumber = /^\s*[-−+]?(\d+[.,]?\d*|[.,]\d+)(e[-+]?\d+)?\s*$/i.test(text);
  return isNumber ? Number(text.replace("−", "-").replace(",", ".")) : NaN;
}

// A loss in a few characters: 12.3, 0.0456, 7.8·10⁻⁹.
export function formatLoss(value) {
  const size = Math.abs(value);
  if (size === 0 || (size >= 0.001 && size < 10000)) return significant(value, 3);
  return withPower(value, 1);
}

function withPower(value, decimals) {
  if (!Number.isFinite(value)) return minusSign(String(value));
  const [digits, power] = value.toExponential(decimals).split("e");
  return minusSign(`${digits}·10${superscript(Number(power))}`);
}

const superscript = (power) =>
  String(power).replace("-", "⁻").replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
