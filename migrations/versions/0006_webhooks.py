"""Webhooks both ways, and documents that are fetched from a URL."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

JSONB = postgresql.JSONB(astext_type=sa.Text())
TIME = sa.DateTime(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
    _extend_documents()
    _create_endpoints()
    _create_deliveries()
    _create_sources()
    _create_messages()


def _extend_documents() -> None:
    for name in ("source_url", "origin"):
        op.add_column("documents", sa.Column(name, sa.String(), nullable=False, server_default=""))
        op.alter_column("documents", name, server_default=None)
    op.create_index(
        "uq_documents_collection_id_origin",
        "documents",
        ["collection_id", "origin"],
        unique=True,
        postgresql_where="origin <> ''",
    )


def _create_endpoints() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("events", JSONB, nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("previous_secret", sa.String(), nullable=True),
        sa.Column("previous_until", TIME, nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.String(), nullable=True),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        _belongs_to("webhook_endpoints", "project_id", "projects"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoints"),
    )
    op.create_index("ix_webhook_endpoints_project_id", "webhook_endpoints", ["project_id"])


def _create_deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("schedule_from", sa.Integer(), nullable=False),
        sa.Column("next_at", TIME, nullable=False),
        sa.Column("leased_until", TIME, nullable=True),
        sa.Column("attempts", JSONB, nullable=False),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.CheckConstraint("status in ('pending', 'delivered', 'failed')", name="ck_webhook_deliveries_status"),
        _belongs_to("webhook_deliveries", "project_id", "projects"),
        _belongs_to("webhook_deliveries", "endpoint_id", "webhook_endpoints"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
    )
    op.create_index("ix_webhook_deliveries_endpoint_id_id", "webhook_deliveries", ["endpoint_id", "id"])
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["endpoint_id", "next_at"],
        postgresql_where="status = 'pending'",
    )


def _create_sources() -> None:
    op.create_table(
        "sources",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("last_used_at", TIME, nullable=True),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        sa.CheckConstraint("type in ('standard', 'github')", name="ck_sources_type"),
        _belongs_to("sources", "project_id", "projects"),
        _belongs_to("sources", "collection_id", "collections"),
        sa.PrimaryKeyConstraint("id", name="pk_sources"),
    )
    op.create_index("ix_sources_project_id", "sources", ["project_id"])


def _create_messages() -> None:
    op.create_table(
        "source_messages",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", TIME, server_default=NOW, nullable=False),
        _belongs_to("source_messages", "source_id", "sources"),
        sa.PrimaryKeyConstraint("source_id", "message_id", name="pk_source_messages"),
    )
    op.create_index("ix_source_messages_received_at", "source_messages", ["received_at"])


def _belongs_to(table: str, column: str, owner: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{owner}.id"], name=f"fk_{table}_{column}_{owner}", ondelete="CASCADE")


def downgrade() -> None:
    for table in ("source_messages", "sources", "webhook_deliveries", "webhook_endpoints"):
        op.drop_table(table)
    op.drop_index("uq_documents_collection_id_origin", "documents")
    for name in ("origin", "source_url"):
        op.drop_column("documents", name)
