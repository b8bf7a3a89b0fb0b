"""Dropping the checkpoints of runs that need them no more: one process at a time for each run, none waits."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.runs.models import TERMINAL

BATCH = 1000
LEFT = text("""
select kept.thread_id from (
    select thread_id from checkpoints union select thread_id from checkpoint_blobs
    union select thread_id from checkpoint_writes
) kept left join runs r on r.id = kept.thread_id::uuid
where r.id is null or r.status = any(:terminal) limit :batch
""")
DROP = text("""
with held as materialized (
    select thread_id from unnest(cast(:threads as text[])) as threads(thread_id)
    where pg_try_advisory_xact_lock(hashtextextended('checkpoints:' || thread_id, 0))
), blobs as (delete from checkpoint_blobs where thread_id = any(array(select thread_id from held))),
writes as (delete from checkpoint_writes where thread_id = any(array(select thread_id from held)))
delete from checkpoints where thread_id = any(array(select thread_id from held))
""")


async def drop_checkpoints(session: AsyncSession, run_id: UUID) -> None:
    """Drop a run's checkpoints, unless another process is at it."""
    await session.execute(DROP, {"threads": [str(run_id)]})


async def drop_left_checkpoints(session: AsyncSession) -> None:
    """Drop the checkpoints of runs that have ended or are gone, but for those another process is dropping."""
    threads = list(await session.scalars(LEFT, {"terminal": sorted(TERMINAL), "batch": BATCH}))
    if threads:
        await session.execute(DROP, {"threads": threads})
