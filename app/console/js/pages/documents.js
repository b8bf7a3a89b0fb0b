/* Documents: upload and list, and one document as a pyramid whose entries light up what they rest on. */

import { get, key, remove } from "../api.js";
import { add, count, field, fill, h, loading, notice, option, pages, status } from "../dom.js";
import { collectionSelect, dropZone } from "../forms.js";
import { markdown } from "../markdown.js";

export function documents(main, { query, signal }) {
  const collection = collectionSelect(query.get("collection") ?? "");
  const state = h("select", {}, ["", "queued", "processing", "ready", "failed"].map((value) => option(value, value || "any", query.get("status") ?? "")));
  const list = h("div");
  const load = () => get("/v1/documents", { collection: collection.value || query.get("collection"), status: state.value, limit: 200 });
  const refresh = () => loading(list, load, table, "No document yet. Drop a file above to add one.");
  for (const control of [collection, state]) control.addEventListener("change", refresh);
  add(main, h("h1", {}, "Documents"), h("section", { class: "panel", "aria-label": "Add documents" }, dropZone(refresh, () => collection.value)),
    h("div", { class: "row" }, field("Collection", collection), field("Status", state)), list);
  refresh();
  const timer = setInterval(() => quietly(list, load), 2000);
  signal.addEventListener("abort", () => clearInterval(timer));
}

/** Redraw while something is still being read. */
async function quietly(list, load) {
  if (!list.querySelector(".status.queued, .status.processing") || document.visibilityState !== "visible") return;
  try { fill(list, table(await load())); } catch { /* the next tick tries again */ }
}

