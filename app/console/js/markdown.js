/* Markdown to elements: headings, lists, tables, quotes, code, emphasis and links to http(s). Never HTML: text stays text. */

import { h } from "./dom.js";

const INLINE = /(\*\*[^*]+\*\*|`[^`]+`|\*[^*\s][^*]*\*|\[[^\]]+\]\(https?:\/\/[^)\s]+\))/;

/** Render Markdown; `decorate(text)` may turn plain text into nodes (citations, say). */
export function markdown(source, decorate = (text) => text) {
  const root = h("div", { class: "prose" });
  const lines = String(source ?? "").split(/\r?\n/);
  let at = 0;
  while (at < lines.length) at = block(root, lines, at, decorate);
  return root;
}

function block(root, lines, at, decorate) {
  const line = lines[at];
  if (!line.trim()) return at + 1;
  const heading = /^(#{1,6})\s+(.*)/.exec(line);
  if (heading) {
    root.append(h(`h${Math.min(6, heading[1].length + 1)}`, {}, inline(heading[2], decorate)));
    return at + 1;
  }
  if (/^(```|~~~)/.test(line)) return fence(root, lines, at);
  if (/^\s*(---|\*\*\*)\s*$/.test(line)) return root.append(h("hr")), at + 1;
  if (line.trimStart().startsWith("|")) return table(root, lines, at, decorate);
  if (/^\s*([-*]|\d+[.)])\s+/.test(line)) return list(root, lines, at, decorate);
  if (/^>\s?/.test(line)) return quote(root, lines, at, decorate);
  return paragraph(root, lines, at, decorate);
}

function take(lines, at, test) {
  let end = at;
  while (end < lines.length && test(lines[end])) end++;
  return end;
}

function fence(root, lines, at) {
  const end = take(lines, at + 1, (line) => !/^(```|~~~)/.test(line));
  root.append(h("pre", { tabindex: "0" }, h("code", {}, lines.slice(at + 1, end).join("\n"))));
  return end + 1;
}

function cells(line) {
  return line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replace(/\\\|/g, "|"));
}

function table(root, lines, at, decorate) {
  const end = take(lines, at, (line) => line.trimStart().startsWith("|"));
  const rows = lines.slice(at, end).map(cells);
  const ruled = rows.length > 1 && rows[1].every((cell) => /^:?-+:?$/.test(cell) || cell === "");
  const body = ruled ? rows.slice(2) : rows;
  const head = ruled ? h("thead", {}, h("tr", {}, rows[0].map((cell) => h("th", { scope: "col" }, inline(cell, decorate))))) : null;
  root.append(h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table" }, h("table", {}, head,
    h("tbody", {}, body.map((row) => h("tr", {}, row.map((cell) => h("td", {}, inline(cell, decorate)))))))));
  return end;
}

function list(root, lines, at, decorate) {
  const ordered = /^\s*\d/.test(lines[at]);
  const end = take(lines, at, (line) => /^\s*([-*]|\d+[.)])\s+/.test(line) || /^\s{2,}\S/.test(line));
  const items = [];
  for (const line of lines.slice(at, end)) {
    const item = /^\s*(?:[-*]|\d+[.)])\s+(.*)/.exec(line);
    if (item) items.push(item[1]);
    else items[items.length - 1] += ` ${line.trim()}`;
  }
  root.append(h(ordered ? "ol" : "ul", {}, items.map((item) => h("li", {}, inline(item, decorate)))));
  return end;
}

function quote(root, lines, at, decorate) {
  const end = take(lines, at, (line) => /^>/.test(line));
  root.append(h("blockquote", {}, inline(lines.slice(at, end).map((line) => line.replace(/^>\s?/, "")).join(" "), decorate)));
  return end;
}

function paragraph(root, lines, at, decorate) {
  const end = Math.max(at + 1, take(lines, at, (line) => line.trim() && !/^(#{1,6}\s|\||>|```|\s*([-*]|\d+[.)])\s)/.test(line)));
  root.append(h("p", {}, inline(lines.slice(at, end).join(" "), decorate)));
  return end;
}

function inline(text, decorate) {
  return text.split(INLINE).map((part) => {
    if (/^\*\*.+\*\*$/.test(part)) return h("strong", {}, inline(part.slice(2, -2), decorate));
    if (/^`.+`$/.test(part)) return h("code", {}, part.slice(1, -1));
    if (/^\*.+\*$/.test(part)) return h("em", {}, inline(part.slice(1, -1), decorate));
    const link = /^\[([^\]]+)\]\((https?:[^)]+)\)$/.exec(part);
    if (link) return h("a", { href: link[2], rel: "noopener noreferrer", target: "_blank" }, link[1]);
    return decorate(part);
  });
}
