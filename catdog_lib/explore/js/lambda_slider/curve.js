// The curve of a weight: after the penalty against before.

import { block, caption, setAttributes, svgElement } from "../dom.js";
import { significant } from "../format.js";
import { range } from "../math.js";
import { SIDE, axes, penaltyClass, polylinePoints, square } from "./chart.js";
import { SHRINKAGE_PENALTIES, shrink } from "./math.js";

const SAMPLES = range(401).map((i) => (i - 200) / 200);

const onCurve = ([x, y]) => [((x + 1) / 2) * SIDE, ((1 - y) / 2) * SIDE];

// largest: the largest weight of the layer, which counts as 1.
export function shrinkageCurve(largest) {
  const dead = svgElement("rect", { class: "catdog-dead", y: 0, height: SIDE });
  const diagonal = polylinePoints([[-1, -1], [1, 1]].map(onCurve));
  const same = svgElement("polyline", { class: "catdog-same", points: diagonal });
  const labels = svgElement("g", { class: "catdog-ticks" });
  const curves = SHRINKAGE_PENALTIES.map((name) =>
    svgElement("polyline", { class: `catdog-curve ${penaltyClass(name)}` }),
  );
  const svg = square({ class: "catdog-grid catdog-ground", role: "img" });
  svg.append(dead, ...axes(onCurve, ["before", "after"]), same, ...curves, labels);
  const words = caption();

  function showCurves(lam, penalty) {
    curves.forEach((curve, i) => {
      const name = SHRINKAGE_PENALTIES[i];
      const hidden = name === "L1 subgradient" && penalty !== name;
      curve.toggleAttribute("hidden", hidden);
      curve.classList.toggle("catdog-chosen", name === penalty);
      if (hidden) return;
      const points = SAMPLES.map((w) => onCurve([w, shrink(w, lam, name)]));
      curve.setAttribute("points", polylinePoints(points));
    });
  }

  // The interval of weights that L1 sets to 0.
  function showInterval(lam, penalty) {
    const half = (Math.min(lam, 1) * SIDE) / 2;
    dead.toggleAttribute("hidden", penalty !== "L1");
    setAttributes(dead, { x: SIDE / 2 - half, width: 2 * half });
    const label = (at, text) =>
      svgElement("text", { x: onCurve([at, 0])[0], y: SIDE / 2 + 14 }, text);
    const readable = penalty === "L1" && lam > 0.06 && lam < 1;
    labels.replaceChildren(...(readable ? [label(-lam, "−λ"), label(lam, "λ")] : []));
  }

  return {
    root: block(svg, words),
    show(lam, penalty) {
      showCurves(lam, penalty);
      showInterval(lam, penalty);
      words.textContent = {
        L1:
          "A weight, before and after: sign(w)·max(|w| − λ, 0). Dashed: L2. " +
          `In the layer, λ is ${significant(lam * largest, 3)}.`,
        L2: "A weight, before and after: w / (1 + λ), which is 0 for w = 0 only. Thin: L1.",
        "L1 subgradient":
          "A weight before and after 200 steps of 0.1 down the gradient: it jumps about 0. " +
          "Dashed: L2.",
      }[penalty];
      const what = "Curve of a weight after shrinking against the weight before";
      svg.setAttribute("aria-label", `${what}, λ = ${significant(lam, 3)}`);
    },
  };
}
