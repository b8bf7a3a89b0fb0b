"""A replay names the run whose record answers it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("replays", sa.Uuid(), nullable=True))
    op.create_foreign_key("fk_runs_replays_runs", "runs", "runs", ["replays"], ["id"], ondelete="SET NULL")


def downgrade() -> None:
    op.drop_constraint("fk_runs_replays_runs", "runs")
    op.drop_column("runs", "replays")
