"""Every fault the model layer is held to: what the server does, and what must come of it."""

from dataclasses import dataclass, field
from typing import Any

from app.errors import ContextOverflow, ModelFailed, ModelOutputInvalid
from tests.integration.llm.tasks import GOOD
from tests.support.stub_openai import Received, Reply, Script, refuse

OPENAI_OVERFLOW = (
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 190012 tokens."
)
VLLM_OVERFLOW = (
    "This model's maximum context length is 8192 tokens. However, you requested 9216 tokens (8716 in the messages, "
    "500 in the completion). Please reduce the length of the messages or completion."
)
PROSE = "Seven pages, by my count."


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing a server does. `requests` are those it takes, `counted` those whose usage is known."""

    name: str
    replies: tuple[Reply | str | None, ...] = ()
    script: Script | None = None
    requests: int
    counted: int
    error: type[ModelFailed] | None = None
    says: str = ""
    prose: bool = False
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """Return `ok` or the code of the error."""
        return self.error.code if self.error else "ok"


def without_forms(*missing: str) -> Script:
    """Refuse the given forms of structured output in the words of OpenAI's API."""

    def answer(request: Received) -> Reply | str:
        refused = refuse(400, f"'{request.form}': response_format and tools of this kind are not supported")
        return refused if request.form in missing else GOOD

    return answer


def ignoring_tools(request: Received) -> Reply:
    """Answer a tool call with plain text."""
    return Reply(text=GOOD, ignore_tools=True)


