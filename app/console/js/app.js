/* Routes: the hash names the page; each page is a function (main, params, signal) that draws itself. */

import { key } from "./api.js";
import { field, fill, h } from "./dom.js";
import { collection } from "./pages/collection.js";
import { collections } from "./pages/collections.js";
import { debate, debates } from "./pages/debate.js";
import { document_ } from "./pages/document.js";
import { documents } from "./pages/documents.js";
import { home } from "./pages/home.js";
import { report, research } from "./pages/research.js";
import { run } from "./pages/run.js";
import { runs } from "./pages/runs.js";

const ROUTES = [
  [/^\/?$/, home, "Home"],
  [/^\/documents$/, documents, "Documents"],
  [/^\/documents\/([^/]+)(?:\/(pages|entries)\/([^/]+))?$/, document_, "Document"],
  [/^\/research$/, research, "Research"],
  [/^\/research\/([^/]+)$/, report, "Research"],
  [/^\/debates$/, debates, "Debates"],
  [/^\/debates\/([^/]+)$/, debate, "Debate"],
  [/^\/runs$/, runs, "Runs"],
  [/^\/runs\/([^/]+)$/, run, "Run"],
  [/^\/collections$/, collections, "Collections"],
  [/^\/collections\/([^/]+)$/, collection, "Collection"],
];

const main = document.getElementById("main");
let leaving = new AbortController();

function show() {
  leaving.abort();
  leaving = new AbortController();
  const path = decodeURI(location.hash.slice(1).split("?")[0]) || "/";
  const query = new URLSearchParams(location.hash.split("?")[1] ?? "");
  markCurrent(path);
  for (const [pattern, page, title] of ROUTES) {
    const match = pattern.exec(path);
    if (!match) continue;
    document.title = `${title} · Symposium`;
    fill(main);
    page(main, { args: match.slice(1), query, signal: leaving.signal });
    return;
  }
  fill(main, h("h1", {}, "There is no such page"), h("p", {}, h("a", { href: "#/" }, "Go to the start")));
}

function markCurrent(path) {
  const section = `#/${path.split("/")[1]}`;
  for (const link of document.querySelectorAll(".top nav a")) {
    if (link.getAttribute("href") === section) {
      link.setAttribute("aria-current", "page");
      link.closest("ul").scrollLeft = link.offsetLeft - link.offsetWidth;
    } else link.removeAttribute("aria-current");
  }
}

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
}

document.getElementById("theme").addEventListener("click", () => {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  localStorage.setItem("symposium.theme", dark ? "light" : "dark");
  setTheme(localStorage.getItem("symposium.theme"));
});

/** Ask for an API key; the console keeps it in this browser only. */
function askForKey(reason = "") {
  if (document.querySelector("dialog.key")) return;
  const input = h("input", { type: "password", autocomplete: "off", value: key.get() });
  const dialog = h("dialog", { class: "key", "aria-label": "API key" }, h("form", { method: "dialog", onsubmit: () => key.set(input.value.trim()) },
    h("h2", {}, "API key"), reason && h("p", {}, reason),
    h("p", { class: "muted" }, "A service that is open to others wants one. It stays in this browser."), field("Key", input),
    h("div", { class: "row end" }, h("button", { type: "button", class: "quiet", onclick: () => dialog.close("cancel") }, "Cancel"), h("button", { type: "submit", value: "saved" }, "Keep"))));
  dialog.addEventListener("close", () => { dialog.remove(); if (dialog.returnValue === "saved") show(); });
  document.body.append(dialog);
  dialog.showModal();
}

document.getElementById("key").addEventListener("click", () => askForKey());
addEventListener("key-wanted", (event) => askForKey(event.detail));
setTheme(localStorage.getItem("symposium.theme"));
addEventListener("hashchange", () => { show(); main.focus({ preventScroll: true }); scrollTo(0, 0); });
show();
