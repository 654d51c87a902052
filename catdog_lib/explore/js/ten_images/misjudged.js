// The images that the head misjudges, the surest mistakes first.

import { block, caption, element } from "../dom.js";
import { range } from "../math.js";
import { judgedRight } from "./math.js";
import { percent } from "./text.js";

const SHOWN = 12;

// The positions of the misjudged images that are not chosen, the surest mistakes first.
export function mistakes(dog, labels, chosen) {
  const away = (i) => Math.abs(dog[i] - 0.5);
  return range(labels.length)
    .filter((i) => !chosen.includes(i) && !judgedRight(dog[i], labels[i]))
    .sort((a, b) => away(b) - away(a));
}

function countText(count) {
  const said = `${count || "None"} of the other images ${count > 1 ? "are" : "is"} misjudged`;
  if (count > SHOWN) return `${said}. The ${SHOWN} of which the head is surest:`;
  return count ? `${said}:` : `${said}.`;
}

export function misjudgedList(labels, classes, names, thumbnails) {
  const words = caption();
  const row = element("div", { class: "catdog-misjudged-row" });
  const figure = (i, dog) => {
    const label = 1 - labels[i];
    const sureness = percent(label ? dog : 1 - dog).replace(" ", "\u00a0"); // in one line
    const text = `${classes[label]} ${sureness}`;
    const alt = `${names[i]}; the head says ${text}`;
    const img = element("img", { src: thumbnails[i], alt });
    return element(
      "figure", {}, img, element("figcaption", { "aria-hidden": "true" }, `${names[i]}: ${text}`),
    );
  };
  return {
    root: block(words, row),
    // head: as `teach` returns it, or nothing
    show(chosen, head) {
      const wrong = head ? mistakes(head.dog, labels, chosen) : [];
      words.textContent = head ? countText(wrong.length) : "No head yet, so none is misjudged.";
      row.replaceChildren(...wrong.slice(0, SHOWN).map((i) => figure(i, head.dog[i])));
    },
  };
}
