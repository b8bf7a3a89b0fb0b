"""Documents know the words they can be asked for by; those there already get theirs roughly, unstemmed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FILL = r"""
update documents set profile = array(
    select distinct word
    from regexp_split_to_table(
        lower(concat_ws(' ', filename, title, (select string_agg(value, ' ') from jsonb_each_text(metadata)))),
        '[^[:alnum:]]+'
    ) as word where word <> ''
)
"""


def upgrade() -> None:
    op.add_column("documents", sa.Column("profile", postgresql.ARRAY(sa.TEXT()), server_default="{}", nullable=False))
    op.execute(FILL)
    op.create_index("ix_documents_profile", "documents", ["profile"], postgresql_using="gin")


def downgrade() -> None:
    op.drop_index("ix_documents_profile", "documents")
    op.drop_column("documents", "profile")
