"""Spans for OpenTelemetry, sent over OTLP where an endpoint is set."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

NAME = "symposium"
EXPORT_SECONDS = 5


@asynccontextmanager
async def open_tracer(endpoint: str | None) -> AsyncIterator[Tracer]:
    """Yield a tracer whose spans go to an OTLP endpoint over HTTP; on the way out, send those that wait.

    Without an endpoint it is the one of the provider this process may have been given from outside, or does nothing.
    """
    if endpoint is None:
        yield trace.get_tracer(NAME)
        return
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_SECONDS)
    provider = TracerProvider(resource=Resource.create({"service.name": NAME}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield provider.get_tracer(NAME)
    finally:
        await asyncio.to_thread(provider.shutdown)


def note_traceparent() -> str | None:
    """Return the span this is called in as a W3C `traceparent`, None when no span is recorded."""
    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent")


def link_to(traceparent: str | None) -> list[Link]:
    """Return a link to the span a `traceparent` names, none for None."""
    context = TraceContextTextMapPropagator().extract({"traceparent": traceparent or ""})
    span = trace.get_current_span(context).get_span_context()
    return [Link(span)] if span.is_valid else []
