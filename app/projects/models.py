"""Projects, and the keys that open them. Every other table's rows belong to one project."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt, PrimaryKey, ProjectId


class Project(Base):
    __tablename__ = "projects"

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[CreatedAt]


class ApiKey(Base):
    """A key: its `prefix` finds it, `hash` is the SHA-256 of its secret part. Rows stay when a key is revoked."""

    __tablename__ = "api_keys"
    __table_args__ = (Index(None, "project_id", "id"),)

    id: Mapped[PrimaryKey]
    project_id: Mapped[ProjectId]
    name: Mapped[str]
    prefix: Mapped[str] = mapped_column(unique=True)
    hash: Mapped[str]
    scopes: Mapped[list[Any]]
    requests_per_minute: Mapped[int | None]
    """Its own limit; null is the service's."""
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
