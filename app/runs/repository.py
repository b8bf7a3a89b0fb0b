"""Run rows. Every write of an attempt names the attempt: once another worker has the run, it changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Json, dump_json, now, storable
from app.errors import NotFound
from app.runs.models import TERMINAL, Run, RunEvent
from app.runs.schemas import link_run
from app.webhooks.outbox import append_event as append_webhook_event

PROGRESSED = "run.progressed"
THREAD_RUNS = 8

APPEND = text("""
with run as materialized (
    select id, last_seq from runs where id = :run_id and attempt = :attempt and status = 'running' for update
), new as (
    select given.*, row_number() over (order by place) as step
    from run, jsonb_to_recordset(cast(:events as jsonb)) as given(place int, type text, key text, data jsonb)
    where not exists (select from run_events known where known.run_id = run.id and known.key = given.key)
), told as (
    update runs set last_seq = run.last_seq + (select count(*) from new), progress = coalesce(
        (select data from new where type = :progressed order by place desc limit 1), runs.progress
    ) from run where runs.id = run.id and exists (select from new)
), added as (
    insert into run_events (run_id, seq, type, key, data, at)
    select run.id, run.last_seq + step, type, key, data, now() from run, new
    returning seq, type, key, data, at
)
select added.* from run left join added on true order by seq
""")
"""Under a lock of the run, adds what is new to its log; no row when the attempt may not write, one of nulls when
nothing is new."""


class AttemptLost(Exception):
    """Another worker has the run, or it has ended: stop and write nothing."""


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """An event about to be appended; a second one of the same `key` in a run is dropped."""

    type: str
    data: Json = field(default_factory=dict)
    key: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", storable(self.data))


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How an attempt ends; `queued` puts the run back, `waiting` asks a person."""

    status: Literal["succeeded", "failed", "cancelled", "waiting", "queued"]
    output: Json | None = None
    error: Json | None = None
    question: Json | None = None

    def event(self, usage: Json) -> NewEvent | None:
        """Return the event that tells of this ending; a run put back tells nothing."""
        data = {
            "succeeded": {"usage": usage},
            "failed": self.error or {},
            "cancelled": {"usage": usage},
            "waiting": self.question or {},
        }.get(self.status)
        return None if data is None else NewEvent(type=f"run.{self.status}", data=data)


def is_lost(lost_after: float) -> ColumnElement[bool]:
    """Say in SQL whether a running row's worker has been silent for `lost_after` seconds."""
    return or_(Run.heartbeat_at.is_(None), Run.heartbeat_at < func.now() - timedelta(seconds=lost_after))


async def get_run(session: AsyncSession, project_id: UUID, run_id: UUID) -> Run:
    """Return a run of the project. Raises NotFound."""
    run = await session.scalar(select(Run).where(Run.id == run_id, Run.project_id == project_id))
    if run is None:
        raise NotFound("There is no such run.")
    return run


async def lock_run(session: AsyncSession, project_id: UUID, run_id: UUID) -> Run:
    """Return a run of the project as it is now, locked until the transaction ends. Raises NotFound."""
    query = select(Run).where(Run.id == run_id, Run.project_id == project_id).with_for_update()
    run: Run | None = await session.scalar(query.execution_options(populate_existing=True))
    if run is None:
        raise NotFound("There is no such run.")
    return run


async def list_thread_outputs(session: AsyncSession, run: Run, *, limit: int = THREAD_RUNS) -> list[Json]:
    """Return the outputs of the runs of the same agent that came before this one in its thread, oldest first.

    A replayed run sees what the run it repeats saw.
    """
    query = (
        select(Run.output)
        .where(Run.project_id == run.project_id, Run.thread_id == run.thread_id, Run.agent == run.agent)
        .where(Run.status == "succeeded", Run.replays.is_(None), Run.id < (run.replays or run.id))
        .order_by(Run.id.desc())
        .limit(limit)
    )
    return [output for output in reversed((await session.scalars(query)).all()) if output is not None]


async def begin_attempt(session: AsyncSession, run_id: UUID, *, lost_after: float) -> tuple[Run, list[RunEvent]] | None:
    """Take the run for a new attempt and write `run.started`; None when it has ended, waits, or is in good hands.

    Taking over from a worker that fell silent counts as a failure; taking a queued run does not.
    """
    query = select(Run, is_lost(lost_after)).where(Run.id == run_id).with_for_update()
    found = (await session.execute(query)).one_or_none()
    if found is None:
        return None
    run, lost = found
    if run.status not in ("queued", "running") or (run.status == "running" and not lost):
        return None
    run.failures += run.status == "running"
    run.status = "running"
    run.attempt += 1
    run.started_at = run.started_at or now()
    run.heartbeat_at = await session.scalar(select(func.now()))
    return run, append_to(session, run, NewEvent(type="run.started", data={"attempt": run.attempt}))


