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
      if (head) words.append(`: the head's probability that it is a dog is ${percent(head.dog[i])}`);
    },
  };
}

function render({ model, el }) {
  const state = getState(model, [
    "thumbnails", "labels", "coordinates", "decay", "spread_kept", "names",
  ]);
  const { thumbnails, labels, coordinates, decay, names: classes } = state;
  const names = imageNames(labels, classes);
  const before = []; // what was chosen, for Undo
  let [head, taught, looked, note] = [null, "", -1, ""];

  const choose = (chosen, remark = "") => {
    before.push(model.get("chosen"));
    note = remark;
    setState(model, { chosen });
    view.now();
  };
  const toggle = (i) => {
    const chosen = model.get("chosen");
    if (chosen.includes(i)) return choose(chosen.filter((one) => one !== i));
    if (chosen.length < LIMIT) return choose([...chosen, i]);
    note = `${LIMIT} images are chosen: take one away before you choose ${names[i]}.`;
    return view.now();
  };
  const look = (i) => {
    looked = i;
    maps.look(i);
    looking.show(i, head);
  };
  const undo = () => {
    if (!before.length) return;
    setState(model, { chosen: before.pop() });
    note = "";
    view.now();
  };

  const boards = classes.map((name, label) => {
    const members = range(labels.length).filter((i) => labels[i] === label);
    return thumbnailBoard(`${members.length} ${name}s`, members, names, thumbnails, toggle, look);
  });
  const maps = headMaps(labels, coordinates, toggle, look);
  const looking = lookLine(names, thumbnails);
  const misjudged = misjudgedList(labels, classes, names, thumbnails);
  const tasks = taskList(coordinates, labels, classes, decay);
  const line = liveLine();
  const clear = button("Clear", () => choose([]));
  const atRandom = button("Ten at random", () => choose(draw(labels, [5, 5], Math.random)));
  const back = button("Undo", undo);

  function show() {
    const chosen = model.get("chosen");
    if (taught !== JSON.stringify(chosen)) head = teach(coordinates, labels, chosen, decay);
    taught = JSON.stringify(chosen);
    const isWrong = (i) => Boolean(head) && !judgedRight(head.dog[i], labels[i]);
    for (const board of boards) board.show(chosen, isWrong);
    maps.show(chosen, head);
    misjudged.show(chosen, head);
    tasks.show(chosen, head);
    look(looked);
    back.setAttribute("aria-disabled", String(!before.length));
    const text = [summaryText(labels, classes, chosen, head?.dog), note].join(" ").trim();
    if (line.textContent !== text) line.textContent = text;
  }

  const start = caption();
  start.textContent =
    `Choose up to ${LIMIT} images. A head learns from them at once, from ` +
    `${coordinates[0].length} numbers for each image: its features along the directions of the ` +
    `largest spread, which keep ${percent(state.spread_kept)} of it.`;
  const root = widgetRoot("Ten images");
  root.append(
    start,
    element("div", { class: "catdog-grids catdog-halves" }, ...boards.map((one) => one.root)),
    element("div", { class: "catdog-row" }, clear, atRandom, back),
    line, maps.root, mapKey(classes), looking.root, misjudged.root, tasks.root,
  );
  el.append(root);
  const view = follow(model, show);
  return () => view.stop();
}

export default { render };
