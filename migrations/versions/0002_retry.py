"""A retry names the run it repeats; runs are listed by id within their project."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("retry_of", sa.Uuid(), nullable=True))
    op.create_foreign_key("fk_runs_retry_of_runs", "runs", "runs", ["retry_of"], ["id"], ondelete="SET NULL")
    op.create_index("ix_runs_project_id_id", "runs", ["project_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_runs_project_id_id", "runs")
    op.drop_constraint("fk_runs_retry_of_runs", "runs")
    op.drop_column("runs", "retry_of")
