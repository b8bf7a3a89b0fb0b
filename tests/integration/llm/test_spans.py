"""Spans of model calls."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

from app.errors import ModelFailed
from tests.integration.llm.conftest import KEY, MakeRunner
from tests.integration.llm.tasks import GOOD, JUDGE, Question
from tests.support.stub_openai import StubOpenAI, refuse


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(spans: InMemorySpanExporter) -> Tracer:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return provider.get_tracer("test")


async def test_a_call_has_a_span_with_model_task_and_tokens(
    spans: InMemorySpanExporter, tracer: Tracer, stub: StubOpenAI, make_runner: MakeRunner
) -> None:
    stub.script("no json", GOOD)
    runner = await make_runner()
    runner.servers.tracer = tracer
    await runner.run(JUDGE, Question())
    (span,) = spans.get_finished_spans()
    told = span.attributes or {}
    assert (span.name, told["symposium.task"], told["symposium.requests"]) == ("chat stub-model", "test.judge", 2)
    assert told["gen_ai.usage.input_tokens"] == sum(len(chat.prompt) // 4 + 1 for chat in stub.chats)


async def test_a_failed_call_has_its_code_and_no_key(
    spans: InMemorySpanExporter, tracer: Tracer, stub: StubOpenAI, make_runner: MakeRunner
) -> None:
    stub.script(refuse(400, f"odd {KEY}"))
    runner = await make_runner()
    runner.servers.tracer = tracer
    with pytest.raises(ModelFailed):
        await runner.run(JUDGE, Question())
    (span,) = spans.get_finished_spans()
    assert (span.attributes or {})["error.type"] == "model_failed"
    assert KEY not in span.to_json()
