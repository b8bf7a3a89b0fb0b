"""A model server for tests and benchmarks: real HTTP on a free port, scripted answers, every fault of real servers.

    with StubOpenAI() as stub:
        settings = Settings(openai_base_url=stub.url, openai_api_key="test-key")
        stub.script(Reply(text='{"n": 1}'), refuse(429, "slow down", headers={"retry-after": "1"}))

Unscripted, it answers a structured request with a minimal object valid for its schema and any other with one sentence.
`python -m tests.support.stub_openai --port 8081 --delay 0.2` runs it by itself.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self

import numpy as np

from tests.support.json_example import example_of

Json = dict[str, Any]
PROSE = "The stub has read the material and has this to say."


@dataclass(frozen=True, kw_only=True)
class Received:
    """A request as it came in."""

    path: str
    headers: Mapping[str, str]
    body: Json
    at: float = field(default_factory=time.monotonic)

    @property
    def prompt(self) -> str:
        """Return all messages as one text."""
        messages = self.body.get("messages") or self.body.get("input", [])
        return "\n".join(str(message["content"]) for message in messages if isinstance(message, dict))

    @property
    def form(self) -> str:
        """Return how structure was asked for: json_schema, tools, json_object or prompt."""
        if "tools" in self.body:
            return "tools"
        return str(self.body.get("response_format", {}).get("type", "prompt"))

    @property
    def schema(self) -> Json | None:
        """Return the schema of the answer, wherever in the request it stands."""
        if "tools" in self.body and "function" in self.body["tools"][0]:
            return dict(self.body["tools"][0]["function"]["parameters"])
        if self.form == "json_schema":
            return dict(self.body["response_format"]["json_schema"]["schema"])
        _, found, after = self.prompt.partition("Its JSON schema:\n")
        return dict(json.JSONDecoder().raw_decode(after)[0]) if found else None


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What to answer. `text` None means the default answer; `seconds` passes first; `break_off` cuts the connection."""

    text: str | None = None
    status: int = 200
    error: Json | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    finish_reason: str = "stop"
    usage: bool = True
    seconds: float = 0.0
    break_off: bool = False
    pieces: int | None = None
    silence: float = 0.0
    ignore_tools: bool = False
    raw: bytes | None = None


Script = Callable[[Received], "Reply | str | None"]


