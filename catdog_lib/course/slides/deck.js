// Start a deck: every slide is 1280 × 720, and what cells give is as large as the rest leaves room for.

const WIDTH = 1280;
const HEIGHT = 720;
const SMALLEST = 0.62; // a widget that needs more room than this gives it scrolls
const LARGEST = 1.7;
const SCROLLING = 0.85;
const MARGIN = 40; // below what is on a slide
const WIDGET = ".explorable, .output_widget_view";
const SHORT = 12; // the most lines of code above a figure; a longer script is shown beside it
const LONG = 130; // characters that make a line a sentence, which is broken; a table has fewer

/** Tell whether a slide holds all that is on it, and each box of text its lines. */
function holds(section) {
  const boxes = [...section.querySelectorAll(".code_cell pre")];
  return (
    section.scrollHeight <= HEIGHT + 1 &&
    section.scrollWidth <= WIDTH + 1 &&
    boxes.every((box) => box.scrollWidth <= box.clientWidth + 1)
  );
}

/** Put a long script beside its figure, and break lines that would make the slide tiny. */
function arrange(section) {
  for (const box of section.querySelectorAll(".code_cell pre")) {
    const lengths = box.textContent.split("\n").map((line) => line.length);
    box.classList.toggle("broken", Math.max(...lengths) > LONG);
  }
  for (const output of section.querySelectorAll(".output:has(img)")) {
    const scripts = [...output.querySelectorAll(".highlight pre")];
    const lines = scripts.map((script) => script.textContent.trim().split("\n").length);
    output.classList.toggle("beside", Math.max(0, ...lines) > SHORT);
  }
}

/** Give the code and the outputs of a slide the largest size at which it holds all. */
function fit(section) {
  const cells = [...section.querySelectorAll(".code_cell")];
  const zoom = (size) => cells.forEach((cell) => (cell.style.zoom = size));
  if (!cells.length) return;
  section.querySelectorAll(WIDGET).forEach((widget) => (widget.style.maxHeight = ""));
  arrange(section);
  let [small, large] = [SMALLEST, LARGEST];
  zoom(large);
  if (holds(section)) return;
  for (let step = 0; step < 8; step++) {
    const middle = (small + large) / 2;
    zoom(middle);
    if (holds(section)) small = middle;
    else large = middle;
  }
  zoom(small);
  if (!holds(section)) scroll(section, zoom);
}

/** Let an explorable that is higher than the slide scroll in the room that it has. */
function scroll(section, zoom) {
  const tall = section.querySelector(WIDGET);
  if (!tall) return;
  zoom(SCROLLING);
  const scale = section.getBoundingClientRect().height / HEIGHT;
  const above = (tall.getBoundingClientRect().top - section.getBoundingClientRect().top) / scale;
  tall.style.maxHeight = `${(HEIGHT - MARGIN - above) / SCROLLING}px`;
  tall.style.overflowY = "auto";
}

/** Fit a slide again when an explorable on it has become too high: some draw parts of it later. */
function watch(section) {
  const observer = new ResizeObserver(() => holds(section) || fit(section));
  section.querySelectorAll(WIDGET).forEach((widget) => observer.observe(widget));
}

async function start() {
  const deck = new Reveal({
    plugins: [RevealNotes],
    width: WIDTH,
    height: HEIGHT,
    margin: 0,
    center: false,
    hash: true,
    slideNumber: "c/t",
    transition: "none",
    viewDistance: 1000, // all slides are laid out, so that all can be fitted
    mobileViewDistance: 1000,
    pdfMaxPagesPerSlide: 1, // counted before anything is fitted
  });
  await deck.initialize();
  await MathJax.startup.promise;
  await widgetsDrawn();
  await document.fonts.ready;
  deck.getSlides().forEach(fit);
  deck.getSlides().forEach(watch);
  document.body.dataset.ready = "yes";
}

start();
