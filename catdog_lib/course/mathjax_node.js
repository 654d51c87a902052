// Set formulas: node mathjax_node.js MATHJAX, where MATHJAX is the folder es5 of its package. Standard input: JSON, a list of
// [TeX, has lines of its own]. Standard output: JSON, the formulas as HTML, and the letters that all of them use.

const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const folder = process.argv[2];
const formulas = JSON.parse(readFileSync(0, "utf8"));

async function run() {
  await require(join(folder, "node-main.js")).init({
    loader: { load: ["adaptors/liteDOM", "input/tex", "output/svg", "a11y/assistive-mml"] },
    startup: { typeset: false },
    svg: { fontCache: "global" },
    tex: {
      packages: { "[-]": ["noundefined"] }, // neither a red name
      formatError: (_, error) => { throw error; }, // nor a red box on the page
    },
  });
  const { MathJax } = globalThis;
  const { adaptor, output } = MathJax.startup;
  // Half of its text is what nothing reads in a page.
  const needless = / (data-mml-node|data-c|xmlns|xmlns:xlink|focusable|jax|unselectable)="[^"]*"/g;
  const set = formulas.map(([tex, display]) => {
    try {
      return adaptor.outerHTML(MathJax.tex2svg(tex, { display })).replace(needless, "").replaceAll("xlink:href", "href");
    } catch (error) {
      throw new Error(`${error.message}: ${tex.replace(/\s+/g, " ")}`);
    }
  });
  const letters = `<svg class="letters" aria-hidden="true">${adaptor.outerHTML(output.fontCache.getCache())}</svg>`;
  process.stdout.write(JSON.stringify({ formulas: set, letters }));
}

run().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
