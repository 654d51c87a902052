// What the page shows of an answer: the photo under its heat map, the neighbours, the reason.

import { drawHeat, evidence } from "./heat.js";

const WIDEST = 480; // pixels of the photo on the page, along its longer side

export function showPhoto(page, picture, heat, label) {
  const scale = WIDEST / Math.max(picture.width, picture.height);
  page.photo.width = Math.max(1, Math.round(picture.width * scale));
  page.photo.height = Math.max(1, Math.round(picture.height * scale));
  const context = page.photo.getContext("2d");
  const map = heat && evidence(heat, label);
  const draw = () => {
    context.clearRect(0, 0, page.photo.width, page.photo.height);
    context.drawImage(picture, 0, 0, page.photo.width, page.photo.height);
    if (map) drawHeat(context, map, page.strength.value / 100);
  };
  page.strength.oninput = draw;
  draw();
}

// Why the page is sure that it knows such photos, or is not.
export function showReason(page, given, facts, milliseconds) {
  const compared = given.known ? "at least" : "less than";
  page.reason.textContent =
    `Similarity to the ${facts.rank}th nearest: ${given.similarity.toFixed(3)}, ` +
    `${compared} the ${facts.threshold.toFixed(3)} that ${facts.accepted} of 100 validation ` +
    `images reach. Computed in ${Math.round(milliseconds)} ms.`;
}

// sheet: an image with all thumbnails, in rows of `columns`, each `size` pixels a side.
export function showNeighbours(page, found, facts, sheet) {
  const { size, columns } = facts.thumbnails;
  page.neighbours.replaceChildren(...found.map(({ position, similarity }) => {
    const name = facts.classes[facts.labels[position]];
    const thumbnail = document.createElement("canvas");
    thumbnail.width = thumbnail.height = size;
    const [x, y] = [position % columns, Math.floor(position / columns)].map((at) => at * size);
    thumbnail.getContext("2d").drawImage(sheet, x, y, size, size, 0, 0, size, size);
    const item = document.createElement("li");
    item.append(thumbnail, `${name} ${similarity.toFixed(2)}`);
    return item;
  }));
}

// What is known of the network, in the words that Python wrote.
export function showFacts(page, facts) {
  page.facts.replaceChildren(...facts.about.map((sentence) => {
    const item = document.createElement("li");
    item.textContent = sentence;
    return item;
  }));
  page.heat.hidden = !facts.heat;
  page.noHeat.hidden = facts.heat;
}