def raw_reply(media_type: str, body: bytes) -> Reply:
    """Return a 200 with a body that is no chat completion."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    return Reply(raw=head.encode() + body)


BUSY = refuse(429, "Rate limit reached")
BUSY_FOR_A_MOMENT = refuse(429, "Rate limit reached", headers={"retry-after": "0.01"})
BUSY_FOR_AN_HOUR = refuse(429, "Rate limit reached", headers={"retry-after": "3600"})
NO_CREDIT = refuse(429, "You exceeded your current quota", code="insufficient_quota")
WRONG_ENUM = GOOD.replace("yes", "maybe")
CUT_OFF = Reply(text=GOOD[:30], finish_reason="length")
HTML = raw_reply("text/html", b"<html></html>")
NO_CHOICES = raw_reply("application/json", b'{"choices": null}')
INVALID, OVERFLOW, FAILED = ModelOutputInvalid, ContextOverflow, ModelFailed

FAULTS = [
    Fault(name="none", replies=(GOOD,), requests=1, counted=1),
    Fault(name="code fences", replies=(f"```json\n{GOOD}\n```",), requests=1, counted=1),
    Fault(name="<think> before the object", replies=(f"<think>if {{x}}</think>\n{GOOD}",), requests=1, counted=1),
    Fault(name="prose around the object", replies=(f"Sure! {GOOD} Hope it helps.",), requests=1, counted=1),
    Fault(name="prose without an object", replies=("It has seven pages.", GOOD), requests=2, counted=2),
    Fault(name="wrong enum", replies=(WRONG_ENUM, GOOD), requests=2, counted=2),
    Fault(name="wrong enum, always", script=lambda _: WRONG_ENUM, requests=3, counted=3, error=INVALID, says="verdict"),
    Fault(name="truncated", replies=(CUT_OFF, GOOD), requests=2, counted=2),
    Fault(name="truncated, always", script=lambda _: CUT_OFF, requests=3, counted=3, error=INVALID, says="cut off"),
    Fault(name="empty", replies=("", GOOD), requests=2, counted=2),
    Fault(name="empty, always", script=lambda _: "", requests=3, counted=3, error=INVALID, says="empty"),
    Fault(name="tools ignored", script=ignoring_tools, requests=1, counted=1, settings={"structured": "tools"}),
    Fault(name="400 on json_schema", script=without_forms("json_schema"), requests=2, counted=1),
    Fault(name="400 on json_schema and tools", script=without_forms("json_schema", "tools"), requests=3, counted=1),
    Fault(name="400 on every form", script=without_forms("json_schema", "tools", "json_object"), requests=4, counted=1),
    Fault(
        name="400 on a forced form",
        script=without_forms("json_schema"),
        requests=1,
        counted=0,
        error=FAILED,
        says="(400)",
        settings={"structured": "json_schema"},
    ),
    Fault(name="400, other", replies=(refuse(400, "odd"),), requests=1, counted=0, error=FAILED, says="(400): "),
    Fault(name="401", replies=(refuse(401, "no"),), requests=1, counted=0, error=FAILED, says="check OPENAI_API_KEY"),
    Fault(
        name="404, no such model",
        replies=(refuse(404, "The model `stub-model` does not exist", code="model_not_found"),),
        requests=1,
        counted=0,
        error=FAILED,
        says="has no model named stub-model",
    ),
    Fault(name="404, wrong URL", replies=(refuse(404, "Not Found"),), requests=1, counted=0, error=FAILED, says="/v1"),
    Fault(name="429 with Retry-After", replies=(BUSY_FOR_A_MOMENT, GOOD), requests=2, counted=1),
    Fault(name="429 without Retry-After", replies=(BUSY, BUSY, GOOD), requests=3, counted=1),
    Fault(
        name="429, Retry-After past the deadline",
        replies=(BUSY_FOR_AN_HOUR,),
        requests=1,
        counted=0,
        error=FAILED,
        says="(429)",
    ),
    Fault(name="429, no credit left", replies=(NO_CREDIT,), requests=1, counted=0, error=FAILED, says="no credit"),
    Fault(name="500, then well", replies=(refuse(500, "oops"), GOOD), requests=2, counted=1),
    Fault(name="500, always", script=lambda _: refuse(500, "oops"), requests=5, counted=0, error=FAILED, says="(500)"),
    Fault(
        name="slow, then well",
        replies=(Reply(text=GOOD, seconds=30), GOOD),
        requests=2,
        counted=1,
        settings={"model_timeout_seconds": 0.2},
    ),
    Fault(
        name="slow, always",
        script=lambda _: Reply(text=GOOD, seconds=30),
        requests=2,
        counted=0,
        error=FAILED,
        says="in time",
        settings={"model_timeout_seconds": 0.1, "model_tries": 2},
    ),
    Fault(
        name="silent stream, then well",
        replies=(Reply(text=PROSE, pieces=2, silence=30), PROSE),
        requests=2,
        counted=1,
        prose=True,
        settings={"model_silence_seconds": 0.2},
    ),
    Fault(
        name="stream that never begins",
        replies=(Reply(text=PROSE, seconds=30), PROSE),
        requests=2,
        counted=1,
        prose=True,
        settings={"model_silence_seconds": 0.2},
    ),
    Fault(name="connection reset", replies=(Reply(break_off=True), GOOD), requests=2, counted=1),
    Fault(
        name="reset in mid-stream",
        replies=(Reply(text=PROSE, pieces=2, break_off=True), PROSE),
        requests=2,
        counted=1,
        prose=True,
    ),
    Fault(name="usage missing", replies=(Reply(text=GOOD, usage=False),), requests=1, counted=0),
    Fault(
        name="usage missing in a stream", replies=(Reply(text=PROSE, usage=False),), requests=1, counted=0, prose=True
    ),
    Fault(
        name="context overflow, OpenAI",
        replies=(refuse(400, OPENAI_OVERFLOW, code="context_length_exceeded"),),
        requests=1,
        counted=0,
        error=OVERFLOW,
        says="context window",
    ),
    Fault(
        name="context overflow, vLLM",
        replies=(refuse(400, VLLM_OVERFLOW),),
        requests=1,
        counted=0,
        error=OVERFLOW,
        says="context window",
    ),
    Fault(name="HTML instead of JSON", replies=(HTML,), requests=1, counted=0, error=FAILED, says="no chat"),
    Fault(name="null choices", replies=(NO_CHOICES,), requests=1, counted=0, error=FAILED, says="no chat"),
]
