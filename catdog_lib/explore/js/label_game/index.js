// Cat or dog? One image after the other, two buttons, and the score at the end.

import { button, element } from "../dom.js";
import { setState } from "../state.js";
import { wilsonInterval } from "../statistics.js";
import { say, speak } from "../words.js";

export const countRight = (answers, labels) =>
  answers.filter((answer, i) => answer === labels[i]).length;

// The label whose name begins with this letter, large or small; −1 for none.
export const labelOfKey = (names, key) =>
  names.findIndex((name) => name[0].toLowerCase() === key.toLowerCase());

const percent = (share) => `${Math.round(100 * share)}%`;

function scoreText(answers, labels) {
  const right = countRight(answers, labels);
  const [low, high] = wilsonInterval(right, labels.length).map(percent);
  const [count, share] = [labels.length, percent(right / labels.length)];
  const fields = { right, count, share, low, high };
  return say("{right} of {count} right: {share} (95% interval {low} to {high}).", fields);
}

// The image number i with its label, marked where the answer was wrong.
function resultTile(i, image, name, answered) {
  const good = name === answered;
  const img = element("img", { src: image });
  img.alt = say("Image {number}: a {name}; you said {answered}", { number: i + 1, name, answered });
  const words = element("figcaption", {}, good ? `✓ ${name}` : say("✗ No, a {name}", { name }));
  return element("figure", { class: good ? "" : "catdog-wrong" }, img, words);
}

// The question with its buttons; onAnswer gets a label.
function questionView(names, images, onAnswer) {
  const line = element("p", { class: "catdog-line", "aria-live": "polite", tabindex: "-1" });
  const img = element("img", { class: "catdog-picture" });
  const dots = element("div", { class: "catdog-dots", "aria-hidden": "true" });
  const buttons = names.map((name, label) => {
    const node = button(`${name} `, () => onAnswer(label));
    node.append(element("kbd", {}, name[0].toUpperCase()));
    return node;
  });
  const row = element("div", { class: "catdog-row" }, ...buttons);
  return {
    line,
    parts: [line, img, row, dots],
    // current: the number of the image to ask about; −1 when all are answered
    show(answers, current) {
      img.hidden = row.hidden = current < 0;
      dots.replaceChildren(
        ...answers.map((answer) => element("span", { class: answer < 0 ? "" : "catdog-done" })),
      );
      if (current < 0) return;
      const fields = { number: current + 1, count: answers.length };
      line.textContent = say("Image {number} of {count}: cat or dog?", fields);
      img.src = images[current];
      img.alt = say("Image {number}, for you to label", fields);
    },
  };
}

// C and D answer, or other first letters. The key is kept from the page: in JupyterLab, D D deletes
// the cell.
function answerByKey(root, names, onAnswer) {
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const label = labelOfKey(names, event.key);
    if (label < 0) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) onAnswer(label);
  });
}

function render({ model, el }) {
  speak(model);
  const [images, labels, names] = ["images", "labels", "names"].map((name) => model.get(name));
  let answers = labels.map(() => -1); // decided here, so that the game needs no kernel
  const question = questionView(names, images, answer);
  const board = element("div", { class: "catdog-board" });

  function setAnswers(values) {
    answers = values;
    setState(model, { answers });
    show();
  }

  function answer(label) {
    const current = answers.indexOf(-1);
    if (current < 0) return;
    setAnswers(answers.with(current, label));
    if (answers.indexOf(-1) < 0) question.line.focus(); // the score, and not what erases it
  }

  function playAgain() {
    setAnswers(labels.map(() => -1));
    root.focus();
  }

  function show() {
    const current = answers.indexOf(-1);
    question.show(answers, current);
    board.replaceChildren();
    if (current >= 0) return;
    question.line.textContent = scoreText(answers, labels);
    const tiles = labels.map((label, i) =>
      resultTile(i, images[i], names[label], names[answers[i]]),
    );
    board.append(...tiles, button(say("Play again"), playAgain));
  }

  const root = element("div", {
    class: "catdog",
    tabindex: "0",
    role: "group",
    "data-lm-suppress-shortcuts": "true",
    "aria-label": say("Cat or dog? {count} images to label", { count: labels.length }),
  });
  root.append(...question.parts, board);
  el.append(root);
  answerByKey(root, names, answer);
  show();
}

export default { render };
