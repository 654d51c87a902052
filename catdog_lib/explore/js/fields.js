// Controls. `onChange` gets each new value; `show` sets the value without calling `onChange`.

import { button, element } from "./dom.js";
import { parseDecimal } from "./format.js";

const labelled = (label, ...inputs) =>
  element("label", { class: "catdog-field" }, element("span", {}, label), ...inputs);

export const fieldRow = (...fields) =>
  element("div", { class: "catdog-fields" }, ...fields.map((field) => field.root));

// An integer to type, and a slider to drag.
export function integerField(label, low, high, onChange) {
  const limits = { min: low, max: high, step: 1 };
  const number = element("input", { type: "number", "aria-label": label, ...limits });
  const slider = element("input", { type: "range", "aria-label": `${label}, slider`, ...limits });
  for (const input of [number, slider]) {
    input.addEventListener("input", () => {
      const value = input.value === "" ? NaN : Number(input.value);
      const fits = Number.isInteger(value) && value >= low && value <= high;
      number.setAttribute("aria-invalid", String(!fits));
      if (fits) onChange(value);
    });
  }
  const show = (value) => {
    slider.value = value;
    const typing = document.activeElement === number && Number(number.value) === value;
    if (!typing) number.value = value;
  };
  // What could not be used does not stay.
  number.addEventListener("blur", () => {
    number.removeAttribute("aria-invalid");
    number.value = slider.value;
  });
  return { root: labelled(label, number, slider), show };
}

// A number to type, and a slider over sensible values of it.
export function sliderField(label, stops, onChange) {
  const number = element("input", {
    type: "text", inputmode: "decimal", "aria-label": label, autocomplete: "off",
  });
  const slider = element("input", {
    type: "range", "aria-label": `${label}, slider`, min: 0, max: stops.length - 1,
  });
  let current = stops[0];
  slider.addEventListener("input", () => onChange(stops[slider.value]));
  number.addEventListener("input", () => {
    const value = parseDecimal(number.value);
    const fits = value >= stops[0] && value <= stops.at(-1);
    number.setAttribute("aria-invalid", String(!fits));
    if (fits) onChange(value);
  });
  number.addEventListener("blur", () => {
    number.removeAttribute("aria-invalid");
    number.value = current;
  });
  const show = (value) => {
    current = value;
    const distances = stops.map((stop) => Math.abs(stop - value));
    slider.value = distances.indexOf(Math.min(...distances));
    slider.setAttribute("aria-valuetext", value);
    if (document.activeElement !== number) number.value = value;
  };
  return { root: labelled(label, number, slider), show };
}

// options: [value, text] of each.
export function selectField(label, options, onChange) {
  const select = element("select", { "aria-label": label });
  setOptions(select, options);
  select.addEventListener("change", () => onChange(select.value));
  return { root: labelled(label, select), select };
}

export function setOptions(select, options) {
  select.replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
}

// A button that plays and pauses. While it plays, `step` runs every so many milliseconds, and shows
// at once what it did: a pause then leaves the last step on the page, however late the next frame
// comes. `line` is read aloud only when paused.
export function player(line, milliseconds, step) {
  let timer = 0;
  const toggle = button("▶ Play", () => (timer ? pause() : start()));
  function pause() {
    clearInterval(timer);
    timer = 0;
    toggle.textContent = "▶ Play";
    line.setAttribute("aria-live", "polite");
  }
  function start() {
    timer = setInterval(step, milliseconds);
    toggle.textContent = "❚❚ Pause";
    line.setAttribute("aria-live", "off"); // nobody could listen to so many steps
  }
  return { toggle, pause };
}
