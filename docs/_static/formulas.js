// A formula that is wider than the page scrolls by itself. It is then a stop of the Tab key, so that the arrow keys scroll
// it, and has a name; the other formulas are none.
{
  const watcher = new ResizeObserver((changes) => {
    for (const { target } of changes) {
      const scrolls = target.scrollWidth > target.clientWidth;
      target.toggleAttribute("data-scrolls", scrolls);
      if (scrolls) {
        target.tabIndex = 0;
        target.role = "group";
        target.ariaLabel = "formula, scrolls sideways";
      } else {
        for (const name of ["tabindex", "role", "aria-label"]) target.removeAttribute(name);
      }
    }
  });
  document.querySelectorAll("mjx-container[display]").forEach((one) => watcher.observe(one));
}
