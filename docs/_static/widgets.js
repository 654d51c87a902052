// Sliders on the pages: loaded after require.js, before the widget manager.
{
  // Modules lie in the folder widgets/ beside this script; without this they are looked for beside the page.
  requirejs.config({
    baseUrl: new URL("widgets/", document.currentScript.src).href,
    // Each module looks for the icons beside itself; so all of them find the same ones.
    paths: { "@jupyter-widgets/html-manager/dist": "@jupyter-widgets" },
  });

  // The widget manager calls MathJax as version 2 had it; slides and the book have version 3, and pages have none.
  if (window.MathJax) {
    window.MathJax.startup = {
      ready() {
        MathJax.startup.defaultReady();
        MathJax.Hub = { Queue: ([, , element]) => MathJax.typesetPromise([element]) };
      },
    };
  }

  // The handle of a slider has no name of its own: it gets that of the slider.
  new MutationObserver(() => {
    for (const handle of document.querySelectorAll(".noUi-handle:not([aria-label])")) {
      const label = handle.closest(".widget-slider")?.querySelector(".widget-label")?.textContent;
      handle.setAttribute("aria-label", label || "slider");
    }
  }).observe(document, { childList: true, subtree: true });
}
