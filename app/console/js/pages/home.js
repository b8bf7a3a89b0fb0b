/* The first page: one box to drop documents, ask, or start a debate; recent runs, live. */

import { get, post } from "../api.js";
import { add, ago, choice, count, field, fill, form, h, loading, status } from "../dom.js";
import { collectionSelect, fileTaker } from "../forms.js";

export function home(main, { signal }) {
  const recent = h("div");
  const shelf = h("section", { "aria-label": "Your documents" });
  const again = () => { refresh(recent); fillShelf(shelf); };
  add(main,
    h("h1", {}, "What would you like to know?"),
    h("div", { class: "split" },
      h("div", {}, box(again, signal), shelf),
      h("section", { class: "panel", "aria-labelledby": "recent" }, h("h2", { id: "recent" }, "Recent runs"), recent)));
  again();
  const timer = setInterval(() => document.visibilityState === "visible" && redraw(recent), 3000);
  signal.addEventListener("abort", () => clearInterval(timer));
}

/** The box: a question or topic, what to make of it, and files dropped anywhere on it. */
function box(onSent, signal) {
  const text = h("textarea", { required: true, rows: "3", placeholder: "Ask about your documents, or give a topic to debate. Files may be dropped here." });
  const kind = choice("What to make of it", [["answer", "Answer"], ["report", "Report"], ["debate", "Debate"]], "answer");
  const collection = collectionSelect();
  const ideas = h("div", { class: "row ideas" });
  const element = form({ class: "panel drop" }, () => start(text.value, kind.value, collection.value));
  const files = fileTaker({ onSent, collection: () => collection.value, target: element, signal });
  add(element,
    field("Question or topic", text), ideas,
    h("div", { class: "row" }, kind, field("Collection", collection)),
    h("div", { class: "row" }, files.choose, h("span", { class: "grow" }), h("button", { type: "submit" }, "Go")),
    files.report);
  const suggest = () => suggestInto(ideas, collection.value || "default", text);
  collection.addEventListener("change", suggest);
  suggest();
  return element;
}

async function suggestInto(target, collection, text) {
  const { questions = [] } = await get(`/v1/collections/${encodeURIComponent(collection)}/overview`).catch(() => ({}));
  fill(target, questions.slice(0, 3).map((question) =>
    h("button", { type: "button", class: "chip", onclick: () => { text.value = question; text.focus(); } }, question)));
}

async function start(text, kind, collection) {
  if (kind === "debate") {
    const run = await post("/v1/debates", { topic: text, ...(collection && { collection }) });
    location.hash = `#/debates/${run.id}`;
  } else {
    const run = await post("/v1/research", { question: text, format: kind, collections: collection ? [collection] : [] });
    location.hash = `#/research/${run.id}`;
  }
}

function fillShelf(target) {
  const load = () => get("/v1/documents", { limit: 6 });
  return loading(target, load, ({ data, has_more: more }) => [
    h("h2", {}, "Your documents"),
    h("div", { class: "cards" }, data.map(card)),
    more && h("p", {}, h("a", { href: "#/documents" }, "All documents")),
  ], "No document yet. Drop a file on the box above.");
}

function card(item) {
  return h("a", { class: "panel card", href: `#/documents/${item.id}` },
    h("strong", {}, item.title || item.filename), h("small", { class: "muted" }, item.filename),
    item.status === "ready" ? h("small", {}, `${count(item.page_count, "page")}, ${count(item.quality?.insights, "insight")}`) : status(item.status));
}

const recentRuns = () => get("/v1/runs", { limit: 12 });
const refresh = (target) => loading(target, recentRuns, runList, "No run yet. Ask something, or add a document.");

async function redraw(target) {
  try {
    const runs = await recentRuns();
    if (runs.data.length) target.replaceChildren(runList(runs));
  } catch { /* the next tick tries again */ }
}

function runList({ data }) {
  return h("ul", { class: "plain" }, data.map((run) => h("li", {},
    h("div", { class: "row nowrap" }, status(run.status), h("a", { class: "grow", href: runHref(run) }, runTitle(run)), h("small", { class: "muted" }, ago(run.created_at))))));
}

const names = new Map();

/** A line that names the document being read, once its name is known. */
function readingTitle(id) {
  if (!names.has(id)) names.set(id, get(`/v1/documents/${id}`).then(({ filename }) => filename, () => "a document"));
  const line = h("span", {}, "Reading a document");
  names.get(id).then((name) => fill(line, `Reading ${name}`));
  return line;
}

/** What a run is about, in a line. */
export function runTitle(run) {
  const input = run.input ?? {};
  return input.question ?? input.topic ?? run.output?.topic ?? (input.document_id && run.agent === "pyramid" ? readingTitle(input.document_id) : `${run.agent} run`);
}

/** The page that shows a run best. */
export function runHref(run) {
  const page = { research: "research", debate: "debates" }[run.agent] ?? "runs";
  return `#/${page}/${run.id}`;
}
