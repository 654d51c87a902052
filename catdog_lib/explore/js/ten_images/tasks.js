// What to try. A task that the page can check gets its mark once it is done.

import { element } from "../dom.js";
import { LIMIT, hitsOn, luck } from "./math.js";
import { percent } from "./text.js";

export function taskList(coordinates, labels, names, decay) {
  const few = luck(coordinates, labels, decay, [2, 2]);
  const bar = few[89];
  const [worst] = luck(coordinates, labels, decay, [5, 5]);
  const [cats, dogs] = names.map((name) => `${name}s`);
  const tasks = [
    {
      text: "Press “Ten at random” five times. How far apart are the five accuracies?",
    },
    {
      text:
        `Choose two ${cats} and two ${dogs} whose head gets more than ${percent(bar)} right. Of ` +
        `100 random choices of two and two, 90 get no more than that; the worst gets ` +
        `${percent(few[0])}.`,
      isDone: (share, chosen) => {
        const dogsChosen = chosen.filter((i) => labels[i] === 1).length;
        return chosen.length === 4 && dogsChosen === 2 && share > bar;
      },
    },
    {
      text:
        `Find ${LIMIT} images that teach badly: below ${percent(worst)}, the worst of 100 random ` +
        `tens. Can you get below 50%, which a coin gets?`,
      isDone: (share, chosen) => chosen.length === LIMIT && share < worst,
    },
    {
      text: `Choose only ${cats} of one colour, and any ${dogs}. Which ${cats} are misjudged?`,
    },
  ];
  const items = tasks.map(({ text }) => element("li", {}, text));
  return {
    root: element("ol", { class: "catdog-tasks", "aria-label": "Tasks" }, ...items),
    // head: as `teach` returns it, or nothing. Returns which tasks were done just now.
    show(chosen, head) {
      if (!head) return "";
      const [hits, count] = hitsOn(head.dog, labels, chosen);
      const done = tasks.filter((one) => !one.done && one.isDone?.(hits / count, chosen));
      const words = done.map((task) => {
        task.done = true;
        const i = tasks.indexOf(task);
        items[i].textContent = `✓ ${task.text} Done, with ${percent(hits / count)}.`;
        return `Task ${i + 1} is done.`;
      });
      return words.join(" ");
    },
  };
}
