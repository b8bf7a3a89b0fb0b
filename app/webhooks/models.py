"""Tables of webhooks: where events go, what is on its way, who may send documents, and which messages have come.

Secrets are stored as they are: both making and checking a signature need the key itself, not a hash of it.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt, PrimaryKey, ProjectId


class WebhookEndpoint(Base):
    """An address that is told of events; an empty filter means all of them."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (Index(None, "project_id"),)

    id: Mapped[PrimaryKey]
    project_id: Mapped[ProjectId]
    url: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    events: Mapped[list[Any]] = mapped_column(default=list)
    secret: Mapped[str]
    previous_secret: Mapped[str | None]
    previous_until: Mapped[datetime | None]
    enabled: Mapped[bool] = mapped_column(default=True)
    disabled_reason: Mapped[str | None]
    created_at: Mapped[CreatedAt]


class WebhookDelivery(Base):
    """One event for one endpoint. `body` is what is signed and sent, to the byte, at every try.

    Whoever delivers it holds it until `leased_until`; `tries` is the fence of what may be written about it.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        CheckConstraint("status in ('pending', 'delivered', 'failed')", name="status"),
        Index(None, "endpoint_id", "id"),
        Index("ix_webhook_deliveries_due", "endpoint_id", "next_at", postgresql_where="status = 'pending'"),
    )

    id: Mapped[PrimaryKey]
    project_id: Mapped[ProjectId]
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    type: Mapped[str]
    body: Mapped[str]
    status: Mapped[str] = mapped_column(default="pending")
    tries: Mapped[int] = mapped_column(default=0)
    schedule_from: Mapped[int] = mapped_column(default=0)
    """How many tries there were when the schedule was begun (anew, by a redelivery)."""
    next_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    attempts: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]


class Source(Base):
    """Someone who may send documents by signed calls, and the collection they go to."""

    __tablename__ = "sources"
    __table_args__ = (
        CheckConstraint("type in ('standard', 'github')", name="type"),
        Index(None, "project_id"),
    )

    id: Mapped[PrimaryKey]
    project_id: Mapped[ProjectId]
    name: Mapped[str]
    type: Mapped[str]
    secret: Mapped[str]
    collection_id: Mapped[UUID] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"))
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class SourceMessage(Base):
    """A message that was accepted, so that it is accepted once; `sent_at` is the signed time in Unix seconds."""

    __tablename__ = "source_messages"
    __table_args__ = (Index(None, "received_at"),)

    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True)
    message_id: Mapped[str] = mapped_column(primary_key=True)
    sent_at: Mapped[int] = mapped_column(BigInteger, default=0)
    received_at: Mapped[CreatedAt]
