/* One document: its pyramid, in which an entry lights up what it rests on and what rests on it, and a page reader. */

import { get, getFile } from "../api.js";
import { action, add, count, fill, grid, h, loading, status } from "../dom.js";
import { markdown } from "../markdown.js";
import { percent } from "./documents.js";

const BLOCK = 40;
const BLOCKS_AT_ONCE = 10;

export function document_(main, { args: [id, kind, name], query, signal }) {
  const view = h("div");
  add(main, view);
  loading(view, () => get(`/v1/documents/${id}/pyramid`), (data) => {
    const { element, open } = pyramidPage(id, data, signal);
    if (kind) queueMicrotask(() => (kind === "entries" && open(name)) || open(`p${query.get("page") ?? name}`));
    return element;
  });
}

function pyramidPage(id, data, signal) {
  const { document: found } = data;
  const reader = h("section", { class: "panel reader", "aria-live": "polite", "aria-label": "Reader", tabindex: "0" },
    h("p", { class: "muted" }, "Choose an entry: what it rests on and what rests on it lights up, and its page opens here."));
  const levels = drawLevels(data, (entry) => show(id, found, entry, reader, signal));
  const facts = [found.filename, count(found.page_count, "page"), count(data.insights.length, "insight"), count(data.concepts.length, "concept"), found.status !== "ready" && found.status];
  const element = h("div", {}, h("h1", {}, found.title || found.filename),
    h("p", { class: "muted" }, facts.filter(Boolean).join(" · ")),
    found.error && h("div", { class: "problem", role: "alert" }, h("p", {}, found.error.detail)),
    h("div", { class: "split even" }, levels.element, reader), qualityPanel(id));
  return { element, open: levels.open };
}

/** Which entries rest on which, pages as `p1`, `p2` …, in both directions. */
function linksOf(entries) {
  const down = new Map();
  const up = new Map();
  const into = (links, from, to) => (links.get(from) ?? links.set(from, new Set()).get(from)).add(to);
  const link = (from, to) => { into(down, from, to); into(up, to, from); };
  const known = new Set(entries.map(({ entry }) => entry.id));
  for (const { entry, sources } of entries) {
    for (const source of sources) if (known.has(source)) link(entry.id, source);
    if (entry.level === "insight") for (const number of entry.pages) link(entry.id, `p${number}`);
  }
  return { down, up };
}

function reach(start, links) {
  const seen = new Set();
  const queue = [start];
  while (queue.length) for (const next of links.get(queue.pop()) ?? []) if (!seen.has(next)) { seen.add(next); queue.push(next); }
  return seen;
}

/** The four levels; `onChoose` gets the entry or page that was chosen. */
function drawLevels(data, onChoose) {
  const { down, up } = linksOf([...data.abstract, ...data.concepts, ...data.insights]);
  const buttons = new Map();
  const element = h("div", { class: "levels" });
  let marked = [];

  function choose(name, entry) {
    for (const button of marked) { button.classList.remove("lit", "chosen"); button.setAttribute("aria-pressed", "false"); }
    element.classList.add("dimmed");
    const chosen = buttons.get(name);
    marked = [...reach(name, down), ...reach(name, up)].map((other) => buttons.get(other)).filter(Boolean);
    for (const button of marked) button.classList.add("lit");
    marked.push(chosen);
    chosen.classList.add("chosen");
    chosen.setAttribute("aria-pressed", "true");
    for (const level of element.children) bring(level.querySelector(".chosen") ?? level.querySelector(".lit"));
    onChoose(entry);
  }

  const button = (name, text, entry) => {
    const made = h("button", { type: "button", class: "entry", "aria-pressed": "false", onclick: () => choose(name, entry) }, text);
    buttons.set(name, made);
    return made;
  };
  const entries = (rows) => rows.map(({ entry }) => button(entry.id, entry.text, entry));
  const pages = Array.from({ length: data.document.page_count }, (_, index) => button(`p${index + 1}`, `${index + 1}`, { level: "page", number: index + 1 }));
  const insights = blocksOf(entries(data.insights));
  const level = (name, children, label) => h("section", { class: `level ${name}`, tabindex: "0", "aria-label": label }, h("h2", {}, label), h("div", {}, children));
  add(element,
    level("abstract", entries(data.abstract), "Abstract"), level("concepts", entries(data.concepts), count(data.concepts.length, "concept")),
    level("insights", insights.slice(0, BLOCKS_AT_ONCE), count(data.insights.length, "insight")), level("pages", pages, count(pages.length, "page")));
  appendCalmly(element.querySelector(".insights > div"), insights.slice(BLOCKS_AT_ONCE));
  const open = (name) => { buttons.get(name)?.click(); return buttons.has(name); };
  return { element, open };
}

/** Entries in blocks: the browser lays out only the blocks in view, and has few of them to watch while scrolling. */
function blocksOf(entries) {
  const starts = Array.from({ length: Math.ceil(entries.length / BLOCK) }, (_, index) => index * BLOCK);
  return starts.map((start) => h("div", { class: "block" }, entries.slice(start, start + BLOCK)));
}

/** Add the rest a piece at a time, so that thousands of insights never hold up the page. */
function appendCalmly(target, rest) {
  if (!rest.length) return;
  const next = () => { target.append(...rest.splice(0, BLOCKS_AT_ONCE)); if (rest.length) requestAnimationFrame(next); };
  requestAnimationFrame(next);
}

