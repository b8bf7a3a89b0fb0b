"""What heals and tidies: runs nobody is working on go back on the queue, what has expired is dropped."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import and_, delete, func, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Sessions
from app.llm.ledger import forget_answers
from app.llm.models import LlmCall
from app.log import get_logger
from app.runs.bus import EventBus
from app.runs.checkpoints import drop_left_checkpoints
from app.runs.dispatch import Delivery, Dispatcher
from app.runs.events import LAST_TYPES, publish
from app.runs.models import IdempotencyKey, Run, RunEvent
from app.runs.overdue import answer_overdue
from app.runs.repository import is_lost

log = get_logger(__name__)

ONE_AT_A_TIME = 7_264_804
TIDY_SECONDS = 300.0
BATCH = 1000
KEY_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How often to look, when a silent worker counts as lost, and for how many days what has ended is kept."""

    every: float
    lost_after: float
    event_days: int
    run_days: int | None = None
    prompt_days: int | None = None


@dataclass(kw_only=True)
class Found:
    """What is to be done once the transaction is committed."""

    deliveries: Sequence[Delivery] = ()
    events: Sequence[RunEvent] = ()


async def keep_up(sessions: Sessions, dispatcher: Dispatcher, bus: EventBus, policy: Policy) -> None:
    """Look after the runs every few seconds, and when Redis is back, for ever; of all workers one at a time does it."""
    tidy_at = 0.0
    while True:
        try:
            found = await look_after(sessions, policy)
            for event in found.events:
                await publish(bus, event.run_id, [event])
            await dispatcher.enqueue_many(found.deliveries)
            if time.monotonic() >= tidy_at:
                tidy_at = time.monotonic() + TIDY_SECONDS
                await tidy(sessions, policy)
        except Exception as error:
            log.warning("upkeep_failed", error=repr(error), exc_info=True)
        await bus.wait_for_connection(policy.every)


async def look_after(sessions: Sessions, policy: Policy) -> Found:
    """Drop what ended runs left, answer what is overdue, find runs to be delivered (again); one process at a time."""
    async with sessions.begin() as session:
        if not await hold_turn(session):
            return Found()
        await drop_left_checkpoints(session)
        await forget_answers(session)
        events = await answer_overdue(session)
        return Found(events=events, deliveries=await list_undelivered(session, lost_after=policy.lost_after))


async def tidy(sessions: Sessions, policy: Policy) -> None:
    """Drop what has expired; one process at a time. It looks at every row there is, so it is not done all the time."""
    async with sessions.begin() as session:
        if await hold_turn(session):
            await drop_expired(session, policy)


async def hold_turn(session: AsyncSession) -> bool:
    """Take the turn to keep up until the transaction ends; False when another process has it."""
    return bool(await session.scalar(select(func.pg_try_advisory_xact_lock(ONE_AT_A_TIME))))


async def list_undelivered(session: AsyncSession, *, lost_after: float) -> list[Delivery]:
    """Return runs that are queued, or whose worker fell silent, oldest first."""
    waits = or_(Run.status == "queued", and_(Run.status == "running", is_lost(lost_after)))
    rows = await session.execute(select(Run.id, Run.attempt, Run.queue).where(waits).order_by(Run.id).limit(BATCH))
    return [Delivery(*row) for row in rows]


async def drop_expired(session: AsyncSession, policy: Policy) -> None:
    """Drop what is past its days: idempotency keys, logs, runs that ended with all that hangs on them, prompts.

    Of a log the end stays, so that who reads it late still hears of it.
    """
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < func.now() - KEY_LIFETIME))
    old = select(Run.id).where(Run.finished_at < func.now() - timedelta(days=policy.event_days))
    await session.execute(delete(RunEvent).where(RunEvent.run_id.in_(old), RunEvent.type.not_in(LAST_TYPES)))
    if policy.run_days is not None:
        ended = select(Run.id).where(Run.finished_at < func.now() - timedelta(days=policy.run_days)).limit(BATCH)
        await session.execute(delete(Run).where(Run.id.in_(ended)))
    if policy.prompt_days is not None:
        told = LlmCall.created_at < func.now() - timedelta(days=policy.prompt_days)
        kept = or_(LlmCall.prompt.is_not(None), LlmCall.answer.is_not(None))
        finished = select(Run.id).where(Run.finished_at.is_not(None))
        forget = update(LlmCall).where(told, kept, or_(LlmCall.run_id.is_(None), LlmCall.run_id.in_(finished)))
        await session.execute(forget.values(prompt=None, answer=null()))
