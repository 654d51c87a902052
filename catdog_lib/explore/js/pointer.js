// Pointer and keys on a figure.

// Which moves of the pointer count, beside its press. A touch that moves scrolls the page.
export const presses = () => false;
export const hovers = (event) => event.pointerType !== "touch";
export const drags = (event) => event.buttons && event.pointerType !== "touch";

// Calls onPoint(across, down), the share of the figure's width and height from its top left corner,
// when the pointer is pressed on it and when it moves in a way that counts.
export function followPointer(node, counts, onPoint) {
  const point = (event) => {
    const box = node.getBoundingClientRect();
    onPoint((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  };
  node.addEventListener("pointerdown", point);
  node.addEventListener("pointermove", (event) => counts(event) && point(event));
}

// handlers: for each key a function. The page does not get a key that was handled; a handler that
// returns false leaves it to the page.
export function handleKeys(node, handlers) {
  node.addEventListener("keydown", (event) => {
    if (!Object.hasOwn(handlers, event.key) || handlers[event.key]() === false) return;
    event.preventDefault();
  });
}

// Handlers of the arrow keys: move(down, right), each −1, 0 or 1; Home and End move without limit.
export const arrowKeys = (move) => ({
  ArrowUp: () => move(-1, 0),
  ArrowDown: () => move(1, 0),
  ArrowLeft: () => move(0, -1),
  ArrowRight: () => move(0, 1),
  Home: () => move(0, -Infinity),
  End: () => move(0, Infinity),
});
