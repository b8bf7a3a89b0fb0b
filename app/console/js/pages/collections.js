/* Collections of the project, and beside them what connects the project to others: webhooks, sources, keys. */

import { get, post, remove } from "../api.js";
import { action, add, field, form, h, loading, pagedGrid, status, tabs } from "../dom.js";
import { keys, sources, webhooks } from "./connections.js";

export function collections(main, { query }) {
  add(main, h("h1", {}, "Collections"), tabs("What to manage", [
    ["collections", "Collections", shelf], ["webhooks", "Webhooks", webhooks], ["sources", "Sources", sources], ["keys", "Keys", keys],
  ], query.get("tab") ?? "collections"));
}

function shelf(target) {
  const list = h("div");
  const name = h("input", { required: true, maxlength: "200" });
  const description = h("input", { maxlength: "2000" });
  const load = (after) => get("/v1/collections", { limit: 100, after });
  const refresh = () => loading(list, () => load(), (page) => pagedGrid("Collections", ["Name", "Documents", "Description", ""], page, load, row));
  const create = async () => {
    await post("/v1/collections", { name: name.value, description: description.value });
    name.value = description.value = "";
    refresh();
  };
  add(target, list, form({ class: "panel" }, create, h("h2", {}, "New collection"),
    h("div", { class: "row" }, field("Name", name), field("Description", description), h("button", { type: "submit" }, "Make it"))));
  refresh();
}

function row(item) {
  return h("tr", {},
    h("td", {}, h("a", { href: `#/collections/${encodeURIComponent(item.name)}` }, item.name)),
    h("td", {}, Object.entries(item.documents).filter(([, number]) => number).map(([word, number]) => [status(word), ` ${number} `])),
    h("td", {}, item.description),
    h("td", {}, item.name !== "default" && action("Delete", (button) => drop(item, button), { "aria-label": `Delete ${item.name}` })));
}

async function drop(item, button) {
  if (!confirm(`Delete ${item.name} with all its documents?`)) return;
  await remove(`/v1/collections/${item.id}`);
  button.closest("tr").remove();
}
