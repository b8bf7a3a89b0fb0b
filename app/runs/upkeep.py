"""What heals and tidies: runs nobody is working on go back on the queue, what has expired is dropped."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import and_, delete, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Sessions
from app.llm.ledger import forget_answers
from app.log import get_logger
from app.runs.dispatch import Delivery, Dispatcher
from app.runs.models import TERMINAL, IdempotencyKey, Run, RunEvent
from app.runs.overdue import answer_overdue
from app.runs.repository import is_lost

log = get_logger(__name__)

ONE_AT_A_TIME = 7_264_802
BATCH = 1000
KEY_LIFETIME = timedelta(hours=24)
CHECKPOINT_TABLES = ("checkpoint_writes", "checkpoint_blobs", "checkpoints")


async def keep_up(
    sessions: Sessions, dispatcher: Dispatcher, *, every: float, lost_after: float, event_days: int
) -> None:
    """Look after the runs every few seconds, for ever; of all workers one at a time does it."""
    while True:
        try:
            deliveries = await look_after(sessions, lost_after=lost_after, event_days=event_days)
            await dispatcher.enqueue_many(deliveries)
        except Exception as error:
            log.warning("upkeep_failed", error=repr(error), exc_info=True)
        await asyncio.sleep(every)


async def look_after(sessions: Sessions, *, lost_after: float, event_days: int) -> Sequence[Delivery]:
    """Drop what has expired, answer what is overdue, return the runs to be delivered (again); one process at a time."""
    async with sessions.begin() as session:
        if not await session.scalar(select(func.pg_try_advisory_xact_lock(ONE_AT_A_TIME))):
            return ()
        await drop_checkpoints(session)
        await drop_expired(session, event_days=event_days)
        await forget_answers(session)
        await answer_overdue(session)
        return await list_undelivered(session, lost_after=lost_after)


async def list_undelivered(session: AsyncSession, *, lost_after: float) -> list[Delivery]:
    """Return runs that are queued, or whose worker fell silent, oldest first."""
    waits = or_(Run.status == "queued", and_(Run.status == "running", is_lost(lost_after)))
    rows = await session.execute(select(Run.id, Run.attempt, Run.queue).where(waits).order_by(Run.id).limit(BATCH))
    return [Delivery(*row) for row in rows]


async def drop_checkpoints(session: AsyncSession) -> None:
    """Drop the checkpoints of runs that have ended or are gone."""
    ended = text(
        "select distinct c.thread_id from checkpoints c left join runs r on r.id = c.thread_id::uuid"
        " where r.id is null or r.status = any(:terminal) limit :batch"
    )
    threads = list(await session.scalars(ended, {"terminal": sorted(TERMINAL), "batch": BATCH}))
    for table in CHECKPOINT_TABLES if threads else ():
        await session.execute(text(f"delete from {table} where thread_id = any(:threads)"), {"threads": threads})


async def drop_expired(session: AsyncSession, *, event_days: int) -> None:
    """Drop idempotency keys after a day and the logs of runs that ended `event_days` days ago."""
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < func.now() - KEY_LIFETIME))
    old = select(Run.id).where(Run.finished_at < func.now() - timedelta(days=event_days))
    await session.execute(delete(RunEvent).where(RunEvent.run_id.in_(old)))
