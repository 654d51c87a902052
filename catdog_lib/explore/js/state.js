// The model of an explorable: the traits that Python and the page share.

export const getState = (model, names) =>
  Object.fromEntries(names.map((name) => [name, model.get(name)]));

export function setState(model, values) {
  for (const [name, value] of Object.entries(values)) model.set(name, value);
  model.save_changes();
}

// Draws the model's state now, and once a frame while it changes, from whichever side.
// `now()` draws without waiting for the frame; `stop()` ends this.
export function follow(model, draw) {
  let waiting = 0;
  const now = () => {
    cancelAnimationFrame(waiting);
    waiting = 0;
    draw();
  };
  const soon = () => {
    waiting ||= requestAnimationFrame(now);
  };
  model.on("change", soon);
  draw();
  return {
    now,
    stop() {
      model.off("change", soon);
      cancelAnimationFrame(waiting);
    },
  };
}