def append_to(session: AsyncSession, run: Run, *events: NewEvent) -> list[RunEvent]:
    """Append keyless events to the log of a run this transaction has locked."""
    rows = [
        RunEvent(run_id=run.id, seq=run.last_seq + number, type=event.type, key=event.key, data=event.data, at=now())
        for number, event in enumerate(events, start=1)
    ]
    run.last_seq += len(rows)
    session.add_all(rows)
    return rows


async def append_events(
    session: AsyncSession, run_id: UUID, attempt: int, events: Sequence[NewEvent]
) -> list[RunEvent]:
    """Append events of an attempt by one statement and return their rows; one whose key is in the log has none.

    Raises AttemptLost.
    """
    given = [
        {"place": place, "type": event.type, "key": event.key, "data": event.data}
        for place, event in enumerate(_list_distinct(events))
    ]
    asked = {"run_id": run_id, "attempt": attempt, "progressed": PROGRESSED, "events": dump_json(given)}
    rows = (await session.execute(APPEND, asked)).all()
    if not rows:
        raise AttemptLost
    return [
        RunEvent(run_id=run_id, seq=row.seq, type=row.type, key=row.key, data=row.data, at=row.at)
        for row in rows
        if row.seq is not None
    ]


def _list_distinct(events: Sequence[NewEvent]) -> list[NewEvent]:
    """Return the events without those whose key another one before them has."""
    first: dict[str, NewEvent] = {}
    return [event for event in events if event.key is None or first.setdefault(event.key, event) is event]


def fence(run_id: UUID, attempt: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which an attempt may still write."""
    return (Run.id == run_id, Run.attempt == attempt, Run.status == "running")


async def finish(
    session: AsyncSession, run_id: UUID, attempt: int, ending: Ending, *, usage: Json, path: str | None = None
) -> tuple[Run, list[RunEvent]]:
    """Give an attempt's run its next status and, in the same transaction, the event that tells it.

    `path` is the route of its agent under `/v1`. Raises AttemptLost.
    """
    run = await session.scalar(select(Run).where(*fence(run_id, attempt)).with_for_update())
    if run is None:
        raise AttemptLost
    run.usage = usage
    run.heartbeat_at = None
    return run, await conclude(session, run, ending, path=path)


async def conclude(session: AsyncSession, run: Run, ending: Ending, *, path: str | None = None) -> list[RunEvent]:
    """Write an ending to a locked run: status, result, time, event, and for an end what webhooks tell of it."""
    run.status = ending.status
    if ending.error is not None:
        ending = replace(ending, error={**ending.error, "request_id": run.request_id or ""})
    if ending.status in TERMINAL:
        run.output, run.error, run.finished_at = ending.output, ending.error, now()
        await append_webhook_event(session, run.project_id, f"run.{run.status}", told_of(run, path))
    event = ending.event(run.usage)
    return append_to(session, run, event) if event else []


def told_of(run: Run, path: str | None) -> Json:
    """Return what a webhook tells of a run: not its result, but where that is."""
    links = link_run(run.id, path).model_dump()
    return {"run_id": str(run.id), "agent": run.agent, "status": run.status, "links": links}


async def beat(session: AsyncSession, attempts: dict[UUID, int]) -> dict[UUID, bool]:
    """Say that these attempts are alive; return those still ours, each with whether its cancellation is asked for."""
    rows = await session.execute(
        text(
            "update runs set heartbeat_at = now() from unnest(cast(:ids as uuid[]), cast(:attempts as int[]))"
            " as held(id, attempt) where runs.id = held.id and runs.attempt = held.attempt"
            " and runs.status = 'running' returning runs.id, runs.cancel_requested_at is not null"
        ),
        {"ids": list(attempts), "attempts": list(attempts.values())},
    )
    return {run_id: cancelled for run_id, cancelled in rows}


async def list_events(session: AsyncSession, run_id: UUID, *, after: int, limit: int = 500) -> Sequence[RunEvent]:
    """Return the events after `after` in order, at most `limit`."""
    query = select(RunEvent).where(RunEvent.run_id == run_id, RunEvent.seq > after).order_by(RunEvent.seq).limit(limit)
    return (await session.scalars(query)).all()


async def get_question(session: AsyncSession, run_id: UUID) -> RunEvent:
    """Return the last question of a run that waits."""
    query = select(RunEvent).where(RunEvent.run_id == run_id, RunEvent.type == "run.waiting")
    return (await session.scalars(query.order_by(RunEvent.seq.desc()).limit(1))).one()


async def find_given_input(session: AsyncSession, run_id: UUID) -> RunEvent | None:
    """Return a person's answer when it came after the last question."""
    query = (
        select(RunEvent)
        .where(RunEvent.run_id == run_id, RunEvent.type.in_(("run.waiting", "run.resumed")))
        .order_by(RunEvent.seq.desc())
        .limit(1)
    )
    last = await session.scalar(query)
    return last if last is not None and last.type == "run.resumed" else None
