"""Figures of all processes together, read from the rows: what is queued, what runs, what has ended."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.llm.models import ModelTotal
from app.metrics import Reading, Values

COUNT_RUNS = text("select agent, status, count(*) from runs group by agent, status")

QUEUE_AGE = text("""
select queue, extract(epoch from now() - min(since)) from (
    select r.queue, coalesce((select at from run_events e where e.run_id = r.id and e.seq = r.last_seq), r.created_at)
           as since
    from runs r where r.status = 'queued'
) waiting group by queue
""")


@dataclass(frozen=True, kw_only=True)
class QueueAges:
    """Seconds the longest waiting run has waited, by queue; a queue where nothing waits is left out."""

    by_queue: dict[str, float]

    @property
    def oldest(self) -> float:
        """Seconds of the longest waiting of all, 0 where nothing waits."""
        return max(self.by_queue.values(), default=0.0)


async def read_queue_ages(session: AsyncSession) -> QueueAges:
    """Return how long runs have waited since they were queued or last did something."""
    return QueueAges(by_queue={queue: max(0.0, float(age)) for queue, age in await session.execute(QUEUE_AGE)})


async def read_figures(session: AsyncSession, *, queues: tuple[str, ...]) -> tuple[Reading, ...]:
    """Return the figures for one scrape: of runs, and of model calls."""
    return (*await _read_runs(session, queues), *await _read_models(session))


async def _read_runs(session: AsyncSession, queues: tuple[str, ...]) -> tuple[Reading, ...]:
    counts: Values = {(agent, status): float(count) for agent, status, count in await session.execute(COUNT_RUNS)}
    ages = await read_queue_ages(session)
    return (
        Reading(name="runs", told="Runs by agent and status.", labels=("agent", "status"), values=counts),
        Reading(
            name="queue_age_seconds",
            told="How long the longest waiting run has waited.",
            labels=("queue",),
            values={(queue,): ages.by_queue.get(queue, 0.0) for queue in queues},
        ),
    )


async def _read_models(session: AsyncSession) -> tuple[Reading, ...]:
    rows = list(await session.scalars(select(ModelTotal)))

    def total(name: str, told: str, value: Callable[[ModelTotal], Decimal | float]) -> Reading:
        values: Values = {(row.engine, row.model, row.outcome): float(value(row)) for row in rows}
        return Reading(name=name, told=told, labels=("engine", "model", "outcome"), values=values, counts=True)

    return (
        total("model_calls", "Calls to models, caches and replays left out.", lambda row: row.calls),
        total("model_input_tokens", "Tokens sent, as servers told them.", lambda row: row.input_tokens),
        total("model_output_tokens", "Tokens received, as servers told them.", lambda row: row.output_tokens),
        total("model_cost_usd", "US dollars, where prices are known.", lambda row: row.cost_usd),
        total("model_call_seconds", "Seconds that calls took.", lambda row: row.seconds),
    )
