"""The span of the request that asked for a run."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("traceparent", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("runs", "traceparent")
