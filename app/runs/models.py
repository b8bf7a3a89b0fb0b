"""Tables of the run engine. A run's row is the truth; its events are its log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt, PrimaryKey, ProjectId, Timestamp

TERMINAL = frozenset({"succeeded", "failed", "cancelled"})


class Run(Base):
    __tablename__ = "runs"
    __table_args__ = (
        CheckConstraint(
            "status in ('queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled')", name="status"
        ),
        Index(None, "project_id", "created_at"),
        Index(None, "project_id", "id"),
        Index(None, "thread_id"),
        Index(None, "agent", "status"),
        Index("ix_runs_retry_of", "retry_of", postgresql_where="retry_of is not null"),
        Index("ix_runs_replays", "replays", postgresql_where="replays is not null"),
        Index("ix_runs_unfinished", "status", postgresql_where="status in ('queued', 'running')"),
    )

    id: Mapped[PrimaryKey]
    project_id: Mapped[ProjectId]
    agent: Mapped[str]
    queue: Mapped[str]
    status: Mapped[str] = mapped_column(default="queued")
    attempt: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    """Attempts that ended without drain or interrupt; at `max_attempts` the run is poisoned."""
    thread_id: Mapped[UUID]
    collection_id: Mapped[UUID | None] = mapped_column(ForeignKey("collections.id", ondelete="SET NULL"))
    input: Mapped[dict[str, Any]]
    output: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    progress: Mapped[dict[str, Any] | None]
    usage: Mapped[dict[str, Any]] = mapped_column(default=dict)
    engine: Mapped[str]
    request_id: Mapped[str | None]
    traceparent: Mapped[str | None]
    """The span of the request that asked for it (W3C Trace Context), where requests are traced."""
    retry_of: Mapped[UUID | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"))
    replays: Mapped[UUID | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"))
    """The run whose record answers this one's model calls."""
    created_at: Mapped[CreatedAt]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    last_seq: Mapped[int] = mapped_column(default=0)


class RunEvent(Base):
    """One line of a run's log. `seq` counts from 1 without gaps; `key` makes a repeated step's event appear once."""

    __tablename__ = "run_events"
    __table_args__ = (UniqueConstraint("run_id", "key"),)

    run_id: Mapped[UUID] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str]
    key: Mapped[str | None]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class RunStep(Base):
    """A step a run has taken: a node of its graph, in one attempt. `outcome` is `ok`, `waiting` or an error's code."""

    __tablename__ = "run_steps"
    __table_args__ = (Index(None, "run_id", "started_at"),)

    id: Mapped[PrimaryKey]
    project_id: Mapped[ProjectId]
    run_id: Mapped[UUID] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    attempt: Mapped[int]
    node: Mapped[str]
    scope: Mapped[str]
    """The step, the same again when it is repeated after a crash; calls made in it have the same."""
    outcome: Mapped[str]
    started_at: Mapped[Timestamp]
    duration_ms: Mapped[int]


class IdempotencyKey(Base):
    """An accepted `Idempotency-Key` with its request's fingerprint and the answer it got."""

    __tablename__ = "idempotency_keys"

    project_id: Mapped[ProjectId] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int | None]
    body: Mapped[dict[str, Any] | None]
    created_at: Mapped[CreatedAt]