/** Scroll an entry into its own level's view and leave the page where it is; heights are estimates until drawn. */
function bring(entry, again = 3) {
  if (!entry) return;
  const level = entry.closest(".level");
  const below = entry.getBoundingClientRect().top - level.getBoundingClientRect().top;
  level.scrollTop += below - level.clientHeight / 3;
  if (again) requestAnimationFrame(() => bring(entry, again - 1));
}

function show(id, found, entry, reader, signal) {
  if (entry.level === "page") return showPage(id, found, entry.number, reader, [], signal);
  const place = h("div");
  fill(reader, h("h2", {}, entry.level, " ", entry.level === "insight" && status(entry.grounding)), h("p", {}, entry.text), facts(entry.facts),
    entry.pages.length > 0 && h("p", {}, "Rests on ", entry.pages.map((number) => [
      h("button", { type: "button", class: "chip", onclick: () => showPage(id, found, number, place, entry.evidence, signal) }, `page ${number}`), " "])), place);
  const told = entry.evidence?.find((piece) => entry.pages.includes(piece.page))?.page ?? entry.pages[0];
  if (entry.level === "insight" && told) showPage(id, found, told, place, entry.evidence, signal);
}

function facts(list) {
  return list?.length > 0 && grid("Figures", ["Entity", "Measure", "As shown", "Period"], list.map((fact) =>
    h("tr", {}, [fact.entity, fact.measure, fact.shown, fact.period].map((cell) => h("td", {}, cell)))));
}

function showPage(id, found, number, target, evidence = [], signal) {
  return loading(target, () => get(`/v1/documents/${id}/pages/${number}`), (page) => {
    const text = markdown(page.markdown);
    const quotes = evidence.filter((piece) => piece.page === number).map((piece) => piece.text);
    queueMicrotask(() => highlight(text, quotes));
    return h("div", {}, h("div", { class: "row" }, h("h3", { class: "grow" }, page.label || `Page ${number}`), original(id, found, number, text, signal)), text);
  });
}

const bare = (text) => text.replace(/[|*`#_\s]+/g, " ").trim().toLowerCase();

/** Mark the paragraphs, list items and table rows that hold the evidence, and scroll to the first. */
function highlight(text, quotes) {
  const wanted = quotes.flatMap((quote) => quote.split("\n")).map(bare).filter((quote) => quote.length > 3);
  const held = [...text.querySelectorAll("p, li, tr, h2, h3, h4, h5")].filter((block) => {
    const cells = block.tagName === "TR" ? [...block.children].map((cell) => cell.textContent).join(" ") : block.textContent;
    const own = bare(cells);
    return wanted.some((quote) => own.includes(quote) || (own.length > 24 && quote.includes(own)));
  });
  for (const block of held) block.classList.add("evidence");
  held[0]?.scrollIntoView({ block: "nearest" });
}

/** Buttons for the file itself: at this page beside its text, and to keep. */
function original(id, found, number, text, signal) {
  const path = `/v1/documents/${id}/original`;
  const save = action("Download", async () => {
    const address = await getFile(path);
    h("a", { href: address, download: found.filename }).click();
    URL.revokeObjectURL(address);
  });
  const shown = /^(application\/pdf|image\/|text\/plain|text\/markdown|text\/csv)/.test(found.media_type);
  return [shown && action("Beside the original", () => beside(path, found, number, text, signal)), save];
}

async function beside(path, found, number, text, signal) {
  const address = await getFile(path);
  const frame = h("iframe", { src: `${address}#page=${number}`, title: `${found.filename}, page ${number}` });
  const dialog = h("dialog", { class: "wide", "aria-label": `${found.filename}, page ${number}` },
    h("div", { class: "row" }, h("h2", { class: "grow" }, `${found.filename}, page ${number}`), h("button", { type: "button", onclick: () => dialog.close() }, "Close")),
    h("div", { class: "halves" }, h("div", { class: "scroll page", tabindex: "0" }, text.cloneNode(true)), frame));
  const leave = () => dialog.close();
  signal.addEventListener("abort", leave);
  dialog.addEventListener("close", () => { URL.revokeObjectURL(address); signal.removeEventListener("abort", leave); dialog.remove(); });
  document.body.append(dialog);
  dialog.showModal();
}

const QUALITY = {
  grounded_share: ["of the insights are grounded on their pages", percent],
  number_coverage: ["of the figures on the pages are carried by an insight", percent],
  name_coverage: ["of the names on the pages are carried by an insight", percent],
  compression: ["of the pages' length is the length of the insights", percent],
  insights: ["insights", String], duplicates: ["doubles left out", String], dropped: ["insights dropped because a figure was not on the page", String],
};

function qualityPanel(id) {
  const panel = h("div");
  loading(panel, () => get(`/v1/documents/${id}/quality`), ({ quality, pages }) => h("details", { class: "panel" }, h("summary", {}, "How well it was read"),
    h("ul", {}, Object.entries(QUALITY).filter(([name]) => typeof quality[name] === "number").map(([name, [words, shown]]) => h("li", {}, h("strong", {}, shown(quality[name])), ` ${words}`))),
    grid("How well each page was read", ["Page", "Figures carried", "Names carried", "Insights", "Not carried"], pages.map(({ number, quality: own }) => h("tr", {},
      h("td", { class: "number" }, number), h("td", { class: "number" }, `${own.numbers_carried ?? 0} of ${own.numbers ?? 0}`), h("td", { class: "number" }, `${own.names_carried ?? 0} of ${own.names ?? 0}`),
      h("td", { class: "number" }, own.insights ?? 0), h("td", {}, (own.missing ?? []).join(", ")))))));
  return panel;
}
