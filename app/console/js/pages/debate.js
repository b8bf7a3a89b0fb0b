/* Debates: the form, and one debate with its two sides, claims underlined by verdict, strikes, and the panel's scores. */

import { answerRun, get, getText, post } from "../api.js";
import { add, field, fill, h, loading, notice, option, status } from "../dom.js";
import { collectionSelect } from "../forms.js";
import { failure, runLine, watch } from "../live.js";
import { runTitle } from "./home.js";

export function debates(main, { query }) {
  const topic = h("input", { placeholder: "Leave empty to have one proposed", value: query.get("topic") ?? "" });
  const collection = collectionSelect(query.get("collection") ?? "");
  const human = h("select", {}, option("", "watch"), option("pro", "argue Pro"), option("con", "argue Con"));
  const judges = h("input", { type: "number", min: "1", max: "9", value: "3" });
  const list = h("div");
  const go = h("button", { type: "submit" }, "Start the debate");
  const start = async (event) => {
    event.preventDefault();
    go.disabled = true;
    try {
      const run = await post("/v1/debates", {
        ...(topic.value && { topic: topic.value }), ...(collection.value && { collection: collection.value }),
        ...(human.value && { human: human.value }), judges: Number(judges.value),
      });
      location.hash = `#/debates/${run.id}`;
    } catch (error) { notice(error.message, "error"); } finally { go.disabled = false; }
  };
  add(main, h("h1", {}, "Debates"),
    h("form", { class: "panel", onsubmit: start }, field("Topic", topic),
      h("div", { class: "row" }, field("Evidence from", collection), field("I want to", human), field("Judges", judges)), h("div", { class: "row end" }, go)),
    h("h2", {}, "Earlier debates"), list);
  loading(list, () => get("/v1/runs", { agent: "debate", limit: 30 }), ({ data }) =>
    h("ul", { class: "plain" }, data.map((run) => h("li", { class: "row" }, status(run.status), h("a", { href: `#/debates/${run.id}` }, run.output?.topic ?? runTitle(run))))), "No debate yet.");
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
  add(main, title, line.element, moderator, person, verdict,
    h("div", { class: "halves" }, ["pro", "con"].map((side) => h("section", { class: "panel", "aria-label": name(side) },
      h("div", { class: "row" }, h("h2", { class: "grow" }, name(side)), strikes[side]), columns[side]))));
  get(`/v1/runs/${id}`).then((run) => fill(title, runTitle(run))).catch(() => {});

  const place = (speech) => {
    const old = speeches.get(speech.id);
    const element = speechView(speech);
    if (old) old.replaceWith(element); else columns[speech.speaker]?.append(element);
    speeches.set(speech.id, element);
  };

  watch(id, {
    line, signal,
    onEvent: ({ type, data }) => {
      if (data.topic) fill(title, data.topic);
      if (type === "debate.floor_given") fill(moderator, `${name(data.speaker)} has the floor: ${words(data.stage)}.`);
      if (type === "delta" && data.speech_id) streamInto(columns, speeches, data);
      if (type === "debate.speech_finished" && data.speech) place(data.speech);
      if (type === "debate.speech_rejected" && data.speech) place(data.speech);
      if (data.strikes) for (const side of ["pro", "con"]) fill(strikes[side], strikeMarks(data.strikes[side]));
      if (type === "run.waiting") fill(person, turnForm(id, data, () => fill(person, h("p", { class: "muted", role: "status" }, "Your speech is being checked."))));
    },
    onEnd: (run) => {
      fill(person);
      if (run.status !== "succeeded") return fill(verdict, failure(run));
      const output = run.output;
      fill(title, output.topic);
      for (const side of ["pro", "con"]) { fill(columns[side]); fill(strikes[side], strikeMarks(output.strikes[side])); }
      speeches.clear();
      output.speeches.forEach(place);
      fill(verdict, verdictView(output), h("div", { class: "row end" }, download(id, "text/markdown", "debate.md", "Markdown"), download(id, "text/html", "debate.html", "Printable page")));
    },
  });
}

