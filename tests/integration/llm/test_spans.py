"""Spans of model calls, seen by a tracer that stands in for an SDK."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry.trace import INVALID_SPAN_CONTEXT, NonRecordingSpan, NoOpTracer, Span

from app.errors import ModelFailed
from tests.integration.llm.conftest import KEY, MakeRunner
from tests.integration.llm.tasks import GOOD, JUDGE, Question
from tests.support.stub_openai import StubOpenAI, refuse


class KeptSpan(NonRecordingSpan):
    def __init__(self, attributes: dict[str, Any]) -> None:
        super().__init__(INVALID_SPAN_CONTEXT)
        self.attributes = attributes

    def set_attribute(self, key: str, value: Any) -> None:
        self.attributes[key] = value


class KeepingTracer(NoOpTracer):
    def __init__(self) -> None:
        self.spans: list[KeptSpan] = []

    @contextmanager
    def start_as_current_span(  # type: ignore[override]
        self, name: str, *args: Any, **kwargs: Any
    ) -> Iterator[Span]:
        self.spans.append(KeptSpan({"name": name, **kwargs["attributes"]}))
        yield self.spans[-1]


@pytest.fixture
def tracer() -> KeepingTracer:
    return KeepingTracer()


async def test_a_call_has_a_span_with_model_task_and_tokens(
    tracer: KeepingTracer, stub: StubOpenAI, make_runner: MakeRunner
) -> None:
    stub.script("no json", GOOD)
    runner = await make_runner()
    runner.servers.tracer = tracer
    await runner.run(JUDGE, Question())
    span = tracer.spans[-1].attributes
    assert (span["name"], span["symposium.task"], span["symposium.requests"]) == ("chat stub-model", "test.judge", 2)
    assert span["gen_ai.usage.input_tokens"] == sum(len(chat.prompt) // 4 + 1 for chat in stub.chats)


async def test_a_failed_call_has_its_code_and_no_key(
    tracer: KeepingTracer, stub: StubOpenAI, make_runner: MakeRunner
) -> None:
    stub.script(refuse(400, f"odd {KEY}"))
    runner = await make_runner()
    runner.servers.tracer = tracer
    with pytest.raises(ModelFailed):
        await runner.run(JUDGE, Question())
    span = tracer.spans[-1].attributes
    assert span["error.type"] == "model_failed"
    assert KEY not in str(span)
