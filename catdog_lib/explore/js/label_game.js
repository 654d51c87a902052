// Cat or dog? One picture after the other, two buttons, and the score at the end.

import { element } from "./page.js";

// Wilson's interval for `right` of `count`, as catdog_lib.training.metrics.wilson_interval has it.
export function wilsonInterval(right, count, z = 1.96) {
  const p = right / count;
  const scale = 1 + (z * z) / count;
  const middle = (p + (z * z) / (2 * count)) / scale;
  const half = (z / scale) * Math.sqrt((p * (1 - p)) / count + (z * z) / (4 * count * count));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

export function scoreOf(answers, labels) {
  return answers.filter((answer, i) => answer === labels[i]).length;
}

const percent = (share) => `${Math.round(100 * share)} %`;

function render({ model, el }) {
  const pictures = model.get("pictures");
  const labels = model.get("labels");
  const names = model.get("names");
  // Everything is decided here, so that the game needs no kernel.
  let answers = labels.map(() => -1);

  const question = element("p", { class: "catdog-line", "aria-live": "polite" });
  const picture = element("img", { class: "catdog-picture" });
  const dots = element("div", { class: "catdog-dots", "aria-hidden": "true" });
  const buttons = names.map((name, label) => {
    const button = element("button", { type: "button", class: "catdog-button" });
    button.append(`${name} `, element("kbd", {}, name[0].toUpperCase()));
    button.addEventListener("click", () => answer(label));
    return button;
  });
  const row = element("div", { class: "catdog-row" }, ...buttons);
  const board = element("div", { class: "catdog-board" });
  const root = element(
    "div",
    { class: "catdog", tabindex: "0", role: "group", "data-lm-suppress-shortcuts": "true" },
  );
  root.setAttribute("aria-label", `Cat or dog? ${labels.length} pictures to label`);
  root.append(question, picture, row, dots, board);
  el.append(root);

  function answer(label) {
    const now = answers.indexOf(-1);
    if (now < 0) return;
    answers = answers.with(now, label);
    model.set("answers", answers);
    model.save_changes();
    show();
    if (answers.indexOf(-1) < 0) board.querySelector("button").focus();
  }

  function again() {
    answers = labels.map(() => -1);
    model.set("answers", answers);
    model.save_changes();
    show();
    root.focus();
  }

  function show() {
    const now = answers.indexOf(-1);
    const playing = now >= 0;
    picture.hidden = row.hidden = !playing;
    board.replaceChildren();
    dots.replaceChildren(
      ...labels.map((_, i) => element("span", { class: answers[i] < 0 ? "" : "catdog-done" })),
    );
    if (playing) {
      question.textContent = `Picture ${now + 1} of ${labels.length}: cat or dog?`;
      picture.src = pictures[now];
      picture.alt = `Picture ${now + 1}, for you to label`;
      return;
    }
    const right = scoreOf(answers, labels);
    const [low, high] = wilsonInterval(right, labels.length);
    question.textContent =
      `${right} of ${labels.length} right: ${percent(right / labels.length)} ` +
      `(95 % interval ${percent(low)} to ${percent(high)}).`;
    const tiles = labels.map((truth, i) => {
      const good = answers[i] === truth;
      const words = good ? `✓ ${names[truth]}` : `✗ a ${names[truth]}`;
      const image = element("img", { src: pictures[i] });
      image.alt = `Picture ${i + 1}: a ${names[truth]}; you said ${names[answers[i]]}`;
      return element("figure", { class: good ? "" : "catdog-wrong" }, image, element("figcaption", {}, words));
    });
    const button = element("button", { type: "button", class: "catdog-button" }, "Play again");
    button.addEventListener("click", again);
    board.append(...tiles, button);
  }

  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const label = names.findIndex((name) => name[0] === event.key.toLowerCase());
    if (label < 0) return;
    event.preventDefault(); // else JupyterLab takes the key: D D deletes the cell
    event.stopPropagation();
    if (!event.repeat) answer(label);
  });
  show();
}

export default { render };
