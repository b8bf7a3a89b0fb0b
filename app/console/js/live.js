/* What pages with a running agent share: a status line, progress, and the loop over a run's events. */

import { follow, get, post } from "./api.js";
import { fill, h, notice, status } from "./dom.js";

/** A status line with progress and a cancel button; `update(run)` and `event(event)` keep it true. */
export function runLine(runId) {
  const word = h("span");
  const link = h("span", { class: "muted" });
  const bar = h("progress", { hidden: true, "aria-label": "Progress" });
  const stage = h("span", { class: "muted" });
  const cancel = h("button", { type: "button", class: "quiet", hidden: true, onclick: stop }, "Cancel");
  const element = h("div", { class: "panel" },
    h("div", { class: "row" }, word, stage, h("span", { class: "grow" }), link, h("a", { href: `#/runs/${runId}` }, "Log and calls"), cancel), bar);

  async function stop() {
    cancel.disabled = true;
    await post(`/v1/runs/${runId}/cancel`).catch((error) => notice(error.message, "error"));
  }

  function setStatus(name) {
    fill(word, status(name));
    cancel.hidden = !["queued", "running", "waiting"].includes(name);
    bar.hidden ||= cancel.hidden;
  }

  return {
    element,
    setStatus,
    setConnection: (state) => fill(link, state === "reconnecting" ? "Connection lost, trying again…" : ""),
    event({ type, data }) {
      if (type === "run.started") setStatus("running");
      if (type === "run.waiting") setStatus("waiting");
      if (["run.succeeded", "run.failed", "run.cancelled"].includes(type)) { setStatus(type.slice(4)); fill(stage); }
      if (type !== "run.progressed") return;
      bar.hidden = !data.total;
      bar.max = data.total || 1;
      bar.value = data.done ?? 0;
      fill(stage, [data.stage, data.total ? `${data.done} of ${data.total} ${data.unit ?? ""}` : ""].filter(Boolean).join(" · "));
    },
  };
}

/** Follow a run on a page: feeds `line` and `onEvent`, and gives the finished run to `onEnd`. */
export async function watch(runId, { line, signal, onEvent = () => {}, onEnd = () => {} }) {
  try {
    const run = await get(`/v1/runs/${runId}`);
    line.setStatus(run.status);
    for await (const event of follow(runId, { signal, onState: line.setConnection })) {
      line.event(event);
      onEvent(event);
    }
    if (!signal.aborted) onEnd(await get(`/v1/runs/${runId}`));
  } catch (error) {
    if (!signal.aborted) notice(error.message, "error");
  }
}

/** A run's failure in words. */
export function failure(run) {
  return h("div", { class: "problem", role: "alert" }, h("p", {}, run.error?.detail ?? `The run ended as ${run.status}.`));
}
