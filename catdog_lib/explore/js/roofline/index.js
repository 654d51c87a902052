// The roofline: a network's layers under the roofs of several machines, and the time of each layer.

import { element, liveLine, svgElement, widgetRoot } from "../dom.js";
import { follow, getState, setState } from "../state.js";
import { rooflineControls } from "./controls.js";
import { limitClass } from "./frame.js";
import { machineTable } from "./machines.js";
import { chosenBounds, measuredHere } from "./math.js";
import { SHAPES, roofChart } from "./roofs.js";
import { layerText, wholeText } from "./text.js";
import { timeline } from "./timeline.js";

const CHOICES = ["network", "machine", "batch", "size", "layer"];

// The key of both charts.
function chartKey(hasMeasured) {
  const sign = (d, kind) =>
    svgElement(
      "svg", { viewBox: "-8 -8 16 16", "aria-hidden": "true" },
      svgElement("path", { d, class: `catdog-layer ${kind}` }),
    );
  const plain = "catdog-racer-0";
  const items = [
    ["limited by memory", SHAPES.linear, limitClass(true)],
    ["limited by arithmetic", SHAPES.linear, limitClass(false)],
    ["convolution", SHAPES.convolution, plain],
    ["fully connected", SHAPES.linear, plain],
    ["other layer", SHAPES.other, plain],
    ...(hasMeasured ? [["measured", SHAPES.convolution, `${plain} catdog-real`]] : []),
  ];
  const spans = items.map(([text, d, kind]) => element("span", {}, sign(d, kind), text));
  return element("div", { class: "catdog-key" }, ...spans);
}

const say = (line, text) => {
  if (line.textContent !== text) line.textContent = text; // a screen reader hears it once
};

function render({ model, el }) {
  const fixed = getState(model, ["networks", "machines", "sizes", "measured"]);
  const { networks, machines, sizes, measured } = fixed;
  const set = (values) => setState(model, values);
  const controls = rooflineControls(networks.map(({ name }) => name), sizes, set);
  const chooseLayer = (layer) => set({ layer });
  const roofs = roofChart(machines, chooseLayer);
  const times = timeline(chooseLayer);
  const table = machineTable(machines, (machine) => set({ machine }));
  const whole = element("p", { class: "catdog-line", "aria-live": "polite" });
  const line = liveLine();

  function draw() {
    const chosen = getState(model, CHOICES);
    const shown = chosenBounds({ ...fixed, ...chosen });
    const real = measuredHere(measured, chosen);
    controls.show(chosen);
    roofs.show(shown, real);
    times.show(shown, real);
    table.show(chosen.machine, shown.everywhere);
    say(whole, wholeText(chosen, shown.bounds));
    const { name } = shown.layers[shown.at];
    say(line, layerText(name, shown.machine, shown.bounds[shown.at], real[name]));
  }

  const root = widgetRoot("Roofline");
  const charts = { class: "catdog-grids catdog-halves" };
  root.append(
    controls.root, whole,
    element("div", charts, roofs.root, times.root),
    chartKey(Boolean(measured.seconds)),
    line, table.root,
  );
  el.append(root);
  return follow(model, draw).stop;
}

export default { render };
