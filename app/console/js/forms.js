/* Controls that several pages use: choosing a collection, and sending files. */

import { get, postForm } from "./api.js";
import { add, fill, h, notice, option } from "./dom.js";

/** A select of the collections; the first entry means the default one. */
export function collectionSelect(chosen = "") {
  const select = h("select", {}, option("", "default"));
  get("/v1/collections", { limit: 200 }).then(({ data }) => {
    for (const { name } of data) if (name !== "default") select.append(option(name, name, chosen));
  }).catch((error) => notice(error.message, "error"));
  return select;
}

/** A place to drop or choose files; each is sent on its own so that one bad file does not stop the rest. */
export function dropZone(onSent, collection = () => "") {
  const input = h("input", { type: "file", multiple: true, "aria-label": "Choose files", onchange: () => sendAll(input.files) });
  const report = h("ul", { class: "plain", "aria-live": "polite" });
  const zone = h("div", { class: "drop" }, h("p", {}, "Drop files here, or choose them:"), input);
  for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.toggle("over", over);
      if (name === "drop") sendAll(event.dataTransfer.files);
    });
  }

  async function sendAll(files) {
    const lines = [...files].map((file) => [file, h("li", {}, `${file.name}: sending…`)]);
    add(report, lines.map(([, line]) => line));
    await Promise.all(lines.map(([file, line]) => sendOne(file, line)));
    input.value = "";
    onSent();
  }

  async function sendOne(file, line) {
    const form = new FormData();
    if (collection()) form.append("collection", collection());
    form.append("file", file);
    try {
      const { document, run } = await postForm("/v1/documents", form);
      fill(line, h("a", { href: `#/documents/${document.id}` }, file.name), run ? ": being read" : ": already here");
    } catch (error) {
      fill(line, h("span", { role: "alert" }, `${file.name}: ${error.message}`));
    }
  }

  return h("div", {}, zone, report);
}
