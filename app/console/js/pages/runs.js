/* Runs of every agent: the list with filters, and one run with its log and its waterfall of calls. */

import { get, post } from "../api.js";
import { action, add, ago, count, field, fill, grid, h, loading, option, pagedGrid, seconds, status } from "../dom.js";
import { failure, runLine, watch } from "../live.js";
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

function tokens(usage) {
  const total = (usage?.input_tokens ?? 0) + (usage?.output_tokens ?? 0);
  return total ? total.toLocaleString("en-US") : "";
}

export function run(main, { args: [id], signal }) {
  const line = runLine(id);
  const facts = h("div");
  const events = grid("Events", ["#", "Type", "Data"], []);
  const log = events.querySelector("tbody");
  const trace = h("div");
  add(main, h("h1", {}, "Run"), line.element, facts, h("h2", {}, "Steps and calls"), trace, h("h2", {}, "Events"), events);
  const draw = (value) => fill(facts, details(value));
  get(`/v1/runs/${id}`).then(draw).catch((error) => fill(main, h("h1", {}, "Run"), h("div", { class: "problem", role: "alert" }, h("p", {}, error.message))));
  loading(trace, () => get(`/v1/runs/${id}/trace`), waterfall, "No step was taken.");
  watch(id, {
    line, signal,
    onEvent: (event) => event.id && log.append(eventRow(event)),
    onEnd: (ended) => { draw(ended); loading(trace, () => get(`/v1/runs/${id}/trace`), waterfall, "No step was taken."); },
  });
}

function details(run) {
  const usage = run.usage ?? {};
  return h("div", { class: "panel" },
    h("p", {}, h("strong", {}, run.agent), " · ", runTitle(run), " · ", h("a", { href: runHref(run) }, "result")),
    h("p", { class: "muted" }, `Engine ${run.engine} · attempt ${run.attempt} · ${count(usage.calls ?? 0, "call")} · ${tokens(usage) || 0} tokens`,
      usage.cost_usd ? ` · $${Number(usage.cost_usd).toFixed(4)}` : "", " · ", seconds(run.started_at, run.finished_at)),
    run.error && failure(run),
    ["failed", "cancelled"].includes(run.status) && h("div", { class: "row end" }, again(run, "retry", "Run again")),
    run.status === "succeeded" && h("div", { class: "row end" }, again(run, "replay", "Replay from its record")),
    h("details", {}, h("summary", {}, "Input"), h("pre", {}, JSON.stringify(run.input, null, 2))),
    run.output && h("details", {}, h("summary", {}, "Output"), h("pre", {}, JSON.stringify(run.output, null, 2))));
}

function again(run, verb, label) {
  return action(label, async () => {
    const next = await post(`/v1/runs/${run.id}/${verb}`);
    location.hash = `#/runs/${next.id}`;
  });
}

function eventRow(event) {
  return h("tr", {}, h("td", { class: "number" }, event.id), h("td", {}, h("code", {}, event.type)), h("td", {}, h("code", {}, JSON.stringify(event.data))));
}

function waterfall(trace) {
  if (!trace.steps.length) return h("p", { class: "empty" }, "No step was taken.");
  const rows = trace.steps.flatMap((step) => [stepRow(step, trace), ...step.calls.map((call) => callRow(call, trace))]);
  return grid("Steps", ["Step", "Task", "Model", "Tokens in / out", "ms", "Cost", "When"], rows);
}

function stepRow(step, trace) {
  const node = step.outcome === "ok" ? step.node : `${step.node} (${step.outcome})`;
  return h("tr", {}, h("td", {}, node), h("td"), h("td"), h("td"), h("td", { class: "number" }, step.duration_ms), h("td"),
    h("td", { class: "when" }, bar(step, trace)));
}

function callRow(call, trace) {
  return h("tr", {}, h("td"), h("td", {}, call.task), h("td", {}, call.model), h("td", { class: "number" }, `${call.input_tokens ?? "–"} / ${call.output_tokens ?? "–"}`),
    h("td", { class: "number" }, call.duration_ms), h("td", { class: "number" }, call.cost_usd ? `$${Number(call.cost_usd).toFixed(4)}` : "–"),
    h("td", { class: "when" }, bar(call, trace)));
}

function bar(part, trace) {
  const span = Math.max(1, trace.duration_ms);
  const left = (100 * (Date.parse(part.started_at) - Date.parse(trace.started_at))) / span;
  const box = h("span");
  box.style.left = `${left}%`;
  box.style.width = `${Math.max(.5, (100 * part.duration_ms) / span)}%`;
  return h("div", { class: "wave" }, box);
}
