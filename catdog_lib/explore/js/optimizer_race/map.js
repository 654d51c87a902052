// The map of the surface with the paths on it; pointer and arrow keys move their start.

import { block, caption, setAttributes, svgElement } from "../dom.js";
import { format, formatLoss } from "../format.js";
import { clamp, range } from "../math.js";
import { arrowKeys, drags, followPointer, handleKeys } from "../pointer.js";
import { setState } from "../state.js";
import { crossAt } from "../svg.js";
import { contour, shadingUrl } from "./contours.js";
import { SURFACES } from "./math.js";

const [WIDTH, HEIGHT] = [400, 300];
const UNIT = 5; // the distance of the points at which the loss is computed

// One shape for each optimizer, so that colour is not all that tells them apart.
export const SHAPES = [
  "M-5 0A5 5 0 1 0 5 0A5 5 0 1 0-5 0Z",
  "M-4.5-4.5H4.5V4.5H-4.5Z",
  "M0-6L5.5 4.5H-5.5Z",
  "M0-6.5L5 0L0 6.5L-5 0Z",
  "M0 6L5.5-4.5H-5.5Z",
  "M-2-6H2V-2H6V2H2V6H-2V2H-6V-2H-2Z",
];

// names: of the optimizers. keyHandlers: for the keys that do not move the start.
export function raceMap(model, names, keyHandlers) {
  const here = () => model.get("surfaces")[model.get("surface")];
  // A point of the surface on the map.
  const place = ([x, y]) => {
    const [left, right, low, high] = here().window;
    const [across, down] = [(x - left) / (right - left), (high - y) / (high - low)];
    return [across * WIDTH, down * HEIGHT].map((at) => clamp(at, -1e4, 1e4));
  };
  const ground = groundLayer();
  const start = svgElement("circle", { r: 7, class: "catdog-start" });
  const runners = names.map((name, i) => runner(i));
  const svg = svgElement("svg", {
    class: "catdog-grid catdog-moving catdog-ground", tabindex: 0, role: "application",
  });
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.append(...ground.parts, start, ...runners.map((one) => one.root));
  moveStart(svg, model, here, keyHandlers);
  const words = caption();

  return {
    root: block(svg, words),
    // paths: by optimizer; now: the step shown
    show(name, origin, paths, now) {
      ground.show(name, here(), place);
      const [cx, cy] = place(origin);
      setAttributes(start, { cx, cy });
      runners.forEach((one, i) => one.show(paths[names[i]], now, place));
      const [x, y] = origin.map(formatLoss);
      const key = "× lowest; the deeper the shade, the lower.";
      words.textContent = `${name}: ${here().what}. Start at x = ${x}, y = ${y}. ${key}`;
      const keys = "arrow keys move the start, Space plays, Page Up and Page Down step";
      svg.setAttribute("aria-label", `Map of the surface ${name}: ${here().what}; ${keys}`);
    },
  };
}

function moveStart(svg, model, here, keyHandlers) {
  const startAt = (x, y) => {
    const [left, right, low, high] = here().window;
    const tidy = (value) => Math.round(value * 1000) / 1000;
    setState(model, { x: tidy(clamp(x, left, right)), y: tidy(clamp(y, low, high)) });
  };
  followPointer(svg, drags, (across, down) => {
    const [left, right, low, high] = here().window;
    startAt(left + across * (right - left), high - down * (high - low));
  });
  const move = (down, right) => {
    const [from, to] = here().window;
    const stride = (to - from) / 40;
    startAt(model.get("x") + stride * right, model.get("y") - stride * down);
  };
  handleKeys(svg, { ...arrowKeys(move), ...keyHandlers });
}

// The shade, the contour lines, the axes' ticks and the minima.
function groundLayer() {
  const shade = svgElement("image", { width: WIDTH, height: HEIGHT, preserveAspectRatio: "none" });
  const heights = svgElement("path", { class: "catdog-heights", transform: `scale(${UNIT})` });
  const ticks = svgElement("g", { class: "catdog-ticks" });
  const crosses = svgElement("path", { class: "catdog-minima" });
  let shown = "";
  return {
    parts: [shade, heights, ticks, crosses],
    show(name, { window: [left, right, low, high], heights: levels, minima }, place) {
      if (name === shown) return;
      shown = name;
      const [rows, columns] = [HEIGHT / UNIT, WIDTH / UNIT];
      const value = (c, r) => {
        const [x, y] = [left + (c * (right - left)) / columns, high - (r * (high - low)) / rows];
        return SURFACES[name].value(x, y);
      };
      const values = range(rows + 1).map((r) => range(columns + 1).map((c) => value(c, r)));
      heights.setAttribute("d", levels.map((level) => contour(values, level)).join(""));
      shade.setAttribute("href", shadingUrl(value, levels, [WIDTH, HEIGHT], UNIT));
      crosses.setAttribute("d", minima.map((one) => crossAt(place(one))).join(""));
      const gap = right - left > 5 ? 2 : 1;
      const integers = (from, to) =>
        range(20).map((i) => (i - 10) * gap).filter((at) => at > from && at < to);
      const tick = (x, y, at) => svgElement("text", { x, y }, format(at));
      ticks.replaceChildren(
        ...integers(left, right).map((x) => tick(place([x, 0])[0], HEIGHT - 5, x)),
        ...integers(low, high).map((y) => tick(12, place([0, y])[1] + 4, y)),
      );
    },
  };
}

// An optimizer's path and where it is.
function runner(i) {
  const halo = svgElement("polyline", { class: "catdog-halo" });
  const trail = svgElement("polyline", { class: "catdog-trail" });
  const mark = svgElement("path", { d: SHAPES[i], class: "catdog-runner" });
  const root = svgElement("g", { class: `catdog-racer-${i}` }, halo, trail, mark);
  return {
    root,
    show(path, now, place) {
      root.toggleAttribute("hidden", !path);
      if (!path) return;
      const points = path.slice(0, now + 1).map((w) => place(w).map((at) => at.toFixed(1)));
      for (const line of [halo, trail]) line.setAttribute("points", points.join(" "));
      mark.setAttribute("transform", `translate(${points.at(-1)})`);
    },
  };
}
