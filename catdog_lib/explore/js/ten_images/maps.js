// Two maps of all images: where their features lie, and how they lie about the head's boundary.

import { block, caption, element, setAttributes, svgElement } from "../dom.js";
import { range } from "../math.js";
import { hovers } from "../pointer.js";
import { crossAt, rectangle } from "../svg.js";
import { judgedRight, sideView } from "./math.js";

const [WIDTH, HEIGHT, EDGE] = [400, 300, 16];
const NEAR = 18; // how far from a dot the pointer still means it
const STRIPS = 80;

// One shape for each class, so that colour is not all that tells them apart.
const DOTS = ["M-4 0A4 4 0 1 0 4 0A4 4 0 1 0-4 0Z", "M0-5L4.6 3.6H-4.6Z"];

const circleAt = ([x, y], r) =>
  `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;

// Places of points on a map, each axis stretched to fill it; from left to right in x.
function placesOf(points, [left, right]) {
  const ys = points.map(([, y]) => y);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const along = (value, from, to, size) =>
    EDGE + ((value - from) / (to - from || 1)) * (size - 2 * EDGE);
  return points.map(([x, y]) =>
    [along(x, left, right, WIDTH), HEIGHT - along(y, low, high, HEIGHT)].map(
      (at) => Math.round(10 * at) / 10,
    ),
  );
}

// A map with a dot for each image. The pointer on a dot looks at its image, a click chooses it.
function dotMap(labels, onToggle, onLook) {
  const ground = svgElement("g", {});
  const dots = labels.map((label) =>
    svgElement("path", { d: DOTS[label], class: `catdog-dot catdog-class-${label}` }),
  );
  const crosses = svgElement("path", { class: "catdog-misjudged" });
  const rings = svgElement("path", { class: "catdog-ring" });
  const mark = svgElement("path", { class: "catdog-looked" });
  const svg = svgElement("svg", {
    class: "catdog-grid catdog-ground", role: "img", viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
  });
  svg.append(ground, ...dots, crosses, rings, mark);
  let places = [];
  const near = (event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * WIDTH;
    const y = ((event.clientY - box.top) / box.height) * HEIGHT;
    const distances = places.map(([px, py]) => Math.hypot(px - x, py - y));
    const least = Math.min(...distances);
    return least < NEAR ? distances.indexOf(least) : -1;
  };
  const atDot = (act) => (event) => {
    const i = near(event);
    if (i >= 0) act(i);
  };
  svg.addEventListener("click", atDot((i) => {
    onLook(i); // a finger has not pointed before
    onToggle(i);
  }));
  svg.addEventListener("pointermove", (event) => hovers(event) && atDot(onLook)(event));
  return {
    svg,
    ground,
    show(newPlaces, chosen, isWrong) {
      places = newPlaces;
      const wrong = places.filter((_, i) => isWrong(i));
      dots.forEach((dot, i) => dot.setAttribute("transform", `translate(${places[i]})`));
      crosses.setAttribute("d", wrong.map(crossAt).join(""));
      rings.setAttribute("d", chosen.map((i) => circleAt(places[i], 9)).join(""));
    },
    look(i) {
      mark.setAttribute("d", places[i] ? circleAt(places[i], 13) : "");
    },
  };
}

// The boundary, and the deeper a shade the surer the head. length: how much the logit grows in one
// unit across.
function paintGround(ground, [left, right], length) {
  const scale = (WIDTH - 2 * EDGE) / (right - left);
  const step = WIDTH / STRIPS;
  const strips = range(STRIPS).map((i) => {
    const logit = length * (left + ((i + 0.5) * step - EDGE) / scale);
    const strip = rectangle(i * step, 0, step, HEIGHT, `catdog-class-${logit > 0 ? 1 : 0}`);
    const sureness = Math.abs(1 / (1 + Math.exp(-logit)) - 0.5);
    setAttributes(strip, { fill: "currentColor", "fill-opacity": (0.7 * sureness).toFixed(3) });
    strip.setAttribute("shape-rendering", "crispEdges"); // no seams
    return strip;
  });
  const x = EDGE - left * scale;
  const line = svgElement("path", { class: "catdog-boundary", d: `M${x} 0V${HEIGHT}` });
  const words = [["cat", x - 8, "end"], ["dog", x + 8, "start"]].map(([text, at, anchor]) =>
    svgElement("text", { x: at, y: HEIGHT - 4, "text-anchor": anchor }, text),
  );
  ground.replaceChildren(...strips, line, ...words);
}

export function headMaps(labels, coordinates, onToggle, onLook) {
  const [spread, side] = range(2).map(() => dotMap(labels, onToggle, onLook));
  spread.svg.setAttribute("aria-label", "Map of the features of all images, by PCA");
  side.svg.setAttribute("aria-label", "The images on both sides of the head's boundary");
  const firstTwo = coordinates.map((x) => [x[0], x[1] ?? 0]);
  const xs = firstTwo.map(([x]) => x);
  const fixed = placesOf(firstTwo, [Math.min(...xs), Math.max(...xs)]);
  const [spreadWords, sideWords] = [caption(), caption()];
  spreadWords.textContent =
    "Where the features lie: the two directions of the largest spread (PCA). " +
    "The head uses more directions than these two, so no line here is its boundary.";
  const root = element(
    "div", { class: "catdog-grids catdog-halves" },
    block(spread.svg, spreadWords), block(side.svg, sideWords),
  );
  return {
    root,
    // head: as `teach` returns it, or nothing
    show(chosen, head) {
      const isWrong = (i) => head && !judgedRight(head.dog[i], labels[i]);
      spread.show(fixed, chosen, isWrong);
      side.svg.toggleAttribute("hidden", !head);
      sideWords.textContent = head
        ? "The same features, seen along the head's boundary. Across: how far from it, deeper " +
          "where the head is surer. Up: the largest spread within the boundary."
        : "The view along the boundary appears as soon as there is a head.";
      if (!head) return;
      const { points, length } = sideView(coordinates, head);
      const distances = points.map(([x]) => x);
      const window = [Math.min(0, ...distances), Math.max(0, ...distances)];
      paintGround(side.ground, window, length);
      side.show(placesOf(points, window), chosen, isWrong);
    },
    look(i) {
      spread.look(i);
      side.look(i);
    },
  };
}

// The key of both maps.
export function mapKey(names) {
  const sign = (...children) =>
    svgElement("svg", { viewBox: "-11 -11 22 22", "aria-hidden": "true" }, ...children);
  const classes = names.map((name, label) => [
    name, svgElement("path", { d: DOTS[label], class: `catdog-dot catdog-class-${label}` }),
  ]);
  const signs = [
    ...classes,
    ["chosen", svgElement("path", { d: circleAt([0, 0], 9), class: "catdog-ring" })],
    ["misjudged", svgElement("path", { d: crossAt([0, 0]), class: "catdog-misjudged" })],
  ];
  const items = signs.map(([text, shape]) => element("span", {}, sign(shape), text));
  return element("div", { class: "catdog-key" }, ...items);
}
