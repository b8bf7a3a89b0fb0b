/* One collection: what is in it and what to ask, what it remembers, and where its documents say different things. */

import { get, patch, post, remove } from "../api.js";
import { action, add, ago, count, field, fill, form, grid, h, loading, pages, status, tabs } from "../dom.js";

export function collection(main, { args: [given], query }) {
  const name = decodeURIComponent(given);
  add(main, h("h1", {}, name),
    h("p", {}, h("a", { href: `#/documents?collection=${encodeURIComponent(name)}` }, "Documents"), " · ", h("a", { href: `#/research?collection=${encodeURIComponent(name)}` }, "Ask this collection")),
    tabs(`About ${name}`, [
      ["overview", "Overview", (target) => overview(target, name)],
      ["discrepancies", "Discrepancies", (target) => discrepancies(target, name)],
      ["recollections", "Recollections", (target) => recollections(target, name)],
    ], query.get("tab") ?? "overview"));
}

function overview(target, name) {
  return loading(target, () => get(`/v1/collections/${encodeURIComponent(name)}/overview`), (data) => h("div", {},
    data.description && h("p", {}, data.description),
    h("p", {}, [["page", "pages"], ["insight", "insights"], ["concept", "concepts"]].map(([level, many]) => count(data.entries[level], level, many)).join(" · ")),
    h("h2", {}, "What is in it"), data.newest.length === 0 && h("p", { class: "empty" }, "No document yet."),
    h("ul", { class: "plain" }, data.newest.map((item) => h("li", {}, h("a", { href: `#/documents/${item.id}` }, item.title || item.filename), " ", h("span", { class: "muted" }, count(item.page_count, "page")), item.abstract && h("p", {}, item.abstract)))),
    data.concepts.length > 0 && [h("h2", {}, "What it is about"), h("ul", {}, data.concepts.map((text) => h("li", {}, text)))],
    data.questions.length > 0 && [h("h2", {}, "What to ask"), h("ul", {}, data.questions.map((text) => h("li", {}, h("a", { href: `#/research?question=${encodeURIComponent(text)}&collection=${encodeURIComponent(name)}` }, text))))]));
}

const KINDS = { restated: "restated by a later document", unit_slip: "the same figure at another scale", conflict: "two figures for the same thing", text: "two sentences that exclude each other" };

function discrepancies(target, name) {
  const list = h("div");
  const open = h("input", { type: "checkbox", checked: true });
  const refresh = () => loading(list, () => get("/v1/discrepancies", { collection: name, limit: 100, ...(open.checked && { settled: false }) }),
    ({ data }) => data.map((item) => pair(item, refresh)), "The documents agree wherever they speak of the same thing.");
  open.addEventListener("change", refresh);
  add(target, h("p", {}, h("label", {}, open, " Only those that are open")), list);
  refresh();
}

/** Both sides of a discrepancy, the newer one marked, and what a person may decide. */
function pair(item, refresh) {
  const settle = (body) => async () => { await patch(`/v1/discrepancies/${item.id}`, body); refresh(); };
  const side = (entry) => h("div", {},
    h("blockquote", {}, entry.text),
    h("p", {}, h("a", { href: `#/documents/${entry.document_id}/entries/${entry.id}?page=${entry.pages[0] ?? ""}` }, `${entry.filename}, ${pages(entry.pages)}`), " ", entry.id === item.newer_entry_id && status("newer")),
    !item.settled_at && action("This one is right", settle({ right_entry_id: entry.id })));
  return h("article", { class: "panel" }, h("h3", {}, KINDS[item.kind] ?? item.kind),
    h("div", { class: "halves" }, side(item.entry), side(item.other)),
    h("div", { class: "row end" }, item.settled_at
      ? [h("span", { class: "muted" }, "settled ", ago(item.settled_at)), action("Open again", settle({ settled: false }))]
      : action("Both may stand", settle({ settled: true }))));
}

function recollections(target, name) {
  const list = h("div");
  const text = h("textarea", { required: true, maxlength: "2000", rows: "2" });
  const refresh = () => loading(list, () => get("/v1/recollections", { collection: name, limit: 100 }), ({ data }) => h("ul", { class: "plain" }, data.map((item) => remembered(item, refresh))),
    "Nothing is remembered yet. State something below, or let research find what several documents show.");
  const state = async () => {
    await post("/v1/recollections", { text: text.value, collection: name, kind: "stated" });
    text.value = "";
    refresh();
  };
  add(target, list, form({ class: "panel" }, state, field("Something that holds for this collection", text, "Remembered as said by a person: it guides searches and is never cited as a source."),
    h("div", { class: "row end" }, h("button", { type: "submit" }, "Remember"))));
  refresh();
}

function remembered(item, refresh) {
  const past = h("div");
  const told = h("details", { ontoggle: () => told.open && !past.firstChild && history(past, item) }, h("summary", {}, "History"), past);
  return h("li", {},
    h("div", { class: "row said" }, status(item.status), h("span", { class: "grow" }, item.text),
      item.status !== "retired" && action("Forget", async () => { await remove(`/v1/recollections/${item.id}`); refresh(); }, { "aria-label": `Forget: ${item.text}` })),
    h("p", { class: "muted" }, `${item.kind} by ${item.actor} `, ago(item.created_at), item.stale_reason && ` · ${item.stale_reason}`),
    item.sources.length > 0 && h("ul", {}, item.sources.map(sourceItem)),
    told);
}

/** A line that names and opens the entry something rests on, once it is known; one that went says so. */
function sourceItem(id) {
  const line = h("li", {}, "…");
  get(`/v1/entries/${id}`)
    .then(({ entry }) => fill(line, h("a", { href: `#/documents/${entry.document_id}/entries/${id}?page=${entry.pages[0] ?? ""}` }, `${entry.filename}, ${pages(entry.pages)}`)))
    .catch((error) => fill(line, error.message));
  return line;
}

function history(target, item) {
  return loading(target, () => get(`/v1/recollections/${item.id}/history`), (steps) => grid(`History of ${item.text}`, ["When", "What", "By", "Why"],
    (steps.data ?? steps).map((step) => h("tr", {}, h("td", {}, ago(step.created_at)), h("td", {}, step.action), h("td", {}, step.run_id ? h("a", { href: `#/runs/${step.run_id}` }, step.actor) : step.actor), h("td", {}, step.reason)))));
}
