// The photo with Grad-CAM's heat on it, and the part of it that the unit saw.

import { pixelsUrl } from "../canvas.js";
import { heatColour } from "../colour.js";
import { block, caption, setAttributes, svgElement } from "../dom.js";
import { fieldRow, selectField, sliderField } from "../fields.js";
import { clamp, range } from "../math.js";
import { setState } from "../state.js";
import { decodeBytes } from "./math.js";
import { seenText } from "./text.js";
import { framedImage } from "./tiles.js";

const OPACITIES = range(21).map((i) => i / 20);

// layers: unpacked.
export function photoView(model, layers) {
  const photo = framedImage({ role: "img" });
  photo.show(model.get("size"), model.get("photo"));
  const words = caption();
  const heat = heatLayer(model, layers);
  photo.image.after(heat.image);
  const part = seenPart(model);
  return {
    root: block(photo.svg, words, fieldRow(...heat.fields)),
    partRoot: part.root,
    // spans: first and last row, first and last column that the unit saw; null if that is unknown
    show(spans) {
      const name = heat.show();
      words.textContent = `Photo, Grad-CAM for “${name}” over it; the frame is what the unit saw.`;
      photo.svg.setAttribute("aria-label", `${words.textContent} ${seenText(spans)}`);
      const [[top, bottom], [left, right]] = spans ?? [[0, -1], [0, -1]];
      const [height, width] = [bottom - top + 1, right - left + 1];
      photo.frame(left, top, width, height);
      part.show(left, top, width, height, spans);
    },
  };
}

// The heat of one class at one layer, and the fields that choose them.
function heatLayer(model, layers) {
  const set = (values) => setState(model, values);
  const [classes, probabilities] = [model.get("classes"), model.get("probabilities")];
  const percent = (i) => `${classes[i]} ${(100 * probabilities[i]).toFixed(1)}%`;
  const heats = [model.get("last_heat"), ...layers.map((layer) => layer.heat)];
  const targets = classes.map((_, i) => [i, percent(i)]);
  const places = heats.map(({ title }, i) => [i - 1, title]);
  const target = selectField("heat for", targets, (i) => set({ target: Number(i) }));
  const place = selectField("heat at", places, (i) => set({ heat_layer: Number(i) }));
  const opacity = sliderField("opacity", OPACITIES, (value) => set({ opacity: value }));
  const [height, width] = model.get("size");
  const image = svgElement("image", { preserveAspectRatio: "none", width, height });
  let shownKey = "";
  return {
    image,
    fields: [target, opacity, place],
    // Returns the name of the class whose heat is shown.
    show() {
      const predicted = probabilities.indexOf(Math.max(...probabilities));
      const chosen = model.get("target") < 0 ? predicted : model.get("target");
      const at = clamp(model.get("heat_layer"), -1, layers.length - 1);
      target.select.value = chosen;
      place.select.value = at;
      opacity.show(model.get("opacity"));
      setAttributes(image, { opacity: model.get("opacity") });
      if (shownKey !== `${at} ${chosen}`) {
        shownKey = `${at} ${chosen}`;
        const { size, shares } = heats[at + 1];
        const colour = (byte) => heatColour(byte / 255);
        image.setAttribute("href", pixelsUrl(size, decodeBytes(shares[chosen]), colour));
      }
      return classes[chosen];
    },
  };
}

function seenPart(model) {
  const part = framedImage({ role: "img" });
  part.show(model.get("size"), model.get("photo"));
  const words = caption();
  return {
    root: block(part.svg, words),
    show(left, top, width, height, spans) {
      const nothing = height < 1 || width < 1;
      part.svg.toggleAttribute("hidden", nothing);
      if (!nothing) part.svg.setAttribute("viewBox", `${left} ${top} ${width} ${height}`);
      words.textContent = nothing
        ? seenText(spans)
        : `What it saw: ${height}×${width} pixels of the photo.`;
      part.svg.setAttribute("aria-label", words.textContent);
    },
  };
}
