/* Research: the form, and one run with its plan, searches and findings as they come and the report with checked citations. */

import { answerRun, get, getText, post } from "../api.js";
import { add, field, fill, h, loading, notice, option, pages, status } from "../dom.js";
import { collectionSelect } from "../forms.js";
import { failure, runLine, watch } from "../live.js";
import { markdown } from "../markdown.js";
import { runTitle } from "./home.js";

export function research(main, { query }) {
  const question = h("textarea", { required: true }, query.get("question") ?? "");
  const format = h("select", {}, option("answer", "Short answer"), option("report", "Report"));
  const collection = collectionSelect(query.get("collection") ?? "");
  const interactive = h("input", { type: "checkbox" });
  const list = h("div");
  const go = h("button", { type: "submit" }, "Ask");
  add(main, h("h1", {}, "Research"),
    h("form", { class: "panel", onsubmit: (event) => { event.preventDefault(); ask(go, { question: question.value, format: format.value, collections: collection.value ? [collection.value] : [], interactive: interactive.checked }); } },
      field("Question", question), h("div", { class: "row" }, field("As", format), field("Collection", collection)),
      h("p", {}, h("label", {}, interactive, " Ask me first: show the plan before searching")),
      h("div", { class: "row end" }, go)),
    h("h2", {}, "Earlier questions"), list);
  loading(list, () => get("/v1/runs", { agent: "research", limit: 30 }), ({ data }) =>
    h("ul", { class: "plain" }, data.map((run) => h("li", { class: "row" }, status(run.status), h("a", { href: `#/research/${run.id}` }, runTitle(run))))), "No question yet.");
}

async function ask(button, body) {
  button.disabled = true;
  try {
    const run = await post("/v1/research", body);
    location.hash = `#/research/${run.id}`;
  } catch (error) {
    notice(error.message, "error");
  } finally {
    button.disabled = false;
  }
}

export function report(main, { args: [id], signal }) {
  const line = runLine(id);
  const title = h("h1", {}, "Research");
  const answer = h("article", { class: "panel", "aria-live": "polite", "aria-label": "Answer" }, h("p", { class: "muted" }, "The answer appears here."));
  const side = h("div");
  const steps = h("ol", { class: "plain" });
  const person = h("div");
  let streamed = "";
  let written = "";
  add(main, title, line.element, person,
    h("div", { class: "split" }, answer, h("div", {}, side, h("section", { class: "panel" }, h("h2", {}, "How it went"), steps))));
  get(`/v1/runs/${id}`).then((run) => fill(title, runTitle(run))).catch(() => {});
  watch(id, {
    line, signal,
    onEvent: ({ type, data }) => {
      if (type === "delta") fill(answer, markdown((streamed += data.text)));
      if (type === "research.section_written") fill(answer, markdown((written += `\n\n${data.text}`)));
      const text = STEPS[type]?.(data);
      if (text) steps.append(h("li", {}, text));
      if (type === "run.waiting") fill(person, waitingForm(id, data, () => fill(person)));
    },
    onEnd: (run) => {
      fill(person);
      if (run.status !== "succeeded") return fill(answer, failure(run));
      showReport(answer, side, run);
    },
  });
}

const KINDS = { facts: "figures", insights: "insights", concepts: "concepts", documents: "abstracts", pages: "pages" };

const STEPS = {
  "research.planned": (data) => h("div", {}, h("strong", {}, "Plan"), planList(data.plan)),
  "research.searched": (data) => `Searched ${KINDS[data.kind] ?? data.kind}: ${data.query} (${data.found} found)`,
  "research.found": (data) => data.findings.length > 0 && h("details", {}, h("summary", {}, `${data.findings.length} findings, such as: ${data.findings[0].text}`),
    h("ul", {}, data.findings.map((item) => h("li", {}, item.text, " ", h("small", { class: "muted" }, `${item.filename}, ${pages(item.pages)}`))))),
  "research.assessed": (data) => h("div", {}, h("strong", {}, `After round ${data.round}`), planList(data.steps)),
  "research.checked": (data) => data.failed ? `${data.failed} sentences failed the check` : "Every citation and figure checked",
};

function planList(steps = []) {
  return h("ul", {}, steps.map((step) => h("li", {}, step.question, " ", status(step.status))));
}

