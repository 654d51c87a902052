// The weights of a real layer, as pixels and as a histogram.

import { diverging } from "../colour.js";
import { block, caption, element, svgElement } from "../dom.js";
import { range } from "../math.js";
import { penaltyClass } from "./chart.js";
import { histogram } from "./math.js";

const [WIDTH, HEIGHT] = [300, 110]; // the histogram
const BINS = 41; // an odd number, so that 0 has a bar of its own
const [ACROSS, DOWN] = [12, 8]; // so many kernels at most
const MOST_ROWS = 48; // of a fully connected layer
const ZERO = [128, 128, 128];

// Where the pixel of each weight is: [row, column, index of the weight]. Kernels k×k are in rows,
// one pixel apart, those of a filter beside each other; a matrix stands as it is. Only so many of
// the weights as can be seen are shown.
export function weightLayout(shape) {
  return shape.length === 2 ? matrixLayout(shape) : kernelLayout(shape);
}

function matrixLayout([outputs, inputs]) {
  const rows = Math.min(outputs, MOST_ROWS);
  const columns = Math.min(inputs, Math.max(24, 2 * outputs), 2 * MOST_ROWS);
  const pixels = range(rows).flatMap((r) => range(columns).map((c) => [r, c, r * inputs + c]));
  const what = `first ${rows}×${columns} of ${outputs}×${inputs} weights`;
  return { rows, columns, pixels, what };
}

function kernelLayout([filters, channels, height, width]) {
  const kernels = filters * channels;
  const across = Math.min(kernels, channels > ACROSS ? ACROSS : ACROSS - (ACROSS % channels));
  const shown = Math.min(kernels, across * DOWN);
  const pixels = range(shown).flatMap((n) => {
    const [top, left] = [Math.floor(n / across) * (height + 1), (n % across) * (width + 1)];
    return range(height * width).map((i) => {
      return [top + Math.floor(i / width), left + (i % width), n * height * width + i];
    });
  });
  const columns = across * (width + 1) - 1;
  const rows = Math.ceil(shown / across) * (height + 1) - 1;
  const all = `${kernels} kernels ${height}×${width} of ${filters} filters`;
  return { rows, columns, pixels, what: shown < kernels ? `first ${shown} of ${all}` : all };
}

export function layerView(weights, shape) {
  const { rows, columns, pixels, what } = weightLayout(shape);
  const canvas = element("canvas", {
    class: "catdog-weights", width: columns, height: rows, role: "img",
  });
  const words = caption();
  const chart = histogramChart(weights);

  function paint(values) {
    const context = canvas.getContext("2d");
    const image = context.createImageData(columns, rows);
    for (const [r, c, i] of pixels) {
      const share = Math.sign(values[i]) * Math.sqrt(Math.abs(values[i]));
      const rgb = values[i] === 0 ? ZERO : diverging(share);
      image.data.set([...rgb, 255], 4 * (r * columns + c));
    }
    context.putImageData(image, 0, 0);
  }

  return {
    root: block(canvas, words, chart.svg, chart.words),
    // values: what is left of the weights
    show(values, penalty) {
      paint(values);
      const zeros = `${values.filter((w) => w === 0).length} of ${values.length}`;
      const key = "Violet: above 0; brown: below; grey: exactly 0.";
      words.textContent = `The layer: ${what}; its largest weight counts as 1. ${key}`;
      canvas.setAttribute("aria-label", `Weights of the layer, ${what}; ${zeros} are exactly 0`);
      chart.show(values, penalty, zeros);
    },
  };
}

function histogramChart(weights) {
  const before = histogram(weights, BINS);
  const most = Math.max(1, ...before);
  const outline = svgElement("path", { class: "catdog-before", d: barsPath(before, most) });
  const bars = svgElement("path", { class: "catdog-after" });
  const svg = svgElement("svg", {
    class: "catdog-grid catdog-ground", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img",
  });
  svg.append(bars, outline);
  svg.setAttribute("aria-label", "Histogram of the weights that are not 0, before and after");
  const words = caption();
  return {
    svg,
    words,
    show(values, penalty, zeros) {
      bars.setAttribute("d", barsPath(histogram(values, BINS), most));
      svg.setAttribute("class", `catdog-grid catdog-ground ${penaltyClass(penalty)}`);
      words.textContent =
        `Weights that are not 0, from −1 to 1 (line: before). Exactly 0: ${zeros}.`;
    },
  };
}

// Bars beside each other as one path; `most` reaches the top.
function barsPath(counts, most) {
  const width = WIDTH / counts.length;
  const tops = counts.map((count, i) => {
    const top = HEIGHT - (HEIGHT - 4) * Math.min(1, count / most);
    return `L${(i * width).toFixed(1)} ${top.toFixed(1)}H${((i + 1) * width).toFixed(1)}`;
  });
  return `M0 ${HEIGHT}${tops.join("")}V${HEIGHT}Z`;
}
