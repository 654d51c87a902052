// The explorables of a page, without a kernel and without a widget manager: each place in the page names a model, whose
// state the page holds as JSON (catdog_lib/course/player.py writes both).
{
  const same = (a, b) => Object.is(a, b) || (typeof a === "object" && JSON.stringify(a) === JSON.stringify(b));

  // What an explorable needs of anywidget's model; nobody listens on the other side.
  class Model {
    #state;
    #listeners = new Map();

    constructor(state) {
      this.#state = state;
    }

    get(name) {
      return this.#state[name];
    }

    set(name, value) {
      if (same(this.#state[name], value)) return;
      this.#state[name] = value;
      for (const event of [`change:${name}`, "change"]) {
        for (const listener of [...(this.#listeners.get(event) ?? [])]) listener();
      }
    }

    save_changes() {}

    on(event, listener) {
      this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    }

    off(event, listener) {
      this.#listeners.set(event, (this.#listeners.get(event) ?? []).filter((one) => one !== listener));
    }
  }

  const load = (source) => import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));

  async function play({ scripts, styles, models }) {
    for (const text of styles) document.head.append(Object.assign(document.createElement("style"), { textContent: text }));
    const modules = scripts.map(load); // each of them once, however many explorables use it
    const shown = {}; // an explorable that is shown twice has one state
    for (const place of document.querySelectorAll("[data-explorable]")) {
      const { script, state } = models[place.dataset.explorable];
      const { default: explorable } = await modules[script];
      shown[place.dataset.explorable] ??= new Model(state);
      explorable.render({ model: shown[place.dataset.explorable], el: place });
    }
  }

  // A heading "Explorables" has the same id.
  const held = document.querySelector("script#explorables");
  if (held) play(JSON.parse(held.textContent));
}
