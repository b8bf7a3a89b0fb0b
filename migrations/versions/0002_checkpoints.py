"""LangGraph's checkpoint tables (as of langgraph-checkpoint-postgres 3.2), and which run a retry repeats."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CHECKPOINT_VERSION = 9
TABLES = """
create table checkpoint_migrations (v integer primary key);
create table checkpoints (
    thread_id text not null,
    checkpoint_ns text not null default '',
    checkpoint_id text not null,
    parent_checkpoint_id text,
    type text,
    checkpoint jsonb not null,
    metadata jsonb not null default '{}',
    primary key (thread_id, checkpoint_ns, checkpoint_id)
);
create table checkpoint_blobs (
    thread_id text not null,
    checkpoint_ns text not null default '',
    channel text not null,
    version text not null,
    type text not null,
    blob bytea,
    primary key (thread_id, checkpoint_ns, channel, version)
);
create table checkpoint_writes (
    thread_id text not null,
    checkpoint_ns text not null default '',
    checkpoint_id text not null,
    task_id text not null,
    idx integer not null,
    channel text not null,
    type text,
    blob bytea not null,
    task_path text not null default '',
    primary key (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
);
create index checkpoints_thread_id_idx on checkpoints (thread_id);
create index checkpoint_blobs_thread_id_idx on checkpoint_blobs (thread_id);
create index checkpoint_writes_thread_id_idx on checkpoint_writes (thread_id);
"""


def upgrade() -> None:
    for statement in filter(str.strip, TABLES.split(";")):
        op.execute(statement)
    op.execute(f"insert into checkpoint_migrations (v) select generate_series(0, {CHECKPOINT_VERSION})")
    op.add_column("runs", sa.Column("retry_of", sa.Uuid(), nullable=True))
    op.create_foreign_key("fk_runs_retry_of_runs", "runs", "runs", ["retry_of"], ["id"], ondelete="SET NULL")
    op.create_index("ix_runs_project_id_id", "runs", ["project_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_runs_project_id_id", "runs")
    op.drop_constraint("fk_runs_retry_of_runs", "runs")
    op.drop_column("runs", "retry_of")
    for table in ("checkpoint_writes", "checkpoint_blobs", "checkpoints", "checkpoint_migrations"):
        op.drop_table(table)
