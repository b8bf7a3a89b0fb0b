/* Controls that several pages use: choosing a collection, and sending files and following how each is read. */

import { follow, get, post, upload } from "./api.js";
import { action, add, count, fill, h, notice, option } from "./dom.js";

/** A select of the collections; the first entry means the default one. */
export function collectionSelect(chosen = "") {
  const select = h("select", {}, option("", "default"));
  get("/v1/collections", { limit: 200 }).then(({ data }) => {
    for (const { name } of data) if (name !== "default") select.append(option(name, name, chosen));
  }).catch((error) => notice(error.message, "error"));
  return select;
}

/**
 * A place to drop or choose files. Each is sent on its own, so one bad file does not stop the rest, and is followed
 * until it can be asked; `target` is what files may be dropped on. `onSent` is called when one is taken in and when it
 * has been read.
 */
export function fileTaker({ onSent = () => {}, collection = () => "", target, signal }) {
  const input = h("input", { type: "file", multiple: true, class: "hidden", onchange: () => takeAll(input.files) });
  const choose = h("label", { class: "button quiet" }, input, "Add documents…");
  const report = h("ul", { class: "plain files", "aria-label": "Documents sent" });
  for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
    target.addEventListener(name, (event) => {
      event.preventDefault();
      target.classList.toggle("over", over);
      if (name === "drop") takeAll(event.dataTransfer.files);
    });
  }

  function takeAll(files) {
    for (const file of [...files]) {
      const line = fileLine(file.name);
      report.append(line.element);
      readFile(file, collection(), { line, onSent, signal });
    }
    input.value = "";
  }

  return { choose, report };
}

function fileLine(name) {
  const title = h("span", { class: "grow" }, name);
  const word = h("span", { class: "muted", role: "status" }, "waiting");
  const bar = h("progress", { max: 1, value: 0, "aria-label": `Progress of ${name}` });
  const element = h("li", {}, h("div", { class: "row" }, title, word), bar);
  return {
    element,
    show(text, share) { word.textContent = text; bar.value = share; },
    done(text, href) { bar.remove(); fill(title, h("a", { href }, name)); fill(word, text); },
    failed(text, retry) {
      bar.remove();
      fill(word, h("span", { class: "status failed" }, "failed"));
      add(element, h("div", { class: "problem", role: "alert" }, h("p", {}, text), retry && action("Try again", retry)));
    },
    restart() { element.querySelector(".problem")?.remove(); element.append(bar); },
  };
}

async function readFile(file, collection, { line, onSent, signal }) {
  const form = new FormData();
  if (collection) form.append("collection", collection);
  form.append("file", file);
  try {
    const sent = await upload("/v1/documents", form, (share) => line.show(share < 1 ? "sending" : "sent", share / 2));
    onSent();
    if (!sent.document) return line.done(`${count(sent.documents?.length ?? 0, "document")} inside, being read`, "#/documents");
    if (!sent.run) return line.done("already here", `#/documents/${sent.document.id}`);
    await followReading(sent.document, sent.run.id, line, signal);
    onSent();
  } catch (error) {
    if (!signal.aborted) line.failed(error.message);
  }
}

async function followReading(document, runId, line, signal) {
  for await (const { type, data } of follow(runId, { signal })) {
    if (type === "run.progressed" && data.total) line.show(`${data.stage}, ${data.done} of ${data.total}`, data.done / data.total);
    if (type === "run.failed" || type === "run.cancelled") {
      const retry = async () => {
        line.restart();
        const next = await post(`/v1/runs/${runId}/retry`);
        await followReading(document, next.id, line, signal);
      };
      return line.failed(data.detail ?? data.error?.detail ?? "Reading was cancelled.", retry);
    }
    if (type === "run.succeeded") {
      const { page_count: pages } = await get(`/v1/documents/${document.id}`);
      line.done(`${count(pages, "page")} read`, `#/documents/${document.id}`);
    }
  }
}
