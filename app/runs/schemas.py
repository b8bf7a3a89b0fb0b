"""A run as it goes over the wire."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.runs.models import Run

Status = Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"]


class Progress(BaseModel):
    """How far a run is."""

    stage: str
    done: int
    total: int
    unit: str


class Usage(BaseModel):
    """What a run took; the cost is null when a price is unknown, the seconds are those of work, not of waiting."""

    input_tokens: int = 0
    output_tokens: int = 0
    calls: int = 0
    searches: int = 0
    seconds: float = 0.0
    cost_usd: float | None = None


class RunLinks(BaseModel):
    """Where to go on from a run."""

    self: str
    events: str
    trace: str
    result: str | None


class RunView(BaseModel):
    """A run of an agent."""

    id: UUID
    agent: str
    status: Status
    attempt: int
    thread_id: UUID
    retry_of: UUID | None
    replays: UUID | None = None
    collection: UUID | None
    input: dict[str, Any]
    output: dict[str, Any] | None
    error: dict[str, Any] | None
    progress: Progress | None
    usage: Usage
    engine: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    links: RunLinks


class EventView(BaseModel):
    """One line of a run's log."""

    seq: int
    type: str
    data: dict[str, Any] = Field(default_factory=dict)
    at: datetime


def view_run(run: Run, path: str | None = None) -> RunView:
    """Return a run as it goes out; `path` is its agent's route under `/v1`."""
    return RunView(
        id=run.id,
        agent=run.agent,
        status=run.status,
        attempt=run.attempt,
        thread_id=run.thread_id,
        retry_of=run.retry_of,
        replays=run.replays,
        collection=run.collection_id,
        input=run.input,
        output=run.output,
        error=run.error,
        progress=run.progress,
        usage=run.usage,
        engine=run.engine,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        cancel_requested_at=run.cancel_requested_at,
        links=link_run(run.id, path),
    )


def link_run(run_id: UUID, path: str | None) -> RunLinks:
    """Return where to go on from a run; `path` is its agent's route under `/v1`."""
    base = f"/v1/runs/{run_id}"
    result = f"/v1/{path}/{run_id}" if path else None
    return RunLinks(self=base, events=f"{base}/events", trace=f"{base}/trace", result=result)
