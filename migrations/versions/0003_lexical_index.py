"""The lexical index: terms, their postings, and the trigger that keeps their sums exact."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# The lock lets one transaction at a time change the sums: two that touch the same terms can't wait for each other.
COUNT_FUNCTION = """
create function count_postings() returns trigger language plpgsql as $$
declare
    sign integer := case tg_op when 'INSERT' then 1 else -1 end;
begin
    perform pg_advisory_xact_lock(7264802);
    update terms t
    set entries = t.entries + sign * c.entries, occurrences = t.occurrences + sign * c.occurrences
    from (select term_id, sum(entries) as entries, sum(occurrences) as occurrences from changed group by term_id) c
    where t.id = c.term_id;
    return null;
end $$
"""


def upgrade() -> None:
    op.add_column("entries", sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False))
    op.add_column("entries", sa.Column("term_ids", postgresql.ARRAY(sa.INTEGER()), nullable=False))
    op.add_column("entries", sa.Column("term_counts", postgresql.ARRAY(sa.INTEGER()), nullable=False))
    op.add_column("entries", sa.Column("length", sa.Integer(), nullable=False))
    op.create_unique_constraint("uq_entries_number", "entries", ["number"])
    op.create_table(
        "terms",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("lexeme", sa.String(), nullable=False),
        sa.Column("entries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("occurrences", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_terms_project_id_projects", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_terms"),
        sa.UniqueConstraint("project_id", "level", "lexeme", name="uq_terms_project_id"),
    )
    op.execute("alter table terms set (fillfactor = 70)")
    op.create_table(
        "postings",
        sa.Column("term_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("occurrences", sa.Integer(), nullable=False),
        sa.Column("numbers", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("counts", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("lengths", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.CheckConstraint("num_nonnulls(document_id, entry_id) = 1", name="ck_postings_owner"),
        sa.ForeignKeyConstraint(["term_id"], ["terms.id"], name="fk_postings_term_id_terms", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_postings_document_id_documents", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_postings_entry_id_entries", ondelete="CASCADE"),
    )
    op.create_index("ix_postings_term_id_document_id", "postings", ["term_id", "document_id"])
    op.create_index("ix_postings_document_id", "postings", ["document_id"])
    op.create_index("ix_postings_entry_id", "postings", ["entry_id"], postgresql_where="entry_id is not null")
    op.execute(COUNT_FUNCTION)
    for event, rows in (("insert", "new"), ("delete", "old")):
        op.execute(
            f"create trigger count_postings_{event} after {event} on postings "
            f"referencing {rows} table as changed for each statement execute function count_postings()"
        )


def downgrade() -> None:
    op.drop_table("postings")
    op.execute("drop function count_postings()")
    op.drop_table("terms")
    op.drop_constraint("uq_entries_number", "entries")
    for column in ("length", "term_counts", "term_ids", "number"):
        op.drop_column("entries", column)
