/* Collections: what is in each and what to ask of it. */

import { get, post, remove } from "../api.js";
import { action, add, count, field, form, h, loading, pagedGrid, status } from "../dom.js";

export function collections(main, { args: [name] }) {
  if (name) return overview(main, decodeURIComponent(name));
  const list = h("div");
  const title = h("input", { required: true, maxlength: "200" });
  const description = h("input", { maxlength: "2000" });
  const load = (after) => get("/v1/collections", { limit: 100, after });
  const refresh = () => loading(list, () => load(), (page) => pagedGrid("Collections", ["Name", "Documents", "Description", ""], page, load, row));
  const create = async () => {
    await post("/v1/collections", { name: title.value, description: description.value });
    title.value = description.value = "";
    refresh();
  };
  add(main, h("h1", {}, "Collections"), list,
    form({ class: "panel" }, create, h("h2", {}, "New collection"), h("div", { class: "row" }, field("Name", title), field("Description", description)), h("div", { class: "row end" }, h("button", { type: "submit" }, "Make it"))));
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

function overview(main, name) {
  const view = h("div");
  add(main, h("h1", {}, name), view);
  loading(view, () => get(`/v1/collections/${encodeURIComponent(name)}/overview`), (data) => h("div", {},
    data.description && h("p", {}, data.description),
    h("p", {}, h("a", { href: `#/documents?collection=${encodeURIComponent(name)}` }, "Documents"), " · ", h("a", { href: `#/research?collection=${encodeURIComponent(name)}` }, "Ask this collection")),
    h("h2", {}, "What is in it"), h("ul", { class: "plain" }, (data.newest).map((item) => h("li", {}, h("a", { href: `#/documents/${item.id}` }, item.title || item.filename), " ", h("span", { class: "muted" }, count(item.page_count, "page")), item.abstract && h("p", {}, item.abstract)))),
    data.concepts.length > 0 && [h("h2", {}, "What it is about"), h("ul", {}, data.concepts.map((text) => h("li", {}, text)))],
    data.questions?.length > 0 && [h("h2", {}, "What to ask"), h("ul", {}, data.questions.map((text) => h("li", {}, h("a", { href: `#/research?question=${encodeURIComponent(text)}` }, text))))]));
}
