// Where a figure is drawn much smaller than it is, as on a phone, a tap opens it at its full size, to be moved with a finger.
{
  const dialog = document.createElement("dialog");
  dialog.className = "large-figure";
  const close = document.createElement("button");
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());

  function enlarge(figure) {
    const large = figure.cloneNode();
    large.removeAttribute("style");
    dialog.setAttribute("aria-label", figure.alt);
    dialog.replaceChildren(close, large);
    dialog.showModal();
  }

  const figures = document.querySelectorAll(".bd-article .cell_output img:not(.catdog img)");
  addEventListener("load", () => {
    for (const figure of figures) {
      if (figure.naturalWidth < 1.5 * figure.clientWidth || figure.clientWidth < 200) continue;
      const button = document.createElement("button");
      button.className = "enlarge-figure";
      button.title = "Enlarge this figure";
      figure.replaceWith(button);
      button.append(figure);
      button.addEventListener("click", () => enlarge(figure));
    }
    document.body.append(dialog);
  });
}
