// Colours as [red, green, blue] from 0 to 255, and the colour maps of the course's figures.

import { clamp } from "./math.js";

const WHITE = [255, 255, 255];
const BROWN = [179, 88, 6]; // the ends of matplotlib's PuOr, which the static figures use
const VIOLET = [84, 39, 136];
// inferno, from matplotlib: from black through red to pale yellow.
const INFERNO = [[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]];

const mix = (from, to, share) =>
  from.map((value, i) => Math.round(value + share * (to[i] - value)));

// share: 0 black … 1 white
export const grey = (share) => mix([0, 0, 0], WHITE, clamp(share, 0, 1));
// share: −1 brown … 0 white … 1 violet
export const diverging = (share) =>
  mix(WHITE, share < 0 ? BROWN : VIOLET, clamp(Math.abs(share), 0, 1));
export const cssColour = (rgb) => `rgb(${rgb.join(", ")})`;

// share: 0 black … 1 pale yellow
export function heatColour(share) {
  const place = Math.min(INFERNO.length - 1.001, share * (INFERNO.length - 1));
  const i = Math.floor(place);
  return INFERNO[i].map((from, k) => Math.round(from + (place - i) * (INFERNO[i + 1][k] - from)));
}

// The colour map of a feature map: grey from 0 to its maximum; brown and violet where some values
// are below 0.
export function colourMap({ minimum, maximum }) {
  if (minimum >= 0) return (value) => grey(value / Math.max(maximum, 1e-30));
  const largest = Math.max(-minimum, maximum);
  return (value) => diverging(value / largest);
}

// Black or white, whichever has more contrast on the colour (WCAG's relative luminance).
export function inkOn(rgb) {
  const [r, g, b] = rgb.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}
