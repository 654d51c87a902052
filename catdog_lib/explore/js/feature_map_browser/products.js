// The arithmetic of one value: the input channel that the filter reads, the sum of each channel,
// and patch × filter = products.

import { pixelsUrl } from "../canvas.js";
import { colourMap } from "../colour.js";
import { block, caption, element, operatorSign, svgElement } from "../dom.js";
import { fieldRow, selectField, setOptions } from "../fields.js";
import { clamp, kernelExtent, range } from "../math.js";
import { followPointer, presses } from "../pointer.js";
import { extremes, sourcesOf, unpackPlane } from "./math.js";
import { digits, formulas } from "./text.js";
import { framedImage, numberTable } from "./tiles.js";

const COLOURS = ["red", "green", "blue"];
const [WIDTH, HEIGHT] = [300, 120]; // the chart of the sums
const MOST_ROWS = 3; // of products: all input channels of so few, else one of them

const channelName = (layer, number) => (layer.colour ? COLOURS[number] : String(number));

// state: see browserState; sourceWanted() returns the input channel that was chosen, or −1.
export function productsView(state, sourceWanted) {
  const input = inputView();
  const chart = sumChart(state);
  const rows = range(MOST_ROWS).map(productRow);
  const lines = element("div", { class: "catdog-steps" });

  function show({ number, layer, at, row, column }, found) {
    const sources = sourcesOf(layer, at);
    const sizes = found.sums.map(Math.abs);
    const wanted = sources.indexOf(sourceWanted());
    const chosen = wanted < 0 ? sizes.indexOf(Math.max(...sizes)) : wanted;
    const names = sources.map((source) => channelName(layer, source));
    chart.showOptions(number, sources, names, wanted);
    input.show(number, layer, sources[chosen], row, column);
    chart.show(found.sums, chosen, names);
    const listed = sources.length <= MOST_ROWS ? range(sources.length) : [chosen];
    rows.forEach((one, i) => {
      one.root.toggleAttribute("hidden", i >= listed.length);
      if (i < listed.length) one.show(layer.filters[at], found, listed[i], names[listed[i]]);
    });
    lines.replaceChildren(
      ...formulas(layer, at, found).map(([title, text]) =>
        element("div", {}, element("b", {}, title), ` ${text}`),
      ),
    );
  }
  const parts = [...rows.map((row) => row.root), lines];
  return { inputRoot: input.root, sumsRoot: chart.root, parts, show };
}

// The input channel that the filter reads, with the window on it.
function inputView() {
  const input = framedImage({ role: "img" });
  const words = caption();
  let shownKey = "";
  return {
    root: block(input.svg, words),
    show(number, layer, source, row, column) {
      if (shownKey !== `${number} ${source}`) {
        shownKey = `${number} ${source}`;
        const size = layer.input_size;
        const packed = layer.inputs[layer.sources.indexOf(source)];
        const values = unpackPlane(packed, size).flatMap((line) => [...line]);
        input.show(size, pixelsUrl(size, values, colourMap(extremes(values))));
      }
      const extent = kernelExtent(layer.kernel, layer.dilation);
      const [x, y] = [column, row].map((at) => at * layer.stride - layer.padding);
      input.frame(x, y, extent, extent);
      const name = `Input channel ${channelName(layer, source)}`;
      words.textContent = `${name}, ${layer.input_size.join("×")}, and the window on it.`;
      input.svg.setAttribute("aria-label", words.textContent);
    },
  };
}

// A bar for the sum of each input channel; pointer and field choose one.
function sumChart(state) {
  const choose = (source) => state.set({ source });
  const field = selectField("input channel", [], (value) => choose(Number(value)));
  const svg = svgElement("svg", {
    class: "catdog-grid catdog-ground", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img",
  });
  const words = caption();
  followPointer(svg, presses, (across) => {
    const { layer, at } = state.read();
    const sources = sourcesOf(layer, at);
    choose(sources[clamp(Math.floor(across * sources.length), 0, sources.length - 1)]);
  });
  let optionsKey = "";
  return {
    root: block(svg, words, fieldRow(field)),
    showOptions(number, sources, names, wanted) {
      if (optionsKey !== `${number} ${sources[0]}`) {
        optionsKey = `${number} ${sources[0]}`;
        const options = sources.map((source, i) => [source, names[i]]);
        setOptions(field.select, [[-1, "the largest sum"], ...options]);
      }
      field.select.value = wanted < 0 ? -1 : sources[wanted];
    },
    show(sums, chosen, names) {
      const axis = svgElement("path", { class: "catdog-bar", d: `M0 ${HEIGHT / 2}H${WIDTH}` });
      svg.replaceChildren(...sumBars(sums, chosen), axis);
      const count = sums.length;
      const all = count === 1 ? "The one input channel" : `The sums of all ${count} input channels`;
      words.textContent = `${all}; ${names[chosen]} has ${digits(sums[chosen])}.`;
      svg.setAttribute("aria-label", words.textContent);
    },
  };
}

function sumBars(sums, chosen) {
  const step = WIDTH / sums.length;
  const largest = Math.max(...sums.map(Math.abs), 1e-30);
  return sums.map((sum, i) => {
    const height = (Math.abs(sum) / largest) * (HEIGHT / 2 - 4);
    return svgElement("rect", {
      x: i * step,
      y: sum < 0 ? HEIGHT / 2 : HEIGHT / 2 - height,
      width: Math.max(0.5, 0.8 * step),
      height: Math.max(0.5, height),
      class: i === chosen ? "catdog-picked" : "catdog-after",
    });
  });
}

// patch × filter = products of one input channel. One scale of colours for all rows.
function productRow() {
  const [patch, filter, products] = [numberTable(), numberTable(), numberTable()];
  const root = element("div", { class: "catdog-sumrow catdog-exactly" });
  root.append(patch.root, operatorSign("×"), filter.root, operatorSign("="), products.root);
  const coloured = (planes, strength) => {
    const maximum = Math.max(1e-30, ...planes.flat(2).map(Math.abs)) / strength;
    return colourMap({ minimum: -maximum, maximum });
  };
  return {
    root,
    show(weights, found, c, name) {
      patch.show(`input ${name}`, found.patch[c], coloured(found.patch, 0.6));
      filter.show("filter", weights[c], coloured(weights, 0.6));
      const title = `products, sum ${digits(found.sums[c])}`;
      products.show(title, found.products[c], coloured(found.products, 0.85));
    },
  };
}
