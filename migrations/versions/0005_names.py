"""Entries know the name they open with; those there already get theirs roughly, by their first line."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FILL = r"""
update entries e set name = o.name
from (
    select id, trim(lower(regexp_replace(regexp_replace(left(split_part(ltrim(text, E'#* \n'), E'\n', 1), 200),
           '\([^()]*\)', ' ', 'g'), '[^[:alnum:]]+', ' ', 'g'))) as name
    from entries
) o
where o.id = e.id and length(o.name) <= 80 and o.name ~ '[[:alpha:]]'
"""


def upgrade() -> None:
    op.add_column("entries", sa.Column("name", sa.String(), server_default="", nullable=False))
    op.execute(FILL)
    op.create_index("ix_entries_name", "entries", ["project_id", "name"], postgresql_where="name <> ''")


def downgrade() -> None:
    op.drop_index("ix_entries_name", "entries")
    op.drop_column("entries", "name")
