// A button at each piece of code that copies it.
{
  const copied = (text) => navigator.clipboard?.writeText(text) ?? Promise.reject(new Error("no clipboard"));

  // A page from a plain http server has no clipboard; then the text is selected, for the reader's own Ctrl+C.
  const select = (element) => getSelection().selectAllChildren(element);

  for (const code of document.querySelectorAll(".bd-article div.highlight:not(.cell_output div)")) {
    const source = code.querySelector("pre");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy-code";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      try {
        await copied(source.textContent.trimEnd());
        button.textContent = "Copied";
      } catch {
        select(source);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    code.append(button);
  }
}
