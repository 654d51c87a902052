// The ways for a photo to come in: chosen, dropped, pasted, or one of the examples.

// onFile is given each file, as a Blob.
export function listen(page, onFile) {
  page.file.addEventListener("change", () => {
    const [file] = page.file.files;
    page.file.value = ""; // so that the same file can be chosen again
    if (file) onFile(file);
  });
  document.addEventListener("paste", (event) => take(event.clipboardData, onFile));
  document.addEventListener("dragover", (event) => {
    event.preventDefault(); // else the browser would open the file itself
    page.drop.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) page.drop.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    page.drop.classList.remove("over");
    take(event.dataTransfer, onFile);
  });
}

function take(transfer, onFile) {
  const [file] = transfer?.files ?? [];
  if (file) onFile(file);
}

// Buttons with the example images, each a file beside the page.
export function addExamples(page, examples, onFile) {
  examples.forEach(({ file, name }) => {
    const image = new Image();
    image.src = file;
    image.alt = name;
    const button = document.createElement("button");
    button.type = "button";
    button.append(image);
    button.addEventListener("click", async () => onFile(await (await fetch(file)).blob()));
    page.examples.append(button);
  });
}
