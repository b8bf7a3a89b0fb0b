"""The engine on OpenAI-compatible servers: asks through langchain-openai, parses and repairs by itself."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

from app.errors import ModelFailed, ModelOutputInvalid
from app.llm.calls import Call
from app.llm.failures import REQUEST_ERRORS, RequestFailed, explain_failure
from app.llm.prompting import ask_for_repair, ask_for_schema, build_messages, dump_messages
from app.llm.retry import Retry
from app.llm.servers import Choice, ModelServers
from app.llm.streaming import DeltaBatcher, ProseFilter
from app.llm.structured import Parsed, parse_answer, parse_prose, strict_schema
from app.llm.task import I, O, OnDelta, Task
from app.llm.traits import Shape, Traits
from app.llm.web import WEB_SEARCH, read_web_answer

REPAIRS = 2
STREAM_TIMEOUTS = 5
"""A stream may last so many timeouts as long as it keeps talking."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer of a server. `by_tool` says that it came as a tool call."""

    text: str
    sent: Shape
    truncated: bool = False
    by_tool: bool = False


class OpenAIEngine:
    """Answers tasks from a model server; what was used is in the Call even when this raises."""

    name: Literal["openai"] = "openai"

    def __init__(
        self,
        servers: ModelServers,
        *,
        retry: Retry,
        silence_seconds: float = 60.0,
        seed: int | None = None,
        rank: str = "",
    ) -> None:
        self._servers = servers
        self._retry = retry
        self._silence_seconds = silence_seconds
        self.seed = seed
        self._rank = rank

    async def prepare(self) -> None:
        """Do nothing: servers are met at the first request."""

    def model_for(self, role: str) -> str:
        """Return the name of the model that answers a role."""
        return self._servers.choose(role).name

    async def answer(self, task: Task[I, O], input: I, call: Call, on_delta: OnDelta | None = None) -> O:
        """Return a valid output after at most two repair turns.

        Raises ModelOutputInvalid when the repairs did not help, ContextOverflow, and ModelFailed for all else.
        """
        messages = build_messages(task, input)
        call.prompt = dump_messages(messages)
        exchange = _Exchange(self._servers, self._servers.choose(task.role), task, call, self._retry)
        exchange.seed, exchange.silence_seconds, exchange.rank = self.seed, self._silence_seconds, self._rank
        try:
            return await exchange.converse(input, messages, on_delta)
        except RequestFailed as failure:
            raise failure.error from failure


