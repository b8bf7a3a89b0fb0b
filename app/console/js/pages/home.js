/* The first page: drop documents, ask, or start a debate; recent runs, live. */

import { get, post } from "../api.js";
import { add, ago, field, h, loading, notice, option, status } from "../dom.js";
import { collectionSelect, dropZone } from "../forms.js";

export function home(main, { signal }) {
  const recent = h("div", { "aria-live": "polite" });
  add(main,
    h("h1", {}, "What would you like to know?"),
    h("div", { class: "split" },
      h("div", {}, askBox(), dropBox(() => refresh(recent))),
      h("section", { "aria-labelledby": "recent" }, h("h2", { id: "recent" }, "Recent runs"), recent)));
  refresh(recent);
  const timer = setInterval(() => document.visibilityState === "visible" && redraw(recent), 3000);
  signal.addEventListener("abort", () => clearInterval(timer));
}

function askBox() {
  const text = h("textarea", { required: true, placeholder: "What were total net sales in the third quarter of 2025?" });
  const kind = h("select", {}, option("answer", "Short answer"), option("report", "Report"), option("debate", "Debate about it"));
  const collection = collectionSelect();
  const go = h("button", { type: "submit" }, "Ask");
  kind.addEventListener("change", () => { go.textContent = kind.value === "debate" ? "Start the debate" : "Ask"; });
  return h("form", { class: "panel", onsubmit: (event) => { event.preventDefault(); start(go, text.value, kind.value, collection.value); } },
    field("Question or topic", text),
    h("div", { class: "row" }, field("As", kind), field("Collection", collection)),
    h("div", { class: "row end" }, go));
}

async function start(button, text, kind, collection) {
  button.disabled = true;
  try {
    if (kind === "debate") {
      const run = await post("/v1/debates", { topic: text, ...(collection && { collection }) });
      location.hash = `#/debates/${run.id}`;
    } else {
      const run = await post("/v1/research", { question: text, format: kind, collections: collection ? [collection] : [] });
      location.hash = `#/research/${run.id}`;
    }
  } catch (error) {
    notice(error.message, "error");
  } finally {
    button.disabled = false;
  }
}

function dropBox(onSent) {
  return h("section", { class: "panel", "aria-labelledby": "drop" }, h("h2", { id: "drop" }, "Add documents"), dropZone(onSent),
    h("p", { class: "muted" }, "See them under ", h("a", { href: "#/documents" }, "Documents"), "."));
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
    h("div", { class: "row" }, status(run.status), h("a", { class: "grow", href: runHref(run) }, runTitle(run)), h("span", { class: "muted" }, ago(run.created_at))))));
}

/** What a run is about, in a line. */
export function runTitle(run) {
  const input = run.input ?? {};
  return input.question ?? input.topic ?? (run.agent === "pyramid" ? "Reading a document" : `${run.agent} run`);
}

/** The page that shows a run best. */
export function runHref(run) {
  const page = { research: "research", debate: "debates" }[run.agent] ?? "runs";
  return `#/${page}/${run.id}`;
}
