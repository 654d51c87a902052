// The λ slider: one λ for two weights on a map, for any weight on a curve, and for the weights of a
// real layer.

import { element, liveLine, widgetRoot } from "../dom.js";
import { selectField, sliderField } from "../fields.js";
import { significant } from "../format.js";
import { range } from "../math.js";
import { follow, setState } from "../state.js";
import { shrinkageCurve } from "./curve.js";
import { layerView } from "./layer.js";
import { SHRINKAGE_PENALTIES, shrink } from "./math.js";
import { weightPlane } from "./plane.js";

const LAMBDAS = [...range(101).map((i) => i / 100), 1.25, 1.5, 2, 3, 5, 10];

// The sentence under the figures.
export function summary(lam, penalty, weights, point) {
  const zeros = weights.filter((w) => w === 0).length;
  const largest = weights.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
  const percent = ((100 * zeros) / weights.length).toFixed(1);
  const [x, y] = point.map((at) => significant(at, 3));
  return (
    `${penalty}, λ = ${significant(lam, 3)}: ` +
    `${zeros} of ${weights.length} weights (${percent}%) are exactly 0, ` +
    `the largest is ${significant(largest, 3)}. The two weights: (${x}, ${y}).`
  );
}

function render({ model, el }) {
  const { weights, shape, largest } = model.get("layer");
  const set = (values) => setState(model, values);
  const options = SHRINKAGE_PENALTIES.map((name) => [name, name]);
  const penaltyField = selectField("penalty", options, (penalty) => set({ penalty }));
  const slider = sliderField("λ", LAMBDAS, (lam) => set({ lam }));
  const setLambda = (lam) => {
    if (lam !== undefined) set({ lam });
  };
  const plane = weightPlane(model, {
    PageUp: () => setLambda(LAMBDAS.find((lam) => lam > model.get("lam"))),
    PageDown: () => setLambda(LAMBDAS.findLast((lam) => lam < model.get("lam"))),
  });
  const curve = shrinkageCurve(largest);
  const layer = layerView(weights, shape);
  const line = liveLine();

  function draw() {
    const [lam, penalty] = [model.get("lam"), model.get("penalty")];
    penaltyField.select.value = penalty;
    slider.show(lam);
    const point = plane.show(lam, penalty);
    curve.show(lam, penalty);
    const left = weights.map((w) => shrink(w, lam, penalty));
    layer.show(left, penalty);
    line.textContent = summary(lam, penalty, left, point);
  }

  const root = widgetRoot("Lambda slider");
  const long = element("div", { class: "catdog-long" }, slider.root);
  const views = element("div", { class: "catdog-thirds" }, plane.root, curve.root, layer.root);
  root.append(element("div", { class: "catdog-fields" }, penaltyField.root, long), views, line);
  el.append(root);
  return follow(model, draw).stop;
}

export default { render };