const words = (text) => String(text ?? "").replaceAll("_", " ");
const name = (side) => ({ pro: "Pro", con: "Con", tie: "Tie" })[side] ?? side;

function strikeMarks(number = 0) {
  return h("span", { class: "status", title: "failed checks" }, `${number} ${number === 1 ? "strike" : "strikes"}`);
}

function streamInto(columns, speeches, data) {
  let element = speeches.get(data.speech_id);
  if (!element) {
    const side = data.speaker ?? "pro";
    element = h("article", { class: `speech ${side}` }, h("p"));
    columns[side]?.append(element);
    speeches.set(data.speech_id, element);
  }
  element.querySelector("p").append(data.text);
}

function speechView(speech) {
  const head = h("h3", {}, words(speech.stage), " ", speech.draft > 1 && h("span", { class: "muted" }, `draft ${speech.draft} `), status(speech.status));
  const body = h("p", {}, underlined(speech));
  const claims = speech.claims?.length && h("details", {}, h("summary", {}, `${speech.claims.length} claims checked`),
    h("ul", { class: "plain" }, speech.claims.map((claim) => h("li", {}, status(words(claim.verdict)), " ", claim.text, h("br"), h("small", { class: "muted" }, claim.reason),
      (claim.evidence ?? []).map((piece) => h("blockquote", {}, piece.text ?? piece.quote, " ", h("small", {}, [piece.filename, piece.pages?.length && `pg. ${piece.pages.join(", ")}`].filter(Boolean).join(", "))))))));
  const quotes = speech.quotes?.length ? h("p", { class: "muted" }, `${speech.quotes.filter((q) => q.verified).length} of ${speech.quotes.length} quotes verified`) : null;
  const article = h("article", { class: `speech ${speech.speaker} ${speech.status}` }, head, body, quotes, claims);
  if (speech.status !== "rejected") return article;
  return h("details", { class: "speech rejected" }, h("summary", {}, `Rejected draft ${speech.draft}, ${words(speech.stage)}`), article);
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
  const criteria = Object.entries(verdict.scores ?? {});
  const most = Math.max(1, ...criteria.flatMap(([, score]) => [score.pro, score.con]));
  const bar = (criterion, side, value) => {
    const box = h("span", { class: `fill ${side}` });
    box.style.width = `${(100 * value) / most}%`;
    return h("div", { class: "bar" }, h("span", {}, `${criterion} · ${name(side)}`), box, h("span", { class: "number" }, Number(value).toFixed(1)));
  };
  return h("section", { class: "panel", "aria-labelledby": "verdict" },
    h("h2", { id: "verdict" }, verdict.winner === "tie" ? "A tie" : `${name(verdict.winner)} wins`, ` by ${verdict.by}`),
    h("p", {}, verdict.reason),
    criteria.map(([criterion, score]) => [bar(criterion, "pro", score.pro), bar(criterion, "con", score.con)]),
    h("p", { class: "muted" }, [["Agreement", verdict.agreement], ["swap consistency", verdict.swap_consistency]].filter(([, v]) => v !== null && v !== undefined).map(([label, v]) => `${label} ${Number(v).toFixed(2)}`).join(" · ")));
}

function turnForm(id, { question: asked }, onSent) {
  const text = h("textarea", { required: true });
  const send = async (event) => {
    event.preventDefault();
    try { await answerRun(id, { text: text.value }); onSent(); } catch (error) { notice(error.message, "error"); }
  };
  return h("form", { class: "panel", onsubmit: send }, h("h2", {}, `Your turn: ${name(asked.side)}, ${words(asked.stage)}`),
    h("p", { class: "muted" }, `At most ${asked.word_cap} words; what you claim is checked.`),
    asked.asks?.length > 0 && h("p", {}, [asked.asks].flat().join(" ")),
    asked.feedback?.length > 0 && h("div", { class: "problem" }, [asked.feedback].flat().map((item) => h("p", {}, item.reason ?? item))),
    field("Your speech", text), h("div", { class: "row end" }, h("button", { type: "submit" }, "Speak")));
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
