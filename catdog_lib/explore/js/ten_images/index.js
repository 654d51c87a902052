// Ten images: the reader chooses what a head learns from; the page teaches it at once.

import { button, caption, element, liveLine, widgetRoot } from "../dom.js";
import { range } from "../math.js";
import { follow, getState, setState } from "../state.js";
import { thumbnailBoard } from "./board.js";
import { headMaps, mapKey } from "./maps.js";
import { LIMIT, draw, judgedRight, teach } from "./math.js";
import { misjudgedList } from "./misjudged.js";
import { taskList } from "./tasks.js";
import { imageNames, percent, summaryText } from "./text.js";

// An image that the reader looks at: large, with what the head makes of it.
function lookLine(names, thumbnails) {
  const img = element("img", { alt: "" });
  const words = element("span", {});
  const root = element("div", { class: "catdog-look" }, img, words);
  return {
    root,
    show(i, head) {
      img.hidden = i < 0;
      words.textContent = "Point at a dot to see its image here, or at an image to see its dots.";
      if (i < 0) return;
      img.src = thumbnails[i];
      words.textContent = names[i];
      if (!head) return;
      words.append(`: the head's probability that it is a dog is ${percent(head.dog[i])}`);
    },
  };
}

// What the reader chooses and takes back. onChange runs after each change; `note` says what else a
// screen reader should hear.
function choices(model, names, onChange) {
  const before = []; // what was chosen, for Undo
  const set = (chosen, note = "") => {
    all.note = note;
    if (chosen) setState(model, { chosen });
    onChange();
  };
  const all = {
    note: "",
    canUndo: () => before.length > 0,
    choose(chosen) {
      if (String(chosen) === String(model.get("chosen"))) return; // nothing to take back
      before.push(model.get("chosen"));
      set(chosen);
    },
    toggle(i) {
      const chosen = model.get("chosen");
      if (chosen.includes(i)) all.choose(chosen.filter((one) => one !== i));
      else if (chosen.length < LIMIT) all.choose([...chosen, i]);
      else set(null, `${LIMIT} images are chosen: take one away before you choose ${names[i]}.`);
    },
    undo() {
      if (before.length) set(before.pop());
    },
  };
  return all;
}

function startLine(directions, spreadKept) {
  const line = caption();
  line.textContent =
    `Choose up to ${LIMIT} images. A head learns from them at once. It sees ${directions} ` +
    "numbers for each image: its features along the directions of the largest spread, which " +
    `keep ${percent(spreadKept)} of it.`;
  return line;
}

function render({ model, el }) {
  const state = getState(model, ["thumbnails", "labels", "coordinates", "decay", "names"]);
  const { thumbnails, labels, coordinates, decay, names: classes } = state;
  const names = imageNames(labels, classes);
  const picks = choices(model, names, () => view.now());
  let [head, taught, looked] = [null, "", -1];
  const look = (i) => {
    looked = i;
    maps.look(i);
    looking.show(i, head);
  };
  const boards = classes.map((name, label) => {
    const members = range(labels.length).filter((i) => labels[i] === label);
    const title = `${members.length} ${name}s`;
    return thumbnailBoard(title, members, names, thumbnails, picks.toggle, look);
  });
  const maps = headMaps(labels, coordinates, picks.toggle, look);
  const looking = lookLine(names, thumbnails);
  const misjudged = misjudgedList(labels, classes, names, thumbnails);
  const tasks = taskList(coordinates, labels, classes, decay);
  const line = liveLine();
  const back = button("Undo", picks.undo);
  const buttons = [
    button("Clear", () => picks.choose([])),
    button("Ten at random", () => picks.choose(draw(labels, [5, 5], Math.random))),
    back,
  ];

  function show() {
    const chosen = model.get("chosen");
    if (taught !== JSON.stringify(chosen)) head = teach(coordinates, labels, chosen, decay);
    taught = JSON.stringify(chosen);
    const isWrong = (i) => Boolean(head) && !judgedRight(head.dog[i], labels[i]);
    for (const board of boards) board.show(chosen, isWrong);
    maps.show(chosen, head);
    misjudged.show(chosen, head);
    picks.note = [picks.note, tasks.show(chosen, head)].filter(Boolean).join(" ");
    look(looked);
    back.setAttribute("aria-disabled", String(!picks.canUndo()));
    const text = [summaryText(labels, classes, chosen, head?.dog), picks.note].join(" ").trim();
    if (line.textContent !== text) line.textContent = text; // a screen reader hears it once
  }

  const root = widgetRoot("Ten images");
  const grids = { class: "catdog-grids catdog-halves" };
  root.append(
    startLine(coordinates[0].length, model.get("spread_kept")),
    element("div", grids, ...boards.map((one) => one.root)),
    element("div", { class: "catdog-row" }, ...buttons),
    line, maps.root, mapKey(classes), looking.root, misjudged.root, tasks.root,
  );
  el.append(root);
  const view = follow(model, show);
  return view.stop;
}

export default { render };
