/* Small building blocks for pages: elements, states, time and number formats. */

/** Build an element. Props starting with "on" are listeners; null, false and undefined children are left out. */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  add(element, ...children);
  return element;
}

/** Append children, flattening arrays and leaving out empty ones. */
export function add(element, ...children) {
  for (const child of children.flat(3)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child);
  }
  return element;
}

/** Replace what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren();
  return add(element, ...children);
}

/** Say something in the corner for a few seconds; errors stay until dismissed. */
export function notice(text, kind = "info") {
  const box = h("div", { class: `notice ${kind}` }, text,
    h("button", { type: "button", class: "quiet", "aria-label": "Dismiss", onclick: () => box.remove() }, "×"));
  document.getElementById("notices").append(box);
  if (kind !== "error") setTimeout(() => box.remove(), 5000);
}

/** Show a list's loading, error or empty state until `load` gives rows, then what `show` makes of them. */
export async function loading(target, load, show, empty = "Nothing here yet.") {
  target.setAttribute("aria-busy", "true");
  fill(target, h("p", { class: "muted" }, "Loading…"));
  try {
    const value = await load();
    const rows = Array.isArray(value) ? value : value?.data;
    if (rows && rows.length === 0) fill(target, h("p", { class: "empty" }, empty));
    else fill(target, show(value));
  } catch (error) {
    fill(target, h("div", { class: "problem", role: "alert" }, h("p", {}, error.message),
      h("button", { type: "button", onclick: () => loading(target, load, show, empty) }, "Try again")));
  } finally {
    target.removeAttribute("aria-busy");
  }
}

/** A status word with its colour. */
export function status(word) {
  return h("span", { class: `status ${word}` }, word);
}

/** A time as people say it, with the exact one on hover. */
export function ago(iso) {
  if (!iso) return "";
  const seconds = (Date.now() - new Date(iso)) / 1000;
  const steps = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [Infinity, 86400, "d"]];
  const [, size, unit] = steps.find(([limit]) => seconds < limit);
  return h("time", { datetime: iso, title: new Date(iso).toLocaleString() }, `${Math.max(0, Math.round(seconds / size))} ${unit} ago`);
}

export function seconds(from, to) {
  if (!from) return "";
  return `${((new Date(to ?? Date.now()) - new Date(from)) / 1000).toFixed(1)} s`;
}

export function count(number, one, many = `${one}s`) {
  return `${(number ?? 0).toLocaleString("en-US")} ${number === 1 ? one : many}`;
}

export function pages(list) {
  return list?.length ? `pg. ${list.join(", ")}` : "";
}

export function option(value, label, selected) {
  return h("option", { value, selected: value === selected }, label);
}

let fieldNumber = 0;

/** A labelled form control. */
export function field(label, control, hint) {
  control.id ||= `field-${++fieldNumber}`;
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, hint && h("small", { class: "muted" }, hint));
}

/** A group of radio buttons that looks like one control; `value` of the returned element is the chosen one. */
export function choice(legend, choices, chosen) {
  const name = `choice-${++fieldNumber}`;
  const radios = choices.map(([value, label]) => {
    const radio = h("input", { type: "radio", name, value, checked: value === chosen });
    return [radio, h("label", {}, radio, h("span", {}, label))];
  });
  const group = h("fieldset", { class: "choice" }, h("legend", { class: "hidden" }, legend), radios.map(([, label]) => label));
  Object.defineProperty(group, "value", { get: () => radios.find(([radio]) => radio.checked)[0].value });
  return group;
}

/** A button that does `work` once at a time and tells what went wrong. */
export function action(label, work, { kind = "quiet", ...props } = {}) {
  const button = h("button", { type: "button", class: kind, ...props, onclick: async () => {
    button.disabled = true;
    try { await work(button); } catch (error) { notice(error.message, "error"); } finally { button.disabled = false; }
  } }, label);
  return button;
}

/** A form whose `send` runs once at a time; what went wrong is told beside the button. */
export function form(props, send, ...children) {
  const told = h("div", { role: "alert" });
  const element = h("form", { ...props, onsubmit: async (event) => {
    event.preventDefault();
    const button = element.querySelector("[type=submit]");
    button.disabled = true;
    fill(told);
    try { await send(element); } catch (error) { fill(told, h("div", { class: "problem" }, h("p", {}, error.message))); } finally { button.disabled = false; }
  } }, ...children, told);
  return element;
}

/** A table that scrolls sideways by itself where the page is narrow; columns without a name hold actions. */
export function grid(label, columns, rows) {
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, h("table", { "aria-label": label },
    h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col" }, name || h("span", { class: "hidden" }, "Actions"))))),
    h("tbody", {}, rows)));
}

/** Rows of a list that come a page at a time: `load(cursor)` gives a page, `row` draws one. */
export function pagedGrid(label, columns, first, load, row) {
  const element = grid(label, columns, first.data.map(row));
  const more = h("div", { class: "row end" });
  const offer = (page) => fill(more, page.has_more && action("Show more", async () => {
    const next = await load(page.next_cursor);
    add(element.querySelector("tbody"), next.data.map(row));
    offer(next);
  }));
  offer(first);
  return [element, more];
}

/** Save what `load` gives as a file. */
export function download(label, load, filename, type) {
  return action(label, async () => {
    const link = h("a", { href: URL.createObjectURL(new Blob([await load()], { type })), download: filename });
    link.click();
    URL.revokeObjectURL(link.href);
  });
}

/** Tabs over panels that are drawn when first shown; `panels` is [[name, label, draw(target)]]. */
export function tabs(label, panels, chosen = panels[0][0]) {
  const panel = h("div", { role: "tabpanel", id: `panel-${++fieldNumber}`, tabindex: "0" });
  const list = h("div", { class: "tabs", role: "tablist", "aria-label": label });
  const show = (button, draw) => {
    for (const other of list.children) { other.setAttribute("aria-selected", String(other === button)); other.tabIndex = other === button ? 0 : -1; }
    panel.setAttribute("aria-label", button.textContent);
    draw(fill(panel));
  };
  const step = (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const all = [...list.children];
    const next = all[(all.indexOf(event.target) + by + all.length) % all.length];
    next.focus();
    next.click();
  };
  for (const [name, text, draw] of panels) {
    const button = h("button", { type: "button", role: "tab", "aria-controls": panel.id, onclick: () => show(button, draw), onkeydown: step }, text);
    list.append(button);
    if (name === chosen) queueMicrotask(() => button.click());
  }
  return h("div", {}, list, panel);
}

/** Show something that is told only once, with a button that copies it. */
export function secret(label, value) {
  return h("div", { class: "panel told", role: "status" }, h("p", {}, h("strong", {}, label), " It is shown only this once; keep it."),
    h("div", { class: "row" }, h("code", { class: "grow" }, value), action("Copy", () => navigator.clipboard.writeText(value))));
}
