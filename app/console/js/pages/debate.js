/* Debates: the form, and one debate with its two sides, claims underlined by verdict, strikes, and the panel's scores. */

import { answerRun, get, getText, post } from "../api.js";
import { add, ago, count, field, fill, h, loading, notice, option, pages, status } from "../dom.js";
import { collectionSelect } from "../forms.js";
import { failure, runLine, watch } from "../live.js";
import { runTitle } from "./home.js";

const CRITERIA = ["argument", "evidence", "rebuttal", "clarity"];
const HIGHEST = 10;

export function debates(main, { query }) {
  const topic = h("input", { placeholder: "Leave empty to have one proposed", value: query.get("topic") ?? "" });
  const collection = collectionSelect(query.get("collection") ?? "");
  const human = h("select", {}, option("", "watch"), option("pro", "argue Pro"), option("con", "argue Con"));
  const first = h("select", {}, option("pro", "Pro"), option("con", "Con"));
  const judges = number(3, 1, 9);
  const rounds = number(0, 0, 5);
  const cap = number(300, 30, 2000);
  const examined = h("input", { type: "checkbox" });
  const web = h("input", { type: "checkbox" });
  const list = h("div");
  const go = h("button", { type: "submit" }, "Start the debate");
  const start = async (event) => {
    event.preventDefault();
    go.disabled = true;
    try {
      const run = await post("/v1/debates", {
        ...(topic.value && { topic: topic.value }), ...(collection.value && { collection: collection.value }),
        ...(human.value && { human: human.value }), judges: Number(judges.value), first: first.value, extra_rounds: Number(rounds.value),
        word_cap: Number(cap.value), cross_examination: examined.checked, web: web.checked,
      });
      location.hash = `#/debates/${run.id}`;
    } catch (error) { notice(error.message, "error"); } finally { go.disabled = false; }
  };
  add(main, h("h1", {}, "Debates"),
    h("form", { class: "panel", onsubmit: start }, field("Topic", topic),
      h("div", { class: "row" }, field("Evidence from", collection), field("I want to", human)),
      h("details", {}, h("summary", {}, "Order, length and judges"),
        h("div", { class: "row" }, field("Opens", first), field("Extra rounds", rounds), field("Words a speech", cap), field("Judges", judges)),
        h("p", {}, h("label", {}, examined, " Each side questions the other"), " ", h("label", {}, web, " Search the web as well, where the model server can"))),
      h("div", { class: "row end" }, go)),
    h("h2", {}, "Earlier debates"), list);
  loading(list, () => get("/v1/runs", { agent: "debate", limit: 30 }), ({ data }) =>
    h("ul", { class: "plain" }, data.map((run) => h("li", { class: "row" }, status(run.status), h("a", { class: "grow", href: `#/debates/${run.id}` }, run.output?.topic ?? runTitle(run)), run.output && h("span", { class: "muted" }, result(run.output.verdict)), ago(run.created_at)))), "No debate yet.");
}

