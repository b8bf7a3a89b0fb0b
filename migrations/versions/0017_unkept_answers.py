"""A way to find the answers that are dropped with their run's end, without reading every call there was."""

from collections.abc import Sequence

from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UNKEPT = "prompt is null and answer is not null"


def upgrade() -> None:
    op.create_index("ix_llm_calls_unkept", "llm_calls", ["run_id"], postgresql_where=UNKEPT)


def downgrade() -> None:
    op.drop_index("ix_llm_calls_unkept", "llm_calls")