def refuse(
    status: int, message: str, *, code: str | None = None, param: str | None = None, headers: Mapping[str, str] = {}
) -> Reply:
    """Return a refusal in OpenAI's form."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    error = {"message": message, "type": kind, "param": param, "code": code}
    return Reply(status=status, error={"error": error}, headers=headers)


class StubOpenAI:
    """The server, run in a thread of its own. `received` has every request in order, `answered` the answered chats.

    `on_answered` is called with the number of answers so far, right after each has gone out.
    """

    def __init__(self, *, delay: float = 0.0, dimension: int = 1536, models: Iterable[str] = (), port: int = 0) -> None:
        self.delay = delay
        self.dimension = dimension
        self.models = tuple(models)
        self.forms = {"json_schema", "tools", "json_object", "prompt"}
        self.received: list[Received] = []
        self.answered: list[Received] = []
        self.on_answered: Callable[[int], None] | None = None
        self._port = port
        self._script: Iterator[Reply | str | None] | Script | None = None
        self._loop = asyncio.new_event_loop()
        self._connections: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", self._port), backlog=512)
        self._port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name="stub-openai", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    @property
    def url(self) -> str:
        """Return the base URL, ending in /v1."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def chats(self) -> list[Received]:
        """Return the chat requests so far."""
        return [each for each in self.received if each.path.endswith("/chat/completions")]

    def script(self, *replies: Reply | str | None) -> None:
        """Give the next chat requests these answers, one each; after them the default. None is the default answer."""
        self._script = iter(replies)

    def answer_with(self, script: Script | None) -> None:
        """Let a function answer every chat request; where it returns None, the default does."""
        self._script = script

    def reset(self) -> None:
        """Forget the script, the requests and all settings but the delay."""
        self._script = None
        self.received.clear()
        self.answered.clear()
        self.on_answered = None
        self.forms = {"json_schema", "tools", "json_object", "prompt"}

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._stopping = asyncio.Event()
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connect, sock=self._socket)
        await self._stopping.wait()
        server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while request := await read_request(reader):
                    self.received.append(request)
                    await self._answer(request, writer)
                    self._note_answer(request)
        finally:
            self._connections.discard(task)
            writer.close()

    def _note_answer(self, request: Received) -> None:
        if not request.path.endswith("/chat/completions"):
            return
        self.answered.append(request)
        if self.on_answered is not None:
            self.on_answered(len(self.answered))

    async def _answer(self, request: Received, writer: asyncio.StreamWriter) -> None:
        if request.path.endswith("/chat/completions"):
            await self._chat(request, writer)
        elif request.path.endswith("/embeddings"):
            await asyncio.sleep(self.delay)
            await self._embed(request, writer)
        elif request.path.endswith("/responses"):
            await self._search_web(request, writer)
        elif request.path.endswith("/models"):
            listed = [{"id": name, "object": "model", "created": 0, "owned_by": "stub"} for name in self.models]
            await send_json(writer, 200, {"object": "list", "data": listed})
        else:
            await send_json(writer, 404, {"detail": "Not Found"})

    async def _embed(self, request: Received, writer: asyncio.StreamWriter) -> None:
        given = self._next(request, embeddings=True)
        if given is not None and given.status != 200:
            await send_json(writer, given.status, given.error or {}, headers=given.headers)
            return
        texts = request.body["input"]
        texts = [texts] if isinstance(texts, str) else texts
        rows = [
            {"object": "embedding", "index": i, "embedding": embed_text(text, self.dimension).tolist()}
            for i, text in enumerate(texts)
        ]
        used = sum(len(text) for text in texts) // 4
        usage = {"prompt_tokens": used, "total_tokens": used}
        body = {"object": "list", "model": request.body["model"], "data": rows, "usage": usage}
        await send_json(writer, 200, body)

    async def _search_web(self, request: Received, writer: asyncio.StreamWriter) -> None:
        reply = self._next(request) or Reply()
        if reply.status != 200:
            await send_json(writer, reply.status, reply.error or {}, headers=reply.headers)
        else:
            await send_json(writer, 200, found_on_web(request, reply.text or ""))

    async def _chat(self, request: Received, writer: asyncio.StreamWriter) -> None:
        reply = self._next(request) or self._refuse_form(request) or Reply()
        await asyncio.sleep(self.delay + reply.seconds)
        if reply.raw is not None:
            writer.write(reply.raw)
            await writer.drain()
            raise ConnectionResetError
        if reply.break_off and reply.pieces is None:
            writer.transport.abort()
            raise ConnectionResetError
        if reply.status != 200:
            await send_json(writer, reply.status, reply.error or {}, headers=reply.headers)
        elif request.body.get("stream"):
            await self._stream(request, reply, writer)
        else:
            await send_json(writer, 200, self._completion(request, reply), headers=reply.headers)

    def _next(self, request: Received, *, embeddings: bool = False) -> Reply | None:
        if self._script is None:
            return None
        given = self._script(request) if callable(self._script) else None if embeddings else next(self._script, None)
        return Reply(text=given) if isinstance(given, str) else given

    def _refuse_form(self, request: Received) -> Reply | None:
        if request.form in self.forms:
            return None
        named = "tools" if request.form == "tools" else f"response_format of type {request.form}"
        return refuse(400, f"{named} is not supported by this server")

    def _completion(self, request: Received, reply: Reply) -> Json:
        text = default_text(request) if reply.text is None else reply.text
        message: Json = {"role": "assistant", "content": text}
        if request.form == "tools" and not reply.ignore_tools:
            name = request.body["tools"][0]["function"]["name"]
            call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": text}}
            message = {"role": "assistant", "content": None, "tool_calls": [call]}
        choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
        body = envelope(request, "chat.completion") | {"choices": [choice]}
        return body | {"usage": count_usage(request, text)} if reply.usage else body

    async def _stream(self, request: Received, reply: Reply, writer: asyncio.StreamWriter) -> None:
        text = default_text(request) if reply.text is None else reply.text
        pieces = re.findall(r"\s*\S+", text) or [text]
        await start_stream(writer)
        for number, piece in enumerate(pieces):
            if reply.pieces == number:
                await asyncio.sleep(reply.silence)
                if reply.break_off:
                    writer.transport.abort()
                    raise ConnectionResetError
            await self._send_chunk(writer, request, {"delta": {"role": "assistant", "content": piece}})
        await self._send_chunk(writer, request, {"delta": {}, "finish_reason": reply.finish_reason})
        if reply.usage and request.body.get("stream_options", {}).get("include_usage"):
            last = envelope(request, "chat.completion.chunk") | {"choices": [], "usage": count_usage(request, text)}
            await send_event(writer, json.dumps(last))
        await send_event(writer, "[DONE]")
        await end_stream(writer)

    async def _send_chunk(self, writer: asyncio.StreamWriter, request: Received, choice: Json) -> None:
        whole = {"index": 0, "finish_reason": None} | choice
        await send_event(writer, json.dumps(envelope(request, "chat.completion.chunk") | {"choices": [whole]}))


