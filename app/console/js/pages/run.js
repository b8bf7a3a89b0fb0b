/* One run: what it cost, its waterfall of steps and calls, its log; cancel, run again, replay. */

import { get, post } from "../api.js";
import { action, add, count, fill, grid, h, loading, seconds, status } from "../dom.js";
import { failure, runLine, watch } from "../live.js";
import { runHref, runTitle } from "./home.js";
import { tokens } from "./runs.js";

export function run(main, { args: [id], signal }) {
  const line = runLine(id);
  const facts = h("div");
  const events = grid("Events", ["#", "Type", "Data"], []);
  const log = events.querySelector("tbody");
  const trace = h("div");
  const drawTrace = () => loading(trace, () => get(`/v1/runs/${id}/trace`, { limit: 200 }), waterfall);
  add(main, h("h1", {}, "Run"), line.element, facts, h("h2", {}, "Steps and calls"), trace, h("h2", {}, "Events"), events);
  const draw = (value) => fill(facts, details(value));
  get(`/v1/runs/${id}`).then(draw).catch((error) => fill(main, h("h1", {}, "Run"), h("div", { class: "problem", role: "alert" }, h("p", {}, error.message))));
  drawTrace();
  watch(id, {
    line, signal,
    onEvent: (event) => event.id && log.append(eventRow(event)),
    onEnd: (ended) => { draw(ended); drawTrace(); },
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

/** Steps as they followed each other, each with its calls, on one time axis. */
function waterfall(trace) {
  if (!trace.steps.length) return h("p", { class: "empty" }, "No step has ended yet.");
  const start = Date.parse(trace.started_at);
  const span = Math.max(1, trace.duration_ms);
  const rows = trace.steps.flatMap((step) => [stepRow(step, start, span), ...step.calls.map((call) => callRow(call, start, span))]);
  return grid("Steps and calls", ["Step or call", "Model", "Tokens in / out", "Took", "Cost", "When"], rows);
}

function stepRow(step, start, span) {
  return h("tr", { class: "step" }, h("td", {}, h("strong", {}, step.node.replaceAll("_", " ")), step.outcome !== "ok" && [" ", status(step.outcome)]),
    h("td"), h("td"), h("td", { class: "number" }, millis(step.duration_ms)), h("td"), h("td", { class: "when" }, bar(step, start, span)));
}

function callRow(call, start, span) {
  return h("tr", {},
    h("td", { class: "inner" }, call.task, call.outcome !== "ok" && [" ", status(call.outcome)], asked(call)),
    h("td", {}, call.model), h("td", { class: "number" }, `${call.input_tokens ?? "–"} / ${call.output_tokens ?? "–"}`),
    h("td", { class: "number" }, millis(call.duration_ms)), h("td", { class: "number" }, call.cost_usd === null ? "–" : `$${Number(call.cost_usd).toFixed(4)}`),
    h("td", { class: "when" }, bar(call, start, span)));
}

/** What was asked and answered, unless the service keeps neither. */
function asked(call) {
  if (!call.prompt && !call.answer && !call.error) return null;
  return h("details", {}, h("summary", {}, "Prompt and answer"),
    call.error && h("p", { class: "problem" }, call.error),
    call.prompt && h("pre", { tabindex: "0" }, call.prompt), call.answer && h("pre", { tabindex: "0" }, JSON.stringify(call.answer, null, 2)));
}

const millis = (ms) => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);

function bar(timed, start, span) {
  const box = h("span");
  box.style.left = `${(100 * (Date.parse(timed.started_at) - start)) / span}%`;
  box.style.width = `${Math.max(.5, (100 * timed.duration_ms) / span)}%`;
  return h("div", { class: "wave" }, box);
}