function table({ data }) {
  return h("div", { class: "scroll" }, h("table", {},
    h("thead", {}, h("tr", {}, ["Document", "Status", "Pages", "Read", ""].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, data.map((item) => h("tr", {},
      h("td", {}, h("a", { href: `#/documents/${item.id}` }, item.filename), item.title && h("div", { class: "muted" }, item.title)),
      h("td", {}, status(item.status), item.error && h("div", { class: "muted" }, item.error.detail), item.run_id && ["queued", "processing"].includes(item.status) && h("div", {}, h("a", { href: `#/runs/${item.run_id}` }, "watch"))),
      h("td", { class: "number" }, item.page_count || ""), h("td", {}, glance(item.quality)),
      h("td", {}, h("button", { type: "button", class: "quiet", "aria-label": `Delete ${item.filename}`, onclick: (event) => drop(item, event.target) }, "Delete")))))));
}

function glance(quality) {
  const percent = (value) => `${Math.round(100 * value)}%`;
  return [quality?.grounded_share !== undefined && `${percent(quality.grounded_share)} grounded`, quality?.number_coverage !== undefined && `${percent(quality.number_coverage)} of figures`].filter(Boolean).join(", ");
}

async function drop(item, button) {
  if (!confirm(`Delete ${item.filename} and everything made from it?`)) return;
  button.disabled = true;
  try {
    await remove(`/v1/documents/${item.id}`);
    button.closest("tr").remove();
    notice(`${item.filename} is deleted.`);
  } catch (error) {
    button.disabled = false;
    notice(error.message, "error");
  }
}

export function document_(main, { args: [id, page] }) {
  const view = h("div");
  add(main, view);
  loading(view, () => get(`/v1/documents/${id}/pyramid`), (data) => pyramidPage(id, data, page ? Number(page) : null));
}

function pyramidPage(id, data, page) {
  const reader = h("section", { class: "panel", "aria-live": "polite", "aria-label": "Page" }, h("p", { class: "muted" }, "Choose an entry or a page to read it here."));
  const levels = drawLevels(id, data, reader);
  const { document: found } = data;
  if (page) levels.open(`p${page}`);
  return h("div", {}, h("h1", {}, found.title || found.filename),
    h("p", { class: "muted" }, [found.filename, count(found.page_count, "page"), count(data.insights.length, "insight"), count(data.concepts.length, "concept"), found.status !== "ready" && found.status].filter(Boolean).join(" · "),
      " · ", h("a", { href: `/v1/documents/${id}/original`, download: found.filename }, "original")),
    found.error && h("div", { class: "problem", role: "alert" }, h("p", {}, found.error.detail)),
    h("div", { class: "split" }, levels.element, reader), qualityPanel(id));
}

/** The four levels, and the links between their entries in both directions. */
function drawLevels(id, data, reader) {
  const buttons = new Map();
  const down = new Map();
  const up = new Map();
  const link = (from, to) => { (down.get(from) ?? down.set(from, new Set()).get(from)).add(to); (up.get(to) ?? up.set(to, new Set()).get(to)).add(from); };
  const known = new Set([...data.abstract, ...data.concepts, ...data.insights].map(({ entry }) => entry.id));
  for (const { entry, sources } of [...data.abstract, ...data.concepts, ...data.insights]) {
    for (const source of sources) if (known.has(source)) link(entry.id, source);
    if (entry.level === "insight") for (const number of entry.pages) link(entry.id, `p${number}`);
  }
  const element = h("div", { class: "levels" });

  function reach(start, links) {
    const seen = new Set();
    const queue = [start];
    while (queue.length) for (const next of links.get(queue.pop()) ?? []) if (!seen.has(next)) { seen.add(next); queue.push(next); }
    return seen;
  }

  function choose(name) {
    const lit = new Set([...reach(name, down), ...reach(name, up)]);
    element.classList.add("dimmed");
    for (const [other, button] of buttons) {
      button.classList.toggle("lit", lit.has(other));
      button.classList.toggle("chosen", other === name);
      button.setAttribute("aria-pressed", String(other === name));
    }
    for (const level of element.children) level.querySelector(".lit, .chosen")?.scrollIntoView({ block: "nearest" });
  }

  const button = (name, text, open) => {
    const made = h("button", { type: "button", class: "entry", "aria-pressed": "false", onclick: () => { choose(name); open(); } }, text);
    buttons.set(name, made);
    return made;
  };
  const entryButton = ({ entry }) => button(entry.id, entry.text, () => showEntry(id, entry, reader));
  const pageButtons = Array.from({ length: data.document.page_count }, (_, index) => button(`p${index + 1}`, `Page ${index + 1}`, () => showPage(id, index + 1, reader)));
  const level = (name, children, label) => h("section", { class: `level ${name}`, tabindex: "0", "aria-label": label }, h("h3", {}, label), children);
  add(element,
    level("abstract", data.abstract.map(entryButton), "Abstract"), level("concepts", data.concepts.map(entryButton), "Concepts"),
    level("insights", data.insights.map(entryButton), "Insights"), level("pages", pageButtons, "Pages"));
  return { element, open: (name) => buttons.get(name)?.click() };
}

function showEntry(id, entry, reader) {
  const grounding = entry.level === "insight" && status(entry.grounding);
  fill(reader, h("h2", {}, entry.level, " ", grounding), h("p", {}, entry.text),
    entry.facts?.length > 0 && h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ["Entity", "Measure", "As shown", "Period"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, entry.facts.map((fact) => h("tr", {}, [fact.entity, fact.measure, fact.shown, fact.period].map((cell) => h("td", {}, cell))))))),
    entry.pages.length > 0 && h("p", {}, "Rests on ", entry.pages.map((number) => [h("button", { type: "button", class: "chip", onclick: () => showPage(id, number, reader, entry.evidence) }, `page ${number}`), " "])));
  if (entry.level === "insight" && entry.pages.length) {
    const holder = h("div");
    reader.append(holder);
    showPage(id, entry.pages[0], holder, entry.evidence);
  }
}

function showPage(id, number, target, evidence = []) {
  return loading(target, () => get(`/v1/documents/${id}/pages/${number}`), (page) => {
    const quotes = evidence.filter((piece) => piece.page === number).map((piece) => piece.text.trim()).filter(Boolean);
    return h("div", {}, h("h2", {}, page.label || `Page ${number}`),
      quotes.length > 0 && h("blockquote", {}, quotes.map((text) => [text, h("br")])), markdown(page.markdown));
  });
}

function qualityPanel(id) {
  const panel = h("div");
  loading(panel, () => get(`/v1/documents/${id}/quality`), (data) => h("details", { class: "panel" }, h("summary", {}, "How well it was read"),
    h("dl", {}, Object.entries(data.quality).map(([name, value]) => [h("dt", {}, name.replaceAll("_", " ")), h("dd", {}, typeof value === "object" ? JSON.stringify(value) : String(value))]))));
  return panel;
}
