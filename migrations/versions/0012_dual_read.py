"""Which embedding model searches read, and the vectors made meanwhile for the next one."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MARK_CURRENT = """
update embedding_models set is_current = true where id = (
    select m.id from embedding_models m
    order by (select count(*) from entries e where e.embedding_model_id = m.id) desc, m.id limit 1
)
"""


def upgrade() -> None:
    op.add_column(
        "embedding_models", sa.Column("is_current", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
    op.execute(MARK_CURRENT)
    op.create_index(
        "uq_embedding_models_is_current",
        "embedding_models",
        ["is_current"],
        unique=True,
        postgresql_where=sa.text("is_current"),
    )
    op.create_table(
        "next_embeddings",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("embedding", HALFVEC(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name="fk_next_embeddings_entry_id_entries", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["model_id"],
            ["embedding_models.id"],
            name="fk_next_embeddings_model_id_embedding_models",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entry_id", "model_id", name="pk_next_embeddings"),
    )


def downgrade() -> None:
    op.drop_table("next_embeddings")
    op.drop_index("uq_embedding_models_is_current", "embedding_models")
    op.drop_column("embedding_models", "is_current")
