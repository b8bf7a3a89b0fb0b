"""Recollections with their history; discrepancies found by the slots of figures."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "recollections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("stale_reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind in ('stated', 'learned')", name="ck_recollections_kind"),
        sa.CheckConstraint("status in ('current', 'stale', 'retired')", name="ck_recollections_status"),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name="fk_recollections_collection_id_collections", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_recollections_project_id_projects", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_recollections"),
    )
    op.create_index(
        "ix_recollections_project_id_collection_id_status", "recollections", ["project_id", "collection_id", "status"]
    )
    op.create_index("ix_recollections_run_id", "recollections", ["run_id"])
    op.create_table(
        "recollection_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("recollection_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["recollection_id"],
            ["recollections.id"],
            name="fk_recollection_changes_recollection_id_recollections",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_recollection_changes_project_id_projects", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_recollection_changes"),
    )
    op.create_index("ix_recollection_changes_recollection_id", "recollection_changes", ["recollection_id"])
    op.add_column("entries", sa.Column("slots", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False))
    op.create_index("ix_entries_slots", "entries", ["slots"], postgresql_using="gin", postgresql_where="slots <> '{}'")
    settlement = sa.Column("settlement", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False)
    op.add_column("discrepancies", settlement)
    op.alter_column("discrepancies", "settlement", server_default=None)
    op.create_check_constraint(
        op.f("ck_discrepancies_kind"), "discrepancies", "kind in ('restated', 'unit_slip', 'conflict', 'text')"
    )
    op.create_check_constraint(op.f("ck_discrepancies_newer"), "discrepancies", "newer in ('entry', 'other')")
    op.create_unique_constraint("uq_discrepancies_entry_id_other_id", "discrepancies", ["entry_id", "other_id"])
    op.create_index("ix_discrepancies_other_id", "discrepancies", ["other_id"])


def downgrade() -> None:
    op.drop_index("ix_discrepancies_other_id", "discrepancies")
    op.drop_constraint("uq_discrepancies_entry_id_other_id", "discrepancies")
    op.drop_constraint(op.f("ck_discrepancies_newer"), "discrepancies")
    op.drop_constraint(op.f("ck_discrepancies_kind"), "discrepancies")
    op.drop_column("discrepancies", "settlement")
    op.drop_index("ix_entries_slots", "entries")
    op.drop_column("entries", "slots")
    op.drop_table("recollection_changes")
    op.drop_table("recollections")
