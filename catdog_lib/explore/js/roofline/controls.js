// What to compute: the network, how many images at once, and their size.

import { element } from "../dom.js";
import { fieldRow, selectField } from "../fields.js";
import { range } from "../math.js";

const BATCHES = range(11).map((power) => 2 ** power);

// A slider over a few values, with the chosen one beside it.
function stopsField(label, stops, unit, onChange) {
  const slider = element("input", {
    type: "range", "aria-label": label, min: 0, max: stops.length - 1, step: 1,
  });
  const value = element("span", {});
  slider.addEventListener("input", () => onChange(stops[slider.value]));
  const words = element("span", {}, `${label}: `, value);
  return {
    root: element("label", { class: "catdog-field catdog-stops" }, words, slider),
    show(now) {
      const distances = stops.map((stop) => Math.abs(stop - now));
      slider.value = distances.indexOf(Math.min(...distances));
      value.textContent = `${now}${unit}`;
      slider.setAttribute("aria-valuetext", value.textContent);
    },
  };
}

// set(values) changes the model.
export function rooflineControls(names, sizes, set) {
  const options = names.map((name) => [name, name]);
  const network = selectField("network", options, (name) => set({ network: name, layer: 0 }));
  const batch = stopsField("images at once", BATCHES, "", (value) => set({ batch: value }));
  const size = stopsField("image size", sizes, " pixels", (value) => set({ size: value }));
  return {
    root: fieldRow(network, batch, size),
    show(chosen) {
      network.select.value = chosen.network;
      batch.show(chosen.batch);
      size.show(chosen.size);
    },
  };
}
