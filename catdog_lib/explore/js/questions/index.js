// Questions with a few choices each. A click answers; the page then says what is right, and why.

import { button, element, widgetRoot } from "../dom.js";
import { follow, setState } from "../state.js";
import { say, speak } from "../words.js";

// What the page says under a question. pick: the reader's choice, −1 for none; the answer is −1
// until the notebook has computed it.
export function feedback({ choices, answer, because }, pick) {
  if (pick < 0) return "";
  const chosen = choices[pick];
  if (answer < 0) {
    return say("You predict: {chosen}. Read on, and run the cells that follow.", { chosen });
  }
  const right = choices[answer];
  const verdict =
    pick === answer
      ? say("✓ Yes: {right}.", { right })
      : say("✗ You chose {chosen}. The answer: {right}.", { chosen, right });
  return `${verdict}${because ? ` ${because}` : ""}`;
}

// How many are right, once all are answered; nothing for a single question.
export function scoreText(questions, picks) {
  if (questions.length < 2 || picks.includes(-1)) return "";
  const right = questions.filter(({ answer }, i) => answer === picks[i]).length;
  return say("{right} of {count} right.", { right, count: questions.length });
}

const withoutFullStop = (text) => text.replace(/\.$/, "");

// A question, its buttons and its line; show(question, pick) marks them.
function questionView(number, question, onPick) {
  const prompt = element("p", { class: "catdog-prompt" }, number + question.prompt);
  const said = element("p", { class: "catdog-line", "aria-live": "polite" });
  const buttons = question.choices.map((choice, i) =>
    button(withoutFullStop(choice), () => onPick(i), { "aria-pressed": "false" }),
  );
  const row = element("div", { class: "catdog-choices" }, ...buttons);
  const node = element("div", { class: "catdog-question", role: "group" }, prompt, row, said);
  node.setAttribute("aria-label", question.prompt);
  return {
    node,
    show(current, pick) {
      const known = pick >= 0 && current.answer >= 0;
      buttons.forEach((one, i) => {
        one.setAttribute("aria-pressed", String(i === pick));
        one.classList.toggle("catdog-right", known && i === current.answer);
        one.classList.toggle("catdog-wrong", known && i === pick && i !== current.answer);
      });
      const text = feedback(current, pick);
      if (said.textContent !== text) said.textContent = text; // a screen reader hears it once
    },
  };
}

function render({ model, el }) {
  speak(model);
  const title = model.get("title");
  const root = widgetRoot(title);
  let picks = model.get("picks"); // decided here, so that it needs no kernel
  const questions = model.get("questions");
  const views = questions.map((question, i) =>
    questionView(questions.length > 1 ? `${i + 1}. ` : "", question, (choice) => pick(i, choice)),
  );
  const score = element("p", { class: "catdog-line catdog-score", "aria-live": "polite" });
  root.append(element("p", { class: "catdog-caption" }, title), ...views.map(({ node }) => node));
  root.append(score);
  el.append(root);

  function pick(i, choice) {
    picks = picks.with(i, choice);
    setState(model, { picks });
    drawing.now();
  }

  const drawing = follow(model, () => {
    const current = model.get("questions"); // a Prediction's answer comes later
    views.forEach((view, i) => view.show(current[i], picks[i]));
    const text = scoreText(current, picks);
    if (score.textContent !== text) score.textContent = text;
    score.hidden = !text;
  });
  return drawing.stop;
}

export default { render };