class _Exchange(Generic[I, O]):
    """The turns of one call with one model."""

    def __init__(self, servers: ModelServers, choice: Choice, task: Task[I, O], call: Call, retry: Retry) -> None:
        self.servers, self.choice, self.task, self.call, self.retry = servers, choice, task, call, retry
        self.traits: Traits = servers.traits(choice)
        self.slots, self.limit = servers.slots(choice.server), servers.limit(choice.server)
        self.schema = None if task.prose_field or task.web else strict_schema(task.output)
        self.allowance = self.granted = task.max_output_tokens
        self.seed: int | None = None
        self.silence_seconds = 60.0
        self.rank = ""

    async def converse(self, input: I, messages: Sequence[BaseMessage], on_delta: OnDelta | None) -> O:
        turns = list(messages)
        errors: list[str] = []
        for turn in range(1 + REPAIRS):
            self.call.repairs = turn
            reply = await self.ask(turns, on_delta if turn == 0 and self.schema is None else None)
            parsed = self.read(input, reply)
            if parsed.output is not None:
                return parsed.output
            errors = self.explain(parsed, reply)
            turns = [*messages, *ask_for_repair(reply.text, errors, prose=self.schema is None)]
        raise ModelOutputInvalid(f"{self.choice.model} gave no usable answer to {self.task.name}: {' '.join(errors)}")

    def read(self, input: I, reply: Reply) -> Parsed[O]:
        if self.task.web:
            return parse_answer(self.task, input, reply.text)
        if self.schema is None:
            return parse_prose(self.task, input, reply.text)
        parsed = parse_answer(self.task, input, reply.text)
        if not reply.truncated and reply.text.strip():
            ignored_tool = reply.sent.rung == "tools" and not reply.by_tool
            self.traits.note_form(reply.sent, kept=parsed.found and not ignored_tool)
        return parsed

    def explain(self, parsed: Parsed[O], reply: Reply) -> list[str]:
        if not reply.truncated:
            return parsed.errors
        self.allowance *= 2
        return [f"The answer was cut off at {self.granted} tokens; give a shorter one."]

    async def ask(self, turns: list[BaseMessage], on_delta: OnDelta | None) -> Reply:
        while True:
            shape = self.traits.shape
            try:
                return await self._ask_in_shape(turns, shape, on_delta)
            except RequestFailed as failure:
                if self.task.web or failure.status not in (400, 422) or not self.traits.adapt(failure.text, shape):
                    raise

    async def _ask_in_shape(self, turns: list[BaseMessage], shape: Shape, on_delta: OnDelta | None) -> Reply:
        listener = _Listener(on_delta)
        needs_schema = self.schema is not None and (shape.rung in ("json_object", "prompt") or self.call.repairs > 0)
        sent = ask_for_schema(turns, self.schema or {}) if needs_schema else turns
        return await self.retry.run(lambda: self._send(sent, shape, listener))

    async def _send(self, turns: list[BaseMessage], shape: Shape, listener: "_Listener") -> Reply:
        sent = self.traits.estimate_tokens(sum(len(turn.text) for turn in turns))
        granted = self.granted = self.call.fit(sent, self.allowance)
        with self.call.admit(sent, granted) as spending:
            await self.limit.wait(sent + granted, deadline=self.retry.deadline)
            message = await self._send_now(turns, shape, listener)
            used = self._count(message, turns)
            spending.settle(*used)
        await self.limit.settle(sum(used) - sent - granted)
        return self._read_message(message, shape)

    async def _send_now(self, turns: list[BaseMessage], shape: Shape, listener: "_Listener") -> AIMessage:
        async with self.slots.hold(self.rank):
            await self.servers.stand_in_line()
            self.call.requests += 1
            try:
                message = await self._request(turns, shape, listener)
            except REQUEST_ERRORS as exc:
                failure = explain_failure(exc, self.servers.asked(self.choice, web=self.task.web))
                if failure.status == 429:
                    self.slots.shrink()
                    await self.limit.shrink()
                raise failure from exc
        self.slots.grow()
        return message

    async def _request(self, turns: list[BaseMessage], shape: Shape, listener: "_Listener") -> AIMessage:
        chat = self.servers.chat(self.choice, responses=self.task.web)
        parameters = self._web_parameters() if self.task.web else self._parameters(shape)
        if listener.on_delta is None:
            async with asyncio.timeout(self._seconds(1)):
                return await chat.ainvoke(turns, **parameters)
        return await self._stream(turns, parameters, listener, usage="stream_options" not in shape.dropped)

    async def _stream(
        self, turns: list[BaseMessage], parameters: dict[str, Any], listener: "_Listener", *, usage: bool
    ) -> AIMessage:
        loop = asyncio.get_running_loop()
        last = loop.time() + self._seconds(STREAM_TIMEOUTS)
        whole: AIMessageChunk | None = None
        with listener:
            async with asyncio.timeout_at(min(loop.time() + self.silence_seconds, last)) as silence:
                chat = self.servers.chat(self.choice)
                async for chunk in chat.astream(turns, stream_usage=usage, **parameters):
                    silence.reschedule(min(loop.time() + self.silence_seconds, last))
                    listener.hear(chunk.text)
                    whole = chunk if whole is None else whole + chunk
        return whole or AIMessageChunk(content="")

    def _seconds(self, timeouts: int) -> float:
        """Return how long a request may take: so many timeouts of its role, but not past the run's deadline."""
        allowed = timeouts * self.servers.seconds_for(self.task.role)
        deadline = self.retry.deadline
        return allowed if deadline is None else max(0.0, min(allowed, deadline - time.monotonic()))

    def _parameters(self, shape: Shape) -> dict[str, Any]:
        parameters: dict[str, Any] = {
            "extra_body": shape.parameters(self.task, self.schema, allowance=self.granted),
        }
        if "temperature" not in shape.dropped:
            parameters["temperature"] = self.task.temperature
        if self.seed is not None and "seed" not in shape.dropped:
            parameters["seed"] = self.seed
        return parameters

    def _web_parameters(self) -> dict[str, Any]:
        asked = {"extra_body": {"max_output_tokens": self.allowance}, "temperature": self.task.temperature}
        return WEB_SEARCH | asked

    def _count(self, message: AIMessage, turns: list[BaseMessage]) -> tuple[int, int]:
        """Note what a request used; return its tokens in and out, estimated where the server is silent."""
        told = message.usage_metadata
        self.call.usage.add(told)
        self.call.fingerprint = message.response_metadata.get("system_fingerprint") or self.call.fingerprint
        characters = sum(len(turn.text) for turn in turns)
        if told is None:
            return self.traits.estimate_tokens(characters), self.traits.estimate_tokens(len(message.text))
        self.traits.observe_tokens(characters, told["input_tokens"])
        return told["input_tokens"], told["output_tokens"]

    def _read_message(self, message: AIMessage, shape: Shape) -> Reply:
        if refusal := message.additional_kwargs.get("refusal"):
            said = self.servers.redact(str(refusal))[:300]
            raise RequestFailed(ModelFailed(f"{self.choice.model} refused to answer: {said}"))
        if self.task.web:
            return Reply(text=read_web_answer(message).model_dump_json(), sent=shape)
        truncated = message.response_metadata.get("finish_reason") == "length"
        if message.tool_calls:
            return Reply(text=json.dumps(message.tool_calls[0]["args"]), sent=shape, truncated=truncated, by_tool=True)
        if message.invalid_tool_calls:
            text = message.invalid_tool_calls[0]["args"] or ""
            return Reply(text=text, sent=shape, truncated=truncated, by_tool=True)
        return Reply(text=message.text, sent=shape, truncated=truncated)


class _Listener:
    """Passes a stream on once: after it broke off, a second try is not shown, the finished text follows anyway."""

    def __init__(self, on_delta: OnDelta | None) -> None:
        self.on_delta = on_delta
        self._shown = False

    def __enter__(self) -> None:
        self._filter = ProseFilter()
        self._batcher = None if self._shown or self.on_delta is None else DeltaBatcher(self.on_delta)

    def __exit__(self, *_: object) -> None:
        if self._batcher is not None:
            self._batcher.flush()

    def hear(self, text: str) -> None:
        """Take a piece of the stream."""
        visible = self._filter.feed(text)
        if self._batcher is not None and visible:
            self._shown = True
            self._batcher.feed(visible)
