// The animal with the heat map over it, and how strongly it is shown.

import { pixelsUrl } from "../canvas.js";
import { heatColour } from "../colour.js";
import { block, caption, element, setAttributes, svgElement } from "../dom.js";
import { fieldRow, sliderField } from "../fields.js";
import { decodeBytes } from "../feature_map_browser/math.js";
import { range } from "../math.js";
import { setState } from "../state.js";

const OPACITIES = range(21).map((i) => i / 20);

export function stage(model) {
  const [size, columns, side] = ["size", "columns", "heat_side"].map((name) => model.get(name));
  const sheet = svgElement("image", { class: "catdog-exact", href: model.get("sheet") });
  const whole = { preserveAspectRatio: "none", width: size, height: size };
  const heat = svgElement("image", whole);
  const svg = svgElement("svg", {
    class: "catdog-grid catdog-ground catdog-animal", role: "img", viewBox: `0 0 ${size} ${size}`,
  }, sheet, heat);
  const maps = new Map(model.get("networks").map((one) => [one.name, decodeBytes(one.heat)]));
  const words = caption();
  const settings = heatFields(model);
  let shownKey = "";
  return {
    root: block(svg, words, settings.root),
    // number: of the variant; name: of the network; says: the class that it predicts
    show(number, name, says, truth) {
      const [row, column] = [Math.floor(number / columns), number % columns];
      setAttributes(sheet, { x: -column * size, y: -row * size });
      settings.show();
      heat.toggleAttribute("hidden", !model.get("shows_heat"));
      setAttributes(heat, { opacity: model.get("opacity") });
      if (shownKey !== `${number} ${name}`) {
        shownKey = `${number} ${name}`;
        const places = side * side;
        const values = maps.get(name).subarray(number * places, (number + 1) * places);
        const colour = (byte) => heatColour(byte / 255);
        heat.setAttribute("href", pixelsUrl([side, side], values, colour));
      }
      const what = model.get("shows_heat") ? ` Heat: ${model.get("method")} for “${says}”.` : "";
      words.textContent = `${truth}${what}`;
      svg.setAttribute("aria-label", `The animal. ${words.textContent}`);
    },
  };
}

// A box to show the heat at all, and a slider of its opacity.
function heatFields(model) {
  const box = element("input", { type: "checkbox" });
  box.addEventListener("change", () => setState(model, { shows_heat: box.checked }));
  const label = element("label", { class: "catdog-choice" }, box, element("span", {}, "heat map"));
  const opacity = sliderField("opacity", OPACITIES, (value) => setState(model, { opacity: value }));
  return {
    root: fieldRow({ root: label }, opacity),
    show() {
      box.checked = model.get("shows_heat");
      opacity.show(model.get("opacity"));
    },
  };
}
