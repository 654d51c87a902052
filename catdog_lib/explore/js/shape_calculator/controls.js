// The calculator's fields, and the line of PyTorch to copy.

import { button, element } from "../dom.js";
import { integerField, selectField } from "../fields.js";
import { setState } from "../state.js";

const OPERATIONS = {
  conv: "convolution", pool: "max-pooling", transposed: "transposed convolution",
};
const FIELDS = {
  height: ["height", 1, 256],
  width: ["width", 1, 256],
  kernel: ["kernel k", 1, 11],
  stride: ["stride s", 1, 8],
  padding: ["padding p", 0, 8],
  dilation: ["dilation d", 1, 6],
  output_padding: ["output padding o", 0, 5],
};

export function calculatorControls(model) {
  const set = (values) => setState(model, values);
  const layers = Object.entries(OPERATIONS);
  const operation = selectField("layer", layers, (value) => set({ operation: value }));
  const fields = Object.fromEntries(
    Object.entries(FIELDS).map(([name, limits]) => [
      name, integerField(...limits, (value) => set({ [name]: value })),
    ]),
  );
  const rounding = element("input", { type: "checkbox" });
  rounding.addEventListener("change", () => set({ ceil_mode: rounding.checked }));
  const roundingLabel = element("label", { class: "catdog-check" }, rounding, " ceil_mode");
  const root = element("div", { class: "catdog-fields" }, operation.root);
  root.append(...Object.values(fields).map((field) => field.root), roundingLabel);
  return {
    root,
    show(settings) {
      for (const [name, field] of Object.entries(fields)) field.show(model.get(name));
      operation.select.value = settings.operation;
      rounding.checked = settings.ceil_mode;
      roundingLabel.hidden = settings.operation !== "pool";
      fields.output_padding.root.hidden = settings.operation !== "transposed";
    },
  };
}

export function copyLine() {
  const code = element("code", { class: "catdog-code" });
  const copied = element("span", { class: "catdog-caption", "aria-live": "polite" });
  const copy = button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      copied.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(code); // no clipboard on a page from the disk
      copied.textContent = "selected: copy it with Ctrl+C";
    }
  });
  return {
    root: element("div", { class: "catdog-row catdog-copy" }, code, copy, copied),
    show(text) {
      code.textContent = text;
      copied.textContent = "";
    },
  };
}
