// The race's fields and buttons.

import { button, element } from "../dom.js";
import { integerField, selectField, sliderField } from "../fields.js";
import { clamp, range } from "../math.js";
import { setState } from "../state.js";

export const STEPS = 300;
export const HYPERPARAMETERS = [
  "lr", "adaptive_lr", "momentum", "beta1", "beta2", "weight_decay",
];
const DEFAULTS = { momentum: 0.9, beta1: 0.9, beta2: 0.99, weight_decay: 0 };

const powers = range(6).flatMap((power) => [1, 2, 3, 5, 7].map((n) => Number(`${n}e${power - 5}`)));
const RATES = [...powers, 2, 3, 5, 10];
const SHARES = [...range(10).map((tenth) => tenth / 10), 0.95, 0.98, 0.99, 0.995, 0.998, 0.999];
const SLIDERS = {
  lr: ["learning rate η of SGD, momentum, Nesterov", RATES],
  adaptive_lr: ["learning rate η of RMSprop, Adam, AdamW", RATES],
  momentum: ["momentum μ", SHARES],
  beta1: ["β₁ of Adam", SHARES],
  beta2: ["β₂ of Adam, α of RMSprop", [...SHARES, 0.9995, 0.9999]],
  weight_decay: ["weight decay λ", [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1]],
};

// pause() stops the player, whose button is toggle.
export function raceControls(model, toggle, pause) {
  const surfaces = model.get("surfaces");
  const set = (values) => setState(model, values);
  const goTo = (step) => {
    pause();
    set({ step: clamp(step, 0, STEPS) });
  };
  // The start and the learning rates that suit a surface.
  const suited = (name) => {
    const { start: [x, y], lr, adaptive_lr } = surfaces[name];
    return { surface: name, x, y, lr, adaptive_lr };
  };
  const names = Object.keys(surfaces).map((name) => [name, name]);
  const surface = selectField("surface", names, (name) => set({ ...suited(name), step: 0 }));
  const step = integerField("step", 0, STEPS, goTo);
  const sliders = Object.fromEntries(
    Object.entries(SLIDERS).map(([name, [label, stops]]) => [
      name, sliderField(label, stops, (value) => set({ [name]: value })),
    ]),
  );
  const buttons = element(
    "div",
    { class: "catdog-row" },
    toggle,
    button("Step", () => goTo(model.get("step") + 1)),
    button("Reset", () => goTo(0)),
    button("Defaults", () => set({ ...suited(model.get("surface")), ...DEFAULTS })),
  );
  return {
    goTo,
    root: element("div", { class: "catdog-fields" }, surface.root, step.root, buttons),
    sliders: element(
      "div",
      { class: "catdog-fields catdog-sliders" },
      ...HYPERPARAMETERS.map((name) => sliders[name].root),
    ),
    show(name, now, hyperparameters) {
      surface.select.value = name;
      step.show(now);
      for (const one of HYPERPARAMETERS) sliders[one].show(hyperparameters[one]);
    },
  };
}