def found_on_web(request: Received, text: str) -> Json:
    """Return an answer of the Responses API after a web search; each Markdown link of the text is a citation."""
    citations = [
        {"type": "url_citation", "start_index": m.start(), "end_index": m.end(), "title": m[1], "url": m[2]}
        for m in re.finditer(r"\[([^\]]+)\]\(([^)]+)\)", text)
    ]
    content = [{"type": "output_text", "text": text, "annotations": citations}]
    search = {
        "type": "web_search_call",
        "id": "ws_1",
        "status": "completed",
        "action": {"type": "search", "query": "q"},
    }
    message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}
    body = {"id": "resp_1", "object": "response", "created_at": 0, "status": "completed", "output": [search, message]}
    used = {"input_tokens": 40, "output_tokens": 20, "total_tokens": 60}
    details: Json = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    rest: Json = {"model": request.body["model"], "tools": [], "tool_choice": "auto", "parallel_tool_calls": True}
    return body | rest | {"usage": used | details}


def default_text(request: Received) -> str:
    """Return an object valid for the request's schema, or a sentence."""
    schema = request.schema
    return PROSE if schema is None else json.dumps(example_of(schema))


def envelope(request: Received, kind: str) -> Json:
    """Return the fields every completion has."""
    model = request.body.get("model", "stub")
    return {"id": "chatcmpl-1", "object": kind, "created": 0, "model": model, "system_fingerprint": "fp_stub"}


def count_usage(request: Received, text: str) -> Json:
    """Return a usage of a token for four characters."""
    sent, received = len(request.prompt) // 4 + 1, len(text) // 4 + 1
    return {
        "prompt_tokens": sent,
        "completion_tokens": received,
        "total_tokens": sent + received,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def embed_text(text: str, dimension: int) -> np.ndarray:
    """Return a unit vector of the words' hashes: texts that share words are near each other."""
    vector = np.zeros(dimension, np.float32)
    for word in re.findall(r"\w+", text.lower()) or [text]:
        place, sign = _hash_word(word)
        vector[place % dimension] += sign
    norm = float(np.linalg.norm(vector))
    return vector / norm if norm else np.eye(1, dimension, dtype=np.float32)[0]


@lru_cache(maxsize=100_000)
def _hash_word(word: str) -> tuple[int, int]:
    digest = hashlib.sha256(word.encode()).digest()
    return int.from_bytes(digest[:4]), 1 if digest[4] % 2 else -1


async def read_request(reader: asyncio.StreamReader) -> Received | None:
    """Return the next request of a connection, None when there is none."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(path=first.split(" ")[1].partition("?")[0], headers=headers, body=json.loads(body or b"{}"))


async def send_json(writer: asyncio.StreamWriter, status: int, body: Json, *, headers: Mapping[str, str] = {}) -> None:
    """Send a whole JSON response."""
    content = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Stub", "content-type: application/json", f"content-length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
    await writer.drain()


async def start_stream(writer: asyncio.StreamWriter) -> None:
    """Send the head of an event stream."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    await writer.drain()


async def send_event(writer: asyncio.StreamWriter, data: str) -> None:
    """Send one event as one chunk."""
    content = f"data: {data}\n\n".encode()
    writer.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
    await writer.drain()


async def end_stream(writer: asyncio.StreamWriter) -> None:
    """Send the last chunk."""
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def main() -> None:
    """Run the stub until it is interrupted."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--dimension", type=int, default=1536)
    given = parser.parse_args()
    with StubOpenAI(port=given.port, delay=given.delay, dimension=given.dimension) as stub:
        print(stub.url, flush=True)  # noqa: T201
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
