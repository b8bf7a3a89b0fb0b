"""OpenTelemetry spans of model calls, by the GenAI semantic conventions. They carry no prompts and no answers."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.util.types import AttributeValue

from app.errors import AppError
from app.llm.calls import Call
from app.llm.ledger import EMBEDDER
from app.llm.task import I, O, Task


@contextmanager
def open_span(tracer: Tracer, task: Task[I, O], call: Call, *, engine: str, node: str) -> Iterator[Span]:
    """Cover one call with a span; its tokens are those of all requests, its error type the code of the AppError."""
    operation = "embeddings" if task.role == EMBEDDER else "chat"
    attributes: dict[str, AttributeValue] = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": engine,
        "gen_ai.request.model": call.model,
        "symposium.task": task.name,
        "symposium.task.version": task.version,
        "symposium.node": node,
    }
    if operation == "chat":
        attributes |= {
            "gen_ai.request.max_tokens": task.max_output_tokens,
            "gen_ai.request.temperature": task.temperature,
            "gen_ai.output.type": "text" if task.prose_field else "json",
        }
    if call.seed is not None:
        attributes["gen_ai.request.seed"] = call.seed
    name = f"{operation} {call.model}"
    with tracer.start_as_current_span(
        name, kind=SpanKind.CLIENT, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except AppError as failed:
            span.set_attribute("error.type", failed.code)
            span.set_status(Status(StatusCode.ERROR, failed.detail))
            raise
        finally:
            span.set_attribute("gen_ai.usage.input_tokens", call.usage.input_tokens)
            span.set_attribute("gen_ai.usage.output_tokens", call.usage.output_tokens)
            span.set_attribute("symposium.requests", call.requests)
