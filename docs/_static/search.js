// Search the passages of the course (PASSAGES, written by catdog_lib/course/search_passages.py): each result leads to its
// section or glossary entry, and shows an excerpt, from a server as from a folder.
{
  const MOST = 50;
  const EXCERPT = 240; // characters
  const query = new URLSearchParams(location.search).get("q")?.trim() ?? "";
  // "networks" finds "network", and each word what begins with it. A word of one letter would find everything.
  const words = (query.toLowerCase().match(/[\p{L}\p{N}_]{2,}/gu) ?? []).map((word) => word.replace(/(?<=...)s$/, ""));
  const patterns = words.map((word) => new RegExp(`(?<![\\p{L}\\p{N}_])${word}`, "giu"));
  const count = (text, pattern) => text.match(pattern)?.length ?? 0;

  // A word in a heading weighs more than any number in the text; a heading that is the query, most.
  function score(heading, text) {
    const each = patterns.map((pattern) => 10 * count(heading, pattern) + Math.min(count(text, pattern), 5));
    const exact = heading.toLowerCase().split(", ").includes(query.toLowerCase()) ? 100 : 0;
    return each.includes(0) ? 0 : exact + each.reduce((sum, one) => sum + one, 0);
  }

  function excerpt(text) {
    const places = patterns.map((pattern) => text.search(pattern)).filter((place) => place >= 0);
    const first = places.length ? Math.max(0, Math.min(...places) - EXCERPT / 3) : 0;
    const start = first && text.indexOf(" ", first) + 1;
    const end = text.length > start + EXCERPT ? text.lastIndexOf(" ", start + EXCERPT) : text.length;
    return `${start ? "… " : ""}${text.slice(start, end)}${end < text.length ? " …" : ""}`;
  }

  // The text with its found words marked.
  function marked(text) {
    const paragraph = document.createElement("p");
    paragraph.className = "context";
    let done = 0;
    for (const found of text.matchAll(new RegExp(patterns.map((one) => `(?:${one.source}[\\p{L}\\p{N}_]*)`).join("|"), "giu"))) {
      paragraph.append(text.slice(done, found.index), Object.assign(document.createElement("mark"), { textContent: found[0] }));
      done = found.index + found[0].length;
    }
    paragraph.append(text.slice(done));
    return paragraph;
  }

  function shown({ page, title, anchor, heading, text }) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = `${page}.html${anchor && `#${anchor}`}`;
    link.textContent = anchor ? `${title} > ${heading}` : title;
    item.append(link);
    if (text) item.append(marked(excerpt(text)));
    return item;
  }

  if (words.length) {
    const found = PASSAGES.flatMap(([page, passages]) => passages.map(([anchor, heading, text]) => (
      { page, title: passages[0][1], anchor, heading, text, score: score(heading, text) }
    ))).filter((one) => one.score).sort((a, b) => b.score - a.score);
    const said = document.createElement("p");
    said.role = "status";
    said.textContent = found.length ? `${found.length} passage${found.length === 1 ? "" : "s"} with “${query}”${
      found.length > MOST ? `; here are the first ${MOST}` : ""}.` : `No passage has “${query}”.`;
    const list = document.createElement("ul");
    list.className = "search";
    list.append(...found.slice(0, MOST).map(shown));
    document.getElementById("search-results").append(said, list);
  }
  document.querySelector(".bd-search-container input[name=q]").value = query;
}
