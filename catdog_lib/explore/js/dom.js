// Elements on the page: how they are made, and those that every explorable has.

export function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svgElement(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(node, attributes, children) {
  setAttributes(node, attributes);
  node.append(...children);
  return node;
}

export function setAttributes(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
}

// The root of an explorable. It keeps its keys: JupyterLab, slides and pages have other uses for
// them.
export function widgetRoot(label) {
  const root = element("div", {
    class: "catdog catdog-wide",
    role: "group",
    "aria-label": label,
    "data-lm-suppress-shortcuts": "true",
  });
  root.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  });
  return root;
}

export const caption = () => element("div", { class: "catdog-caption" });

// The sentence under the figures, which a screen reader reads out at each change.
export const liveLine = () =>
  element("p", { class: "catdog-line catdog-said", "aria-live": "polite" });

// × or = between tables; the sentence says it to a screen reader.
export const operatorSign = (text) =>
  element("span", { class: "catdog-sign", "aria-hidden": "true" }, text);

// A part of the layout.
export const block = (...children) => element("div", {}, ...children);

export function button(text, onClick, attributes = {}) {
  const node = element("button", { type: "button", class: "catdog-button", ...attributes }, text);
  node.addEventListener("click", onClick);
  return node;
}
