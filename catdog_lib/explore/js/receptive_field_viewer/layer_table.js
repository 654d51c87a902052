// The layers of the stack, one in a row, with fields.

import { button, element } from "../dom.js";
import { integerField, selectField } from "../fields.js";
import { receptiveFields } from "./math.js";
import { pixels } from "./text.js";

const KINDS = { conv: "convolution", pool: "pooling" };
const LIMITS = { kernel: [1, 11], stride: [1, 8], padding: [0, 8], dilation: [1, 6] };

// "3 block1.0", or "3 convolution" where the layer has no name.
export const layerTitle = (layers, i) => `${i + 1} ${layers[i].name || KINDS[layers[i].kind]}`;

// onEdit(i, values) changes a layer, onRemove(i) removes one.
export function layerTable(onEdit, onRemove) {
  const root = element("div", { class: "catdog-layers" });
  let rows = [];

  function resize(count) {
    if (rows.length === count) return;
    rows = Array.from({ length: count }, (_, i) => layerRow(i, onEdit, onRemove));
    root.replaceChildren(...rows.map((row) => row.root));
  }

  return {
    root,
    show(layers, sizes, chosen) {
      resize(layers.length);
      const fields = receptiveFields(layers);
      rows.forEach((row, i) => {
        row.show(layers[i], layerTitle(layers, i));
        row.root.classList.toggle("catdog-here", i + 1 === chosen);
        const { size, jump, start } = fields[i];
        const map = i + 1 < sizes.length ? `map ${sizes[i + 1]}` : "does not fit";
        const [sees, apart, first] = [size, jump, start].map(pixels);
        const facts = `${map} · sees ${sees} · jump ${apart} · first centre ${first}`;
        row.facts.textContent = facts.replace(/-/g, "−");
      });
    },
  };
}

function layerRow(i, onEdit, onRemove) {
  const kind = selectField(`kind of layer ${i + 1}`, Object.entries(KINDS), (value) => {
    onEdit(i, { kind: value, name: "" });
  });
  const fields = Object.fromEntries(
    Object.entries(LIMITS).map(([setting, limits]) => {
      const field = integerField(setting, ...limits, (value) => onEdit(i, { [setting]: value }));
      const label = `${setting} of layer ${i + 1}`;
      field.root.querySelector("input").setAttribute("aria-label", label);
      field.root.querySelector("input[type=range]").remove();
      return [setting, field];
    }),
  );
  const facts = element("span", { class: "catdog-facts" });
  const remove = button("×", () => onRemove(i), {
    "aria-label": `remove layer ${i + 1}`, class: "catdog-button catdog-small",
  });
  const root = element("div", { class: "catdog-layer" }, kind.root);
  root.append(...Object.values(fields).map((field) => field.root), remove, facts);
  return {
    root,
    facts,
    show(layer, title) {
      kind.root.firstChild.textContent = title;
      kind.select.value = layer.kind;
      for (const [setting, field] of Object.entries(fields)) field.show(layer[setting]);
    },
  };
}
