/* Runs of every agent, with filters. */

import { get } from "../api.js";
import { add, ago, field, h, loading, option, pagedGrid, seconds, status } from "../dom.js";
import { runHref, runTitle } from "./home.js";

export function runs(main, { query }) {
  const list = h("div");
  const agent = select(["", "pyramid", "research", "debate"], query.get("agent"));
  const state = select(["", "queued", "running", "waiting", "succeeded", "failed", "cancelled"], query.get("status"));
  const load = (after) => get("/v1/runs", { agent: agent.value, status: state.value, after, limit: 50 });
  const refresh = () => loading(list, () => load(), (page) => pagedGrid("Runs", ["Run", "Agent", "Status", "Started", "Took", "Tokens"], page, load, row), "No run matches.");
  for (const control of [agent, state]) control.addEventListener("change", refresh);
  add(main, h("h1", {}, "Runs"), h("div", { class: "row" }, field("Agent", agent), field("Status", state)), list);
  refresh();
}

function select(values, chosen) {
  return h("select", {}, values.map((value) => option(value, value || "any", chosen ?? "")));
}

function row(run) {
  return h("tr", {},
    h("td", {}, h("a", { href: runHref(run) }, runTitle(run)), " ", h("a", { class: "muted", href: `#/runs/${run.id}`, "aria-label": `Log of ${runTitle(run)}` }, "log")),
    h("td", {}, run.agent), h("td", {}, status(run.status)), h("td", {}, ago(run.created_at)),
    h("td", {}, seconds(run.started_at, run.finished_at)), h("td", { class: "number" }, tokens(run.usage)));
}

/** Tokens in and out together. */
export function tokens(usage) {
  const total = (usage?.input_tokens ?? 0) + (usage?.output_tokens ?? 0);
  return total ? total.toLocaleString("en-US") : "";
}
