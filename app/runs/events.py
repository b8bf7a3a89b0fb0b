"""Reading a run's log as it grows."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from uuid import UUID

from sqlalchemy import select

from app.db import Json, Sessions
from app.runs.bus import EventBus, Listener
from app.runs.models import TERMINAL, Run, RunEvent
from app.runs.repository import list_events

HEARTBEAT_SECONDS = 15.0
LAST_TYPES = frozenset(f"run.{status}" for status in TERMINAL)


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
    `on_live` is told of events that came while listening.
    """
    cursor = after
    async with bus.listen(run_id) as listener:
        while True:
            events, ended = await _read(sessions, run_id, cursor)
            for event in events:
                cursor = event["seq"]
                yield event
            if ended:
                return
            async for message in _live(listener, cursor, heartbeat):
                if message and "seq" in message:
                    cursor = message["seq"]
                    if on_live:
                        on_live(message)
                yield message
                if message and message["type"] in LAST_TYPES:
                    return


async def _read(sessions: Sessions, run_id: UUID, cursor: int) -> tuple[list[Json], bool]:
    async with sessions() as session:
        events = await list_events(session, run_id, after=cursor)
        run = (await session.execute(select(Run.status, Run.last_seq).where(Run.id == run_id))).one_or_none()
    last = events[-1].seq if events else cursor
    ended = run is None or (run.status in TERMINAL and last >= run.last_seq)
    return [event_view(event) for event in events], ended


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


async def wait_until_ended(sessions: Sessions, bus: EventBus, run_id: UUID, *, seconds: float) -> None:
    """Return when the run has ended or waits for a person, after `seconds` at the latest."""
    try:
        async with asyncio.timeout(seconds):
            async with aclosing(follow(sessions, bus, run_id)) as events:
                async for event in events:
                    if event is not None and event["type"] == "run.waiting":
                        return
    except TimeoutError:
        return
