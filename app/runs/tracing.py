"""The steps of an attempt as they are taken: a row each for the trace, a span each around the calls made in them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackHandler
from langgraph.errors import GraphBubbleUp
from opentelemetry import context as otel
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context

from app.db import now
from app.errors import AppError
from app.llm.ledger import FINISHED, Ledger
from app.runs.models import Run, RunStep
from app.telemetry import link_to

STEP_TAG = "graph:step:"


@dataclass(frozen=True, kw_only=True)
class OpenStep:
    """A step under way."""

    node: str
    scope: str
    span: Span
    began: datetime = field(default_factory=now)
    clock: float = field(default_factory=time.perf_counter)


class StepTrace(AsyncCallbackHandler):
    """Follows the nodes of one attempt.

    It runs inline, in the context that a node's own is copied from: so the calls made in a node are in its span.
    """

    run_inline = True
    ignore_llm = True
    ignore_chat_model = True

    def __init__(self, run: Run, *, ledger: Ledger, tracer: Tracer) -> None:
        self._run = run
        self._ledger = ledger
        self._tracer = tracer
        self._attempt = otel.get_current()
        self._open: dict[UUID, OpenStep] = {}

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Cover the attempt with a span, by the GenAI conventions an agent's invocation, linked to its request."""
        attributes: dict[str, str | int] = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": self._run.agent,
            "gen_ai.conversation.id": str(self._run.thread_id),
            "symposium.run": str(self._run.id),
            "symposium.attempt": self._run.attempt,
        }
        name = f"invoke_agent {self._run.agent}"
        with self._tracer.start_as_current_span(
            name,
            attributes=attributes,
            links=link_to(self._run.traceparent),
            record_exception=False,
            set_status_on_exception=False,
        ):
            self._attempt = otel.get_current()
            yield

    async def on_chain_start(self, *args: Any, run_id: UUID, **told: Any) -> None:
        """Begin a step; what runs inside of a node is none."""
        metadata, node = told.get("metadata") or {}, str(told.get("name"))
        if metadata.get("langgraph_node") != node or not any(t.startswith(STEP_TAG) for t in told.get("tags") or ()):
            return
        attributes = {"symposium.node": node}
        span = self._tracer.start_span(f"step {node}", self._attempt, kind=SpanKind.INTERNAL, attributes=attributes)
        otel.attach(set_span_in_context(span, self._attempt))
        self._open[run_id] = OpenStep(node=node, scope=metadata.get("langgraph_checkpoint_ns", ""), span=span)

    async def on_chain_end(self, outputs: Any, *, run_id: UUID, **told: Any) -> None:
        """End a step that went well."""
        self._close(run_id, FINISHED)

    async def on_chain_error(self, error: BaseException, *, run_id: UUID, **told: Any) -> None:
        """End a step that failed, was cancelled, or asks a person."""
        self._close(run_id, name_outcome(error))

    def _close(self, run_id: UUID, outcome: str) -> None:
        step = self._open.pop(run_id, None)
        if step is None:
            return
        if outcome not in (FINISHED, "waiting"):
            step.span.set_attribute("error.type", outcome)
            step.span.set_status(Status(StatusCode.ERROR, outcome))
        step.span.end()
        row = {
            "project_id": self._run.project_id,
            "run_id": self._run.id,
            "attempt": self._run.attempt,
            "node": step.node,
            "scope": step.scope,
            "outcome": outcome,
            "started_at": step.began,
            "duration_ms": round((time.perf_counter() - step.clock) * 1000),
        }
        self._ledger.add(row, into=RunStep, wait=False)


def name_outcome(error: BaseException) -> str:
    """Return what the trace calls the end of a step that raised."""
    if isinstance(error, AppError):
        return error.code
    if isinstance(error, GraphBubbleUp):
        return "waiting"
    return AppError.code if isinstance(error, Exception) else "cancelled"
