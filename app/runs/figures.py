"""Figures of all processes together, read from the rows: what is queued, what runs, what has ended."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

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
    """Return the figures for one scrape."""
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