export function debate(main, { args: [id], signal }) {
  const line = runLine(id);
  const title = h("h1", {}, "Debate");
  const moderator = h("p", { class: "muted", "aria-live": "polite" });
  const person = h("div");
  const verdict = h("div");
  const columns = { pro: h("div"), con: h("div") };
  const strikes = { pro: h("span"), con: h("span") };
  const speeches = new Map();
  const told = new Map();
  add(main, title, line.element, moderator, person, verdict,
    h("div", { class: "halves" }, ["pro", "con"].map((side) => h("section", { class: "panel", "aria-label": name(side) },
      h("div", { class: "row" }, h("h2", { class: "grow" }, name(side)), strikes[side]), columns[side]))));
  get(`/v1/runs/${id}`).then((run) => fill(title, runTitle(run))).catch(() => {});

  const place = (speech) => {
    const old = speeches.get(speech.id);
    const element = speechView(speech);
    if (old?.isConnected) old.replaceWith(element); else columns[speech.speaker]?.append(element);
    speeches.set(speech.id, element);
  };

  watch(id, {
    line, signal,
    onEvent: ({ type, data, id: seq }) => {
      if (data.topic) fill(title, data.topic);
      if (type === "debate.floor_given") fill(moderator, `${name(data.speaker)} has the floor: ${words(data.stage)}.`);
      if (type === "delta" && data.speech_id) streamInto(columns, speeches, data);
      if (type === "debate.claim_checked") told.set(`${data.speech_id} ${data.claim.id}`, data.claim.verdict);
      if (type === "debate.claim_checked") fill(moderator, `Checking: ${checkedSoFar(told, data.speech_id)}.`);
      if (type === "debate.speech_finished" && data.speech) place(data.speech);
      if (type === "debate.speech_rejected" && data.speech) place(data.speech);
      if (data.strikes) for (const side of ["pro", "con"]) fill(strikes[side], strikeMarks(data.strikes[side]));
      if (type === "debate.side_disqualified") fill(moderator, `${name(data.side)} is disqualified.`);
      if (type === "run.resumed") fill(person, h("p", { class: "muted", role: "status" }, data.by === "timeout" ? "Time was up; the turn is forfeited." : "Your speech is being checked."));
      if (type.startsWith("debate.speech")) fill(person);
      if (type === "run.waiting") fill(person, turnForm(id, data, seq));
    },
    onEnd: (run) => {
      fill(person);
      fill(moderator);
      if (run.status !== "succeeded") return fill(verdict, failure(run));
      const output = run.output;
      fill(title, output.topic);
      for (const side of ["pro", "con"]) { fill(columns[side]); fill(strikes[side], strikeMarks(output.strikes[side])); }
      speeches.clear();
      output.speeches.forEach(place);
      fill(verdict, verdictView(output), (output.notes ?? []).map((note) => h("p", { class: "muted" }, note)), h("div", { class: "row end panel bare" }, download(id, "text/markdown", "debate.md", "Markdown"), download(id, "text/html", "debate.html", "Printable page")));
    },
  });
}

const words = (text) => String(text ?? "").replaceAll("_", " ");
const number = (value, min, max) => h("input", { type: "number", min: String(min), max: String(max), value: String(value) });
const name = (side) => ({ pro: "Pro", con: "Con", tie: "Tie" })[side] ?? side;

const result = ({ winner, by }) => (winner === "tie" ? "A tie" : `${name(winner)} wins by ${by}`);

function strikeMarks(number = 0) {
  return h("span", { class: "status", title: "failed checks" }, `${number} ${number === 1 ? "strike" : "strikes"}`);
}

function checkedSoFar(told, speech) {
  const verdicts = [...told].filter(([key]) => key.startsWith(`${speech} `)).map(([, verdict]) => words(verdict));
  return [...new Set(verdicts)].map((verdict) => `${verdicts.filter((other) => other === verdict).length} ${verdict}`).join(", ");
}

function streamInto(columns, speeches, data) {
  let element = speeches.get(data.speech_id);
  if (!element) {
    const side = data.speaker;
    element = h("article", { class: `speech ${side}` }, h("p"));
    columns[side]?.append(element);
    speeches.set(data.speech_id, element);
  }
  element.querySelector("p").append(data.text);
}

function speechView(speech) {
  const head = h("h3", {}, words(speech.stage), " ", speech.draft > 1 && h("span", { class: "muted" }, `draft ${speech.draft} `), status(speech.status));
  const body = h("p", {}, underlined(speech));
  const claims = speech.claims?.length && h("details", {}, h("summary", {}, `${count(speech.claims.length, "claim")} checked`),
    h("ul", { class: "plain" }, speech.claims.map((claim) => h("li", {}, status(words(claim.verdict)), " ", claim.text, h("br"), h("small", { class: "muted" }, claim.reason),
      claim.evidence.map(evidenceView)))));
  const quotes = speech.quotes?.length ? h("p", { class: "muted" }, `${speech.quotes.filter((q) => q.verified).length} of ${speech.quotes.length} quotes verified`) : null;
  const article = h("article", { class: `speech ${speech.speaker} ${speech.status}` }, head, body, quotes, claims);
  if (speech.status !== "rejected") return article;
  return h("details", { class: "speech rejected" }, h("summary", {}, `Rejected draft ${speech.draft}, ${words(speech.stage)}`), article);
}

function evidenceView(piece) {
  const where = [piece.filename, pages(piece.pages)].filter(Boolean).join(", ");
  const source = piece.url ? h("a", { href: piece.url, rel: "noreferrer", target: "_blank" }, `web: ${where}`)
    : piece.entry_id ? h("a", { href: `#/documents/${piece.document_id}/entries/${piece.entry_id}?page=${piece.pages[0] ?? ""}` }, where) : where;
  return h("blockquote", {}, piece.text, " ", h("small", {}, source));
}

