"""The ledger, one row for every call to a model whatever its outcome, and the cache of answers."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt, PrimaryKey, ProjectId, Timestamp


class LlmCall(Base):
    """One call. Tokens are null when the server did not say; cost is null when the price is unknown."""

    __tablename__ = "llm_calls"
    __table_args__ = (
        Index(None, "run_id", "created_at"),
        Index(None, "request_hash"),
        Index("ix_llm_calls_unkept", "run_id", postgresql_where="prompt is null and answer is not null"),
    )

    id: Mapped[PrimaryKey]
    project_id: Mapped[ProjectId]
    run_id: Mapped[UUID | None] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    run_attempt: Mapped[int] = mapped_column(default=0)
    node: Mapped[str] = mapped_column(default="")
    scope: Mapped[str] = mapped_column(default="")
    """The step of the graph, the same again when it is repeated after a crash."""
    ordinal: Mapped[int] = mapped_column(default=0)
    """How often the same request was made in this step before."""
    task: Mapped[str]
    task_version: Mapped[int]
    role: Mapped[str]
    engine: Mapped[str]
    model: Mapped[str]
    outcome: Mapped[str]
    """`ok`, `cancelled`, or the code of the error."""
    served_by: Mapped[str] = mapped_column(default="engine")
    """`engine`, `cache` or `replay`."""
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    cached_tokens: Mapped[int | None]
    reasoning_tokens: Mapped[int | None]
    duration_ms: Mapped[int]
    tries: Mapped[int] = mapped_column(default=1)
    seed: Mapped[int | None]
    temperature: Mapped[float | None]
    system_fingerprint: Mapped[str | None]
    request_hash: Mapped[str]
    cost_usd: Mapped[Decimal | None] = mapped_column(Numeric(18, 10))
    prompt: Mapped[str | None]
    answer: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]
    started_at: Mapped[Timestamp]
    created_at: Mapped[CreatedAt]


class ModelTotal(Base):
    """What all calls of a kind add up to; a trigger on the ledger keeps it, and nothing lowers it."""

    __tablename__ = "model_totals"

    engine: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(primary_key=True)
    calls: Mapped[int] = mapped_column(BigInteger, default=0)
    input_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    output_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    cost_usd: Mapped[Decimal] = mapped_column(Numeric(18, 6), default=Decimal(0))
    seconds: Mapped[float] = mapped_column(default=0.0)


class CachedAnswer(Base):
    """An answer that may be given again to the same request in the same project."""

    __tablename__ = "llm_cache"
    __table_args__ = (Index(None, "project_id", "used_at"),)

    project_id: Mapped[ProjectId] = mapped_column(primary_key=True)
    request_hash: Mapped[str] = mapped_column(primary_key=True)
    task: Mapped[str]
    model: Mapped[str]
    answer: Mapped[dict[str, Any]]
    size: Mapped[int]
    created_at: Mapped[CreatedAt]
    used_at: Mapped[CreatedAt]
