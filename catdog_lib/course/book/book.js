// Say when the book can be printed: formulas set, widgets drawn, images decoded.

async function ready() {
  await MathJax.startup.promise;
  await widgetsDrawn();
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  document.body.dataset.ready = "yes";
}

ready();