/** The speech's text with each claim underlined by its verdict; overlapping claims keep the first. */
function underlined(speech) {
  const claims = (speech.claims ?? []).filter((claim) => claim.span).sort((a, b) => a.span[0] - b.span[0]);
  const parts = [];
  let at = 0;
  for (const { span: [start, end], verdict, reason } of claims) {
    if (start < at) continue;
    parts.push(speech.text.slice(at, start), h("mark", { class: verdict, title: `${words(verdict)}: ${reason}` }, speech.text.slice(start, end)));
    at = end;
  }
  return [...parts, speech.text.slice(at)];
}

function verdictView({ verdict }) {
  const bar = (side, value) => {
    const box = h("span", { class: `fill ${side}` });
    box.style.width = `${(100 * value) / HIGHEST}%`;
    return h("div", { class: "bar" }, h("span", {}, name(side)), box, h("span", { class: "number" }, Number(value).toFixed(1)));
  };
  const scored = CRITERIA.filter((criterion) => verdict.scores[criterion]);
  const shares = [["agreement", verdict.agreement], ["swap consistency", verdict.swap_consistency]].filter(([, share]) => share !== null);
  return h("section", { class: "panel", "aria-labelledby": "verdict" },
    h("h2", { id: "verdict" }, result(verdict)),
    h("p", {}, verdict.reason),
    h("div", { class: "scores" }, scored.map((criterion) => h("div", { role: "group", "aria-label": criterion },
      h("h3", {}, criterion), bar("pro", verdict.scores[criterion].pro), bar("con", verdict.scores[criterion].con)))),
    shares.length > 0 && h("p", { class: "muted" }, `Judges: ${shares.map(([label, share]) => `${label} ${Math.round(100 * share)}%`).join(", ")}.`));
}

function turnForm(id, { question: asked }, seq) {
  const text = h("textarea", { required: true, rows: 8 }, asked.feedback?.text ?? "");
  const left = h("span", { class: "muted grow", "aria-live": "polite" });
  const count = () => fill(left, `${text.value.split(/\s+/).filter(Boolean).length} of ${asked.word_cap} words`);
  const answer = async (value) => {
    try { await answerRun(id, value, seq); } catch (error) { notice(error.message, "error"); }
  };
  const cite = (piece) => { text.setRangeText(`"${piece.text}" [${piece.id}] `, text.selectionStart, text.selectionEnd, "end"); count(); text.focus(); };
  text.addEventListener("input", count);
  count();
  return h("form", { class: "panel", onsubmit: (event) => { event.preventDefault(); answer({ text: text.value }); } },
    h("h2", {}, `Your turn: ${name(asked.side)}, ${words(asked.stage)}`),
    h("p", {}, asked.asks, asked.seconds && ` You have ${asked.seconds} seconds.`),
    asked.feedback && h("div", { class: "problem" }, h("p", {}, h("strong", {}, "Your draft was sent back. "), asked.feedback.refuted.length ? "Mend what was refuted:" : asked.feedback.reason),
      asked.feedback.refuted.map((claim) => h("div", {}, h("p", {}, claim.text, " ", h("small", {}, claim.reason)), claim.evidence.map(evidenceView)))),
    field("Your speech", text),
    h("div", { class: "row" }, left, h("button", { type: "button", class: "quiet", onclick: () => answer({ forfeit: true }) }, "Give the turn up"), h("button", { type: "submit" }, "Speak")),
    asked.evidence.length > 0 && h("details", {}, h("summary", {}, `${asked.evidence.length} pieces of evidence to quote`),
      h("ul", { class: "plain" }, asked.evidence.map((piece) => h("li", { class: "row nowrap" },
        h("button", { type: "button", class: "quiet", "aria-label": `Quote ${piece.id}`, onclick: () => cite(piece) }, piece.id), h("div", { class: "grow" }, piece.text, " ", h("small", { class: "muted" }, [piece.filename, pages(piece.pages)].filter(Boolean).join(", "))))))));
}

function download(id, type, file, label) {
  return h("button", { type: "button", class: "quiet", onclick: async () => {
    try {
      const link = h("a", { href: URL.createObjectURL(new Blob([await getText(`/v1/debates/${id}`, type)], { type })), download: file });
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (error) { notice(error.message, "error"); }
  } }, label);
}
