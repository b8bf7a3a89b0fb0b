/* The public API, as any other front end would call it. */

const TERMINAL = new Set(["run.succeeded", "run.failed", "run.cancelled"]);

/** An answer that is not 2xx; `problem` is its RFC 9457 body. */
export class Refused extends Error {
  constructor(status, problem) {
    const fields = (problem.errors ?? []).map((e) => `${e.pointer}: ${e.detail}`).join("; ");
    super([problem.detail || `The service answered ${status}.`, fields].filter(Boolean).join(" "));
    this.status = status;
    this.problem = problem;
    if (status === 401) window.dispatchEvent(new CustomEvent("key-wanted", { detail: this.message }));
  }
}

export const key = {
  get: () => localStorage.getItem("symposium.key") ?? "",
  set: (value) => (value ? localStorage.setItem("symposium.key", value) : localStorage.removeItem("symposium.key")),
};

function headers(more = {}) {
  return key.get() ? { ...more, Authorization: `Bearer ${key.get()}` } : more;
}

async function send(method, path, { body, form, accept = "application/json" } = {}) {
  const more = { Accept: accept };
  if (body !== undefined) more["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers: headers(more), body: form ?? (body === undefined ? undefined : JSON.stringify(body)) });
  } catch {
    throw new Error("The service does not answer. Is it running?");
  }
  if (!response.ok) throw new Refused(response.status, await response.json().catch(() => ({})));
  if (response.status === 204) return null;
  return accept === "application/json" ? response.json() : response.text();
}

export const get = (path, query) => send("GET", query ? `${path}?${new URLSearchParams(clean(query))}` : path);
export const getText = (path, accept) => send("GET", path, { accept });
export const post = (path, body = {}) => send("POST", path, { body });
export const postForm = (path, form) => send("POST", path, { form });
export const patch = (path, body) => send("PATCH", path, { body });
export const remove = (path) => send("DELETE", path);

/** Send a form and hear how much of it has left, from 0 to 1, which `fetch` can't tell. */
export function upload(path, form, onProgress, method = "POST") {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, path);
    for (const [name, value] of Object.entries(headers({ Accept: "application/json" }))) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => event.total && onProgress(event.loaded / event.total));
    request.addEventListener("load", () => (request.status < 300 ? resolve(request.response) : reject(new Refused(request.status, request.response ?? {}))));
    request.addEventListener("error", () => reject(new Error("The service does not answer. Is it running?")));
    request.send(form);
  });
}

/** Fetch a file and return its local address; revoke it when done. */
export async function getFile(path) {
  const response = await fetch(path, { headers: headers() });
  if (!response.ok) throw new Refused(response.status, await response.json().catch(() => ({})));
  return URL.createObjectURL(await response.blob());
}

/** Answer the question a run waits with; `question` is the number of the event that asked it. */
export const answerRun = (runId, value, question) => post(`/v1/runs/${runId}/input${question ? `?question=${question}` : ""}`, value);

function clean(query) {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== ""));
}

/** Yield lines of a response body as they come. */
async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const parts = (rest + value).split(/\r?\n/);
      rest = parts.pop();
      yield* parts;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Yield the frames of an event stream as {id, type, data}. */
async function* frames(body) {
  let frame = {};
  for await (const line of lines(body)) {
    if (line === "") {
      if (frame.data !== undefined) yield { id: frame.id, type: frame.event ?? "message", data: JSON.parse(frame.data) };
      frame = {};
      continue;
    }
    const colon = line.indexOf(":");
    if (colon > 0) frame[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, "");
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Yield a run's events from the first to the terminal one. A cut connection is taken up again after the last
 * event seen, so nothing is missed or doubled; `onState` hears "live", "reconnecting" and "ended".
 */
export async function* follow(runId, { signal, after = 0, onState = () => {} } = {}) {
  let seen = after;
  let wait = 500;
  while (!signal?.aborted) {
    try {
      const response = await fetch(`/v1/runs/${runId}/events`, {
        headers: headers({ Accept: "text/event-stream", "Last-Event-ID": String(seen) }), signal,
      });
      if (!response.ok) throw new Refused(response.status, await response.json().catch(() => ({})));
      onState("live");
      wait = 500;
      for await (const frame of frames(response.body)) {
        if (frame.id) seen = Number(frame.id);
        yield frame;
        if (TERMINAL.has(frame.type)) return onState("ended");
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof Refused && error.status < 500) throw error;
    }
    onState("reconnecting");
    await pause(wait);
    wait = Math.min(wait * 2, 8000);
  }
}
