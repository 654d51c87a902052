// Start a deck: every slide is 1280 × 720, and what cells give is as large as the rest leaves room for.

const WIDTH = 1280;
const HEIGHT = 720;
const SMALLEST = 0.4;
const LARGEST = 1.7;

/** Tell whether a slide holds all that is on it. */
function holds(section) {
  return section.scrollHeight <= HEIGHT + 1 && section.scrollWidth <= WIDTH + 1;
}

/** Give the outputs of a slide the largest size at which it holds all. */
function fit(section) {
  const outputs = [...section.querySelectorAll(":scope .output_wrapper")];
  if (!outputs.length) return;
  const zoom = (size) => outputs.forEach((output) => (output.style.zoom = size));
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
}

/** Wait until every widget of the page is drawn: each in a place before the script that describes it. */
async function widgets() {
  const views = [...document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]')];
  const drawn = () => views.every((view) => view.parentElement.querySelector(".jupyter-widgets"));
  for (let tenths = 0; tenths < 100 && !drawn(); tenths++) {
    await new Promise((wait) => setTimeout(wait, 100));
  }
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
    pdfSeparateFragments: false,
  });
  await deck.initialize();
  await MathJax.startup.promise;
  await widgets();
  const fitAll = () => deck.getSlides().forEach(fit);
  fitAll();
  await document.fonts.ready;
  fitAll();
  document.body.dataset.ready = "yes";
}

start();
