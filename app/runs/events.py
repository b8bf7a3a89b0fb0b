"""Reading a run's log as it grows."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from app.db import Json, Sessions
from app.runs.bus import EventBus, Listener
from app.runs.models import TERMINAL, Run, RunEvent
from app.runs.repository import list_events

HEARTBEAT_SECONDS = 15.0
PART = 500
LAST_TYPES = frozenset(f"run.{status}" for status in TERMINAL)


@dataclass(frozen=True, kw_only=True)
class Part:
    """Up to `PART` events of a log in order; `ended` when no further one will ever follow."""

    events: Sequence[Json]
    ended: bool

    @property
    def full(self) -> bool:
        """Whether there may be more to read at once."""
        return len(self.events) == PART


def event_view(event: RunEvent) -> Json:
    """Return an event as it goes out."""
    return {"seq": event.seq, "type": event.type, "data": event.data, "at": event.at.isoformat()}


async def publish(bus: EventBus, run_id: UUID, events: Iterable[RunEvent]) -> None:
    """Send committed events to those who listen."""
    await bus.publish(run_id, [event_view(event) for event in events])


async def follow(
    sessions: Sessions,
    bus: EventBus,
    run_id: UUID,
    *,
    after: int = 0,
    heartbeat: float = HEARTBEAT_SECONDS,
    on_live: Callable[[Json], None] | None = None,
) -> AsyncGenerator[Json | None]:
    """Yield a run's events after `after` until it ends, live deltas between them, None when it was quiet.

    No database session is held while waiting. A gap in what arrives, or a lost connection, is closed from the log.
    `on_live` is told of events that came while listening. When the bus stops it ends early.
    """
    cursor = after
    async with bus.listen(run_id) as listener:
        while not bus.stopping:
            part = await _read(sessions, run_id, cursor)
            for event in part.events:
                cursor = event["seq"]
                yield event
            if part.ended:
                return
            if part.full:
                continue
            async for message in _live(listener, cursor, heartbeat):
                if message and "seq" in message:
                    cursor = message["seq"]
                    if on_live:
                        on_live(message)
                yield message
                if message and message["type"] in LAST_TYPES:
                    return


async def _read(sessions: Sessions, run_id: UUID, cursor: int) -> Part:
    """Return what follows a cursor. The status is read first: once it says an end, every event is there to be read."""
    async with sessions() as session:
        status = await session.scalar(select(Run.status).where(Run.id == run_id))
        rows = await list_events(session, run_id, after=cursor, limit=PART)
    nothing_more = len(rows) < PART and (status is None or status in TERMINAL)
    last = bool(rows) and rows[-1].type in LAST_TYPES
    return Part(events=[event_view(row) for row in rows], ended=last or nothing_more)


async def _live(listener: Listener, cursor: int, heartbeat: float) -> AsyncGenerator[Json | None]:
    """Yield messages that follow `cursor` without a gap; stop where the log has to be read again."""
    while True:
        try:
            message = await listener.get(heartbeat)
        except TimeoutError:
            yield None
            return
        if message is None:
            return
        if "seq" not in message:
            yield message
        elif message["seq"] == cursor + 1:
            cursor += 1
            yield message
        elif message["seq"] > cursor:
            return


async def wait_until_ended(sessions: Sessions, bus: EventBus, run_id: UUID, *, seconds: float, after: int = 0) -> None:
    """Return when the run has ended, or after `after` waits for a person; after `seconds` at the latest."""
    try:
        async with asyncio.timeout(seconds):
            async with aclosing(follow(sessions, bus, run_id, after=after)) as events:
                async for event in events:
                    if event is not None and event["type"] == "run.waiting":
                        return
    except TimeoutError:
        return
