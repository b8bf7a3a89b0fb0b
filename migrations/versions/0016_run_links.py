"""Ways to find the runs that repeat a run, so that old runs are dropped without reading them all for each."""

from collections.abc import Sequence

from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_runs_retry_of", "runs", ["retry_of"], postgresql_where="retry_of is not null")
    op.create_index("ix_runs_replays", "runs", ["replays"], postgresql_where="replays is not null")


def downgrade() -> None:
    op.drop_index("ix_runs_replays", "runs")
    op.drop_index("ix_runs_retry_of", "runs")
