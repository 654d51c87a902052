// The thumbnails of a class: toggle buttons in a grid, one stop for the Tab key.

import { block, caption, element } from "../dom.js";
import { clamp } from "../math.js";
import { arrowKeys, handleKeys } from "../pointer.js";

// members: the positions of its images. onToggle and onLook get the position of an image.
export function thumbnailBoard(title, members, names, thumbnails, onToggle, onLook) {
  const tiles = members.map((i) => tile(thumbnails[i], () => onToggle(i), () => onLook(i)));
  const grid = element(
    "div",
    { class: "catdog-thumbs catdog-moving", role: "group" },
    ...tiles.map(({ root }) => root),
  );
  grid.setAttribute("aria-label", `${title}; arrow keys move, Space chooses`);
  const heading = caption();
  heading.textContent = title;
  let current = 0;
  tiles.forEach(({ root }, at) => root.addEventListener("focus", () => stopAt(at)));
  stopAt(0);

  function stopAt(at) {
    tiles[current].root.tabIndex = -1;
    current = at;
    tiles[at].root.tabIndex = 0;
  }

  function moveTo(at) {
    tiles[clamp(at, 0, tiles.length - 1)].root.focus();
  }

  // How many tiles a row has, as they are laid out now.
  function columns() {
    const top = tiles[0].root.offsetTop;
    return tiles.filter(({ root }) => root.offsetTop === top).length;
  }

  const move = (down, right) => {
    const next = current + right + down * (down ? columns() : 0);
    if (next >= 0 && next < tiles.length) moveTo(next);
  };
  handleKeys(grid, {
    ...arrowKeys(move),
    Home: () => moveTo(0),
    End: () => moveTo(tiles.length - 1),
  });
  return {
    root: block(heading, grid),
    // isWrong(i): whether the head misjudges an image
    show(chosen, isWrong) {
      tiles.forEach((one, at) => {
        const i = members[at];
        one.show(names[i], chosen.includes(i), isWrong(i));
      });
    },
  };
}

function tile(thumbnail, onToggle, onLook) {
  const img = element("img", { src: thumbnail, alt: "", draggable: "false" });
  const badge = element("span", { "aria-hidden": "true" });
  const root = element(
    "button", { type: "button", class: "catdog-thumb", tabindex: "-1" }, img, badge,
  );
  root.addEventListener("click", onToggle);
  root.addEventListener("focus", onLook);
  root.addEventListener("pointerenter", onLook);
  return {
    root,
    show(name, isChosen, isWrong) {
      const words = `${name}, ${isChosen ? "chosen" : "not chosen"}${isWrong ? ", misjudged" : ""}`;
      if (root.getAttribute("aria-label") === words) return;
      root.setAttribute("aria-label", words);
      root.setAttribute("aria-pressed", String(isChosen));
      badge.textContent = (isChosen ? "✓" : "") + (isWrong ? "✗" : "");
    },
  };
}
