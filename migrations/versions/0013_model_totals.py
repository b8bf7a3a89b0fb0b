"""Totals of all model calls by kind, kept by a trigger on the ledger; runs counted without reading their rows."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ADDED = """
    select engine, model, outcome, count(*) as calls, coalesce(sum(input_tokens), 0) as input_tokens,
           coalesce(sum(output_tokens), 0) as output_tokens, coalesce(sum(cost_usd), 0) as cost_usd,
           sum(duration_ms) / 1000.0 as seconds
    from {calls} where served_by = 'engine' group by engine, model, outcome
"""
COLUMNS = "engine, model, outcome, calls, input_tokens, output_tokens, cost_usd, seconds"
ADD = f"""
create function add_model_totals() returns trigger language plpgsql as $$
begin
    insert into model_totals ({COLUMNS}) {ADDED.format(calls="added")} order by engine, model, outcome
    on conflict (engine, model, outcome) do update set
        calls = model_totals.calls + excluded.calls,
        input_tokens = model_totals.input_tokens + excluded.input_tokens,
        output_tokens = model_totals.output_tokens + excluded.output_tokens,
        cost_usd = model_totals.cost_usd + excluded.cost_usd,
        seconds = model_totals.seconds + excluded.seconds;
    return null;
end $$
"""


def upgrade() -> None:
    op.create_table(
        "model_totals",
        sa.Column("engine", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost_usd", sa.Numeric(18, 6), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("engine", "model", "outcome", name="pk_model_totals"),
    )
    op.execute(f"insert into model_totals ({COLUMNS}) {ADDED.format(calls='llm_calls')}")
    op.execute(ADD)
    op.execute(
        "create trigger add_model_totals after insert on llm_calls referencing new table as added "
        "for each statement execute function add_model_totals()"
    )
    op.create_index("ix_runs_agent_status", "runs", ["agent", "status"])


def downgrade() -> None:
    op.drop_index("ix_runs_agent_status", "runs")
    op.execute("drop trigger add_model_totals on llm_calls")
    op.execute("drop function add_model_totals()")
    op.drop_table("model_totals")
