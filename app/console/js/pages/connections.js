/* What connects a project to others: webhooks that are told of events, sources that may send documents, API keys. */

import { get, patch, post, remove } from "../api.js";
import { action, add, ago, field, fill, form, grid, h, loading, option, pagedGrid, secret, status } from "../dom.js";
import { collectionSelect } from "../forms.js";

const EVENTS = ["run.succeeded", "run.failed", "run.cancelled", "discrepancy.found"];

/** A list above a form that adds to it; what may be read only once stands between them. */
function manager(target, { path, label, columns, row, empty, heading, fields, body, once }) {
  const list = h("div");
  const told = h("div");
  const load = (after) => get(path, { limit: 100, after });
  const refresh = () => loading(list, () => load(), (page) => pagedGrid(label, columns, page, load, (item) => row(item, refresh, told)), empty);
  const create = async (element) => {
    fill(told, once(await post(path, body())));
    element.reset();
    refresh();
  };
  add(target, list, told, form({ class: "panel" }, create, h("h2", {}, heading), fields, h("div", { class: "row end" }, h("button", { type: "submit" }, "Make it"))));
  refresh();
}

function dropAction(path, name, refresh, label = "Delete") {
  return action(label, async () => { if (confirm(`${label} ${name}?`)) { await remove(path); refresh(); } }, { "aria-label": `${label} ${name}` });
}

/** Checkboxes of which at least none may be chosen; `value` is the list of those that are. */
function checks(legend, values, chosen = []) {
  const boxes = values.map((value) => h("input", { type: "checkbox", value, checked: chosen.includes(value) }));
  const group = h("fieldset", { class: "checks" }, h("legend", {}, legend), boxes.map((box, index) => h("label", {}, box, ` ${values[index]} `)));
  Object.defineProperty(group, "value", { get: () => boxes.filter((box) => box.checked).map((box) => box.value) });
  return group;
}

export function webhooks(target) {
  const url = h("input", { type: "url", required: true, placeholder: "https://example.com/symposium" });
  const events = checks("Tell it of (none chosen: everything)", EVENTS);
  manager(target, {
    path: "/v1/webhooks", label: "Webhooks", columns: ["Address", "Events", "State", ""], heading: "New webhook",
    empty: "No webhook yet. One is told of every run's end, signed, until it has been received.",
    fields: [field("Address", url), events],
    body: () => ({ url: url.value, events: events.value }),
    once: (made) => secret("The secret that signs what is sent.", made.secret),
    row: webhookRow,
  });
}

function webhookRow(item, refresh, told) {
  const log = h("div");
  const change = (body) => async () => {
    const changed = await patch(`/v1/webhooks/${item.id}`, body);
    if (changed.secret) fill(told, secret("The new secret; the old one goes on signing beside it for a while.", changed.secret));
    refresh();
  };
  return h("tr", {},
    h("td", {}, item.url, h("details", { ontoggle: (event) => event.target.open && deliveries(log, item) }, h("summary", {}, "Deliveries"), log)),
    h("td", {}, item.events.join(", ") || "everything"),
    h("td", {}, status(item.enabled ? "enabled" : "disabled"), item.disabled_reason && h("div", { class: "muted" }, item.disabled_reason)),
    h("td", {}, h("div", { class: "row" }, action(item.enabled ? "Disable" : "Enable", change({ enabled: !item.enabled })), action("New secret", change({ rotate_secret: true })),
      dropAction(`/v1/webhooks/${item.id}`, item.url, refresh))));
}

function deliveries(target, item) {
  return loading(target, () => get(`/v1/webhooks/${item.id}/deliveries`, { limit: 50 }), ({ data }) => grid(`Deliveries to ${item.url}`, ["Event", "Status", "Tries", "Last answer", "When", ""],
    data.map((one) => h("tr", {}, h("td", {}, one.type), h("td", {}, status(one.status)), h("td", { class: "number" }, one.tries), h("td", {}, lastAnswer(one.attempts.at(-1))), h("td", {}, ago(one.created_at)),
      h("td", {}, action("Send again", async () => { await post(`/v1/webhooks/deliveries/${one.id}/redeliver`); deliveries(target, item); }))))), "Nothing was sent yet.");
}

function lastAnswer(attempt) {
  return attempt ? String(attempt.status ?? attempt.error ?? attempt.detail ?? "") : "";
}

export function sources(target) {
  const name = h("input", { required: true, maxlength: "200" });
  const type = h("select", {}, option("standard", "Standard Webhooks"), option("github", "GitHub pushes"));
  const collection = collectionSelect();
  manager(target, {
    path: "/v1/sources", label: "Sources", columns: ["Name", "Type", "Collection", "Address", "Last used", ""], heading: "New source",
    empty: "No source yet. A source is a signed address where another system hands in documents.",
    fields: h("div", { class: "row" }, field("Name", name), field("Type", type), field("Collection", collection)),
    body: () => ({ name: name.value, type: type.value, ...(collection.value && { collection: collection.value }) }),
    once: (made) => secret(`The secret that signs calls to ${made.path}.`, made.secret),
    row: (item, refresh) => h("tr", {}, h("td", {}, item.name), h("td", {}, item.type), collectionCell(item.collection), h("td", {}, h("code", {}, item.path)), h("td", {}, ago(item.last_used_at) || "never"),
      h("td", {}, dropAction(`/v1/sources/${item.id}`, item.name, refresh))),
  });
}

/** A cell with a collection's name, once it is known. */
function collectionCell(id) {
  const cell = h("td", {}, "…");
  get(`/v1/collections/${id}`).then(({ name }) => fill(cell, h("a", { href: `#/collections/${encodeURIComponent(name)}` }, name))).catch((error) => fill(cell, error.message));
  return cell;
}

export function keys(target) {
  const name = h("input", { required: true, maxlength: "200" });
  const scopes = checks("It may", ["read", "write", "admin"], ["read"]);
  manager(target, {
    path: "/v1/keys", label: "Keys", columns: ["Name", "Begins with", "May", "Last used", ""], heading: "New key",
    empty: "No key yet: only this machine is answered. With the first key, every call needs one.",
    fields: [field("Name", name), scopes],
    body: () => ({ name: name.value, scopes: scopes.value }),
    once: (made) => secret("The new key.", made.key),
    row: (item, refresh) => h("tr", {}, h("td", {}, item.name), h("td", {}, h("code", {}, item.prefix)), h("td", {}, item.scopes.join(", ")), h("td", {}, ago(item.last_used_at) || "never"),
      h("td", {}, item.revoked_at ? status("revoked") : dropAction(`/v1/keys/${item.id}`, item.name, refresh, "Revoke"))),
  });
}
