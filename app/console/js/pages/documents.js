/* The list of documents: sending, status, how well each was read, a new try, deletion. */

import { get, post, remove } from "../api.js";
import { action, add, field, fill, h, loading, notice, option, pagedGrid, status } from "../dom.js";
import { collectionSelect, fileTaker } from "../forms.js";

const STATES = ["", "queued", "processing", "ready", "failed"];

export function documents(main, { query, signal }) {
  const collection = collectionSelect(query.get("collection") ?? "");
  const state = h("select", {}, STATES.map((value) => option(value, value || "any", query.get("status") ?? "")));
  const list = h("div");
  let shown = query.get("collection") || "default";
  collection.addEventListener("change", () => { shown = collection.value || "default"; });
  const load = (after) => get("/v1/documents", { collection: shown, status: state.value, limit: 100, after });
  const refresh = () => loading(list, load, (page) => table(page, load, refresh), "No document here. Drop a file above to add one.");
  for (const control of [collection, state]) control.addEventListener("change", refresh);
  const drop = h("section", { class: "panel drop", "aria-label": "Add documents" });
  const files = fileTaker({ onSent: refresh, collection: () => collection.value, target: drop, signal });
  add(drop, h("div", { class: "row" }, h("span", { class: "grow" }, "Drop files here: PDF, Office, HTML, e-mail, spreadsheets, archives …"), files.choose), files.report);
  add(main, h("h1", {}, "Documents"), drop, h("div", { class: "row" }, field("Collection", collection), field("Status", state)), list);
  refresh();
  const timer = setInterval(() => quietly(list, load, refresh), 2000);
  signal.addEventListener("abort", () => clearInterval(timer));
}

/** Redraw while something is still being read. */
async function quietly(list, load, refresh) {
  if (!list.querySelector(".status.queued, .status.processing") || document.visibilityState !== "visible") return;
  try { fill(list, table(await load(), load, refresh)); } catch { /* the next tick tries again */ }
}

function table(page, load, refresh) {
  return pagedGrid("Documents", ["Document", "Status", "Pages", "How well it was read", ""], page, load, (item) => row(item, refresh));
}

function row(item, refresh) {
  const watched = item.run_id && ["queued", "processing"].includes(item.status);
  return h("tr", {},
    h("td", {}, h("a", { href: `#/documents/${item.id}` }, item.filename), item.title && item.title !== item.filename && h("div", { class: "muted" }, item.title)),
    h("td", {}, status(item.status), item.error && h("div", { class: "muted" }, item.error.detail), watched && h("div", {}, h("a", { href: `#/runs/${item.run_id}` }, "watch"))),
    h("td", { class: "number" }, item.page_count || ""), h("td", {}, glance(item.quality)),
    h("td", {}, h("div", { class: "row" },
      item.status === "failed" && item.run_id && action("Try again", async () => { await post(`/v1/runs/${item.run_id}/retry`); refresh(); }),
      action("Delete", (button) => drop(item, button), { "aria-label": `Delete ${item.filename}` }))));
}

/** Two small bars: the share of insights that are grounded, the share of the figures that an insight carries. */
function glance(quality) {
  const shares = [["grounded", quality?.grounded_share], ["figures", quality?.number_coverage]].filter(([, share]) => share !== undefined && share !== null);
  return shares.map(([label, share]) => h("div", { class: "share" }, h("span", {}, label), h("meter", { min: "0", max: "1", low: "0.5", high: "0.8", optimum: "1", value: String(share), "aria-label": label }), h("span", {}, percent(share))));
}

export const percent = (share) => `${Math.round(100 * share)}%`;

async function drop(item, button) {
  if (!confirm(`Delete ${item.filename} and everything made from it?`)) return;
  await remove(`/v1/documents/${item.id}`);
  button.closest("tr").remove();
  notice(`${item.filename} is deleted.`);
}