/** What a waiting run asks, and the form that answers it: a plan to approve, or a question back. */
function waitingForm(id, { question: asked }, onSent) {
  const plan = asked.plan;
  const box = h("textarea", {}, plan ? plan.map((step) => step.question).join("\n") : "");
  const send = async (event) => {
    event.preventDefault();
    const lines = box.value.split("\n").map((line) => line.trim()).filter(Boolean);
    const steps = lines.map((question) => plan?.find((step) => step.question === question) ?? { question });
    try {
      await answerRun(id, plan ? { approved: true, steps } : { answer: box.value });
      onSent();
    } catch (error) { notice(error.message, "error"); }
  };
  return h("form", { class: "panel", onsubmit: send }, h("h2", {}, plan ? "Is this the right plan?" : asked.question),
    field(plan ? "One sub-question a line; change what you like" : "Your answer", box),
    h("div", { class: "row end" }, h("button", { type: "submit" }, plan ? "Go ahead" : "Answer")));
}

function showReport(target, side, run) {
  const output = run.output;
  fill(target, markdown(withoutTitle(output.answer, run.input.question), citer(output.citations)),
    output.engine === "offline" && h("p", { class: "muted" }, "Put together by the offline engine from sentences and figures of the documents; no model was asked."),
    h("div", { class: "row end" }, download(run.id, "text/markdown", "report.md", "Markdown"), download(run.id, "text/html", "report.html", "Printable page")));
  fill(side,
    box("Sources", output.citations.length && h("ol", {}, output.citations.map((c) => h("li", {}, sourceLink(c), h("blockquote", {}, readable(c.quote)))))),
    box("Contradictions", output.contradictions?.length && h("ul", {}, output.contradictions.map((c) => h("li", {}, contradiction(c))))),
    box("Not answered", output.unanswered?.length && h("ul", {}, output.unanswered.map((text) => h("li", {}, text)))),
    box("Not supported, so left out", output.not_supported?.length && h("ul", {}, output.not_supported.map((item) => h("li", {}, item.text ?? item)))),
    box("Ask next", output.follow_ups?.length && h("div", {}, output.follow_ups.map((text) =>
      h("p", {}, h("button", { type: "button", class: "chip", onclick: (event) => ask(event.target, { question: text, thread_id: run.thread_id, collections: run.input.collections ?? [] }) }, text))))));
}

function box(title, content) {
  return content ? h("section", { class: "panel" }, h("h2", {}, title), content) : null;
}

function sourceLink(citation) {
  return h("a", { href: `#/documents/${citation.document_id}/entries/${citation.entry_id}?page=${citation.pages?.[0] ?? ""}` }, `${citation.filename}, ${pages(citation.pages)}`);
}

function contradiction(item) {
  return item.text ?? h("div", {}, [item.newer, item.older, ...(item.sides ?? [])].filter(Boolean).map((side) => h("p", {}, side.text ?? JSON.stringify(side))));
}

/** An answer without headings that only say the question again, which stands above it. */
function withoutTitle(answer, question) {
  return answer.split("\n").filter((line) => line.replace(/^#+ /, "") !== question || !line.startsWith("#")).join("\n").trim();
}

/** A quote as one reads it: the cells of a table's row with dots between them. */
function readable(quote) {
  return quote.replace(/^\||\|$/gm, "").replaceAll("|", "·").trim();
}

/** Turn `[file, pg. 4]` in running text into a button that shows the quote and opens the page. */
function citer(citations) {
  const places = new Map(citations.map((c) => [`[${c.filename}, ${pages(c.pages)}]`, c]));
  const names = [...places.keys()].map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  if (!names.length) return (text) => text;
  const pattern = new RegExp(`(${names.join("|")})`);
  return (text) => text.split(pattern).map((part) => places.has(part) ? citeMark(part, places.get(part)) : part);
}

function citeMark(text, citation) {
  return h("button", { type: "button", class: "cite", onclick: () => { location.hash = sourceLink(citation).getAttribute("href"); } },
    text.slice(1, -1), h("span", { class: "pop", role: "tooltip" }, h("strong", {}, `${citation.filename}, ${pages(citation.pages)}`), h("br"), readable(citation.quote)));
}

function download(id, type, name, label) {
  return h("button", { type: "button", class: "quiet", onclick: async () => {
    try {
      const text = await getText(`/v1/research/${id}`, type);
      const link = h("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (error) { notice(error.message, "error"); }
  } }, label);
}
