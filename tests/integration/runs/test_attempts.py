"""The fence: of several workers that think they have a run, one may write."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from app.db import DEFAULT_PROJECT, Sessions
from app.runs import repository
from app.runs.admit import admit, request_cancel
from app.runs.models import Run, RunEvent
from app.runs.repository import AttemptLost, Ending, NewEvent
from tests.support.agents.steps import AGENT, StepsInput

LOST_AFTER = 5.0


@pytest_asyncio.fixture(loop_scope="session")
async def run_id(sessions: Sessions) -> AsyncIterator[UUID]:
    async with sessions.begin() as session:
        run = await admit(session, project_id=DEFAULT_PROJECT, agent=AGENT, input=StepsInput(), engine="offline")
    yield run.id


async def begin(sessions: Sessions, run_id: UUID) -> Run | None:
    async with sessions.begin() as session:
        begun = await repository.begin_attempt(session, run_id, lost_after=LOST_AFTER)
    return begun and begun[0]


async def finish(sessions: Sessions, run: Run, ending: Ending) -> None:
    async with sessions.begin() as session:
        await repository.finish(session, run.id, run.attempt, ending, usage={})


async def append(sessions: Sessions, run: Run, *events: NewEvent) -> list[RunEvent]:
    async with sessions.begin() as session:
        return await repository.append_events(session, run.id, run.attempt, events)


async def fall_silent(sessions: Sessions, run_id: UUID) -> None:
    async with sessions.begin() as session:
        await session.execute(
            update(Run).where(Run.id == run_id).values(heartbeat_at=text("now() - interval '1 minute'"))
        )


async def types_of(sessions: Sessions, run_id: UUID) -> list[str]:
    async with sessions() as session:
        return [event.type for event in await repository.list_events(session, run_id, after=0)]


async def test_run_in_good_hands_is_not_taken(sessions: Sessions, run_id: UUID) -> None:
    assert await begin(sessions, run_id) is not None
    assert await begin(sessions, run_id) is None


async def test_of_many_workers_one_begins(sessions: Sessions, run_id: UUID) -> None:
    begun = await asyncio.gather(*(begin(sessions, run_id) for _ in range(8)))
    assert len([run for run in begun if run is not None]) == 1


async def test_second_worker_cannot_finish_a_lost_run(sessions: Sessions, run_id: UUID) -> None:
    first = await begin(sessions, run_id)
    await fall_silent(sessions, run_id)
    second = await begin(sessions, run_id)
    assert first is not None
    assert second is not None
    assert (first.attempt, second.attempt, second.failures) == (1, 2, 1)
    with pytest.raises(AttemptLost):
        await append(sessions, first, NewEvent(type="steps.counted"))
    with pytest.raises(AttemptLost):
        await finish(sessions, first, Ending(status="succeeded", output={}))
    await finish(sessions, second, Ending(status="succeeded", output={}))
    assert await types_of(sessions, run_id) == ["run.started", "run.started", "run.succeeded"]


async def test_two_terminal_events_are_impossible(sessions: Sessions, run_id: UUID) -> None:
    run = await begin(sessions, run_id)
    assert run is not None
    endings = [Ending(status="succeeded", output={}), Ending(status="cancelled"), Ending(status="failed", error={})]
    results = await asyncio.gather(*(finish(sessions, run, each) for each in endings), return_exceptions=True)
    assert [type(result) for result in results].count(AttemptLost) == 2
    assert len(await types_of(sessions, run_id)) == 2
    async with sessions.begin() as session:
        cancelled, events = await request_cancel(session, DEFAULT_PROJECT, run_id, AGENT)
    assert events == []
    assert cancelled.cancel_requested_at is None


async def test_repeated_step_tells_its_event_once(sessions: Sessions, run_id: UUID) -> None:
    run = await begin(sessions, run_id)
    assert run is not None
    assert len(await append(sessions, run, NewEvent(type="steps.counted", key="step 1"))) == 1
    assert await append(sessions, run, NewEvent(type="steps.counted", key="step 1")) == []
    assert await types_of(sessions, run_id) == ["run.started", "steps.counted"]


async def test_events_appended_together_keep_their_order_and_each_key_once(sessions: Sessions, run_id: UUID) -> None:
    run = await begin(sessions, run_id)
    assert run is not None
    keys = ["a", "b", "a", None, None, "c"]
    await append(sessions, run, NewEvent(type="steps.counted", key="b"))
    appended = await append(sessions, run, *(NewEvent(type="steps.counted", key=key) for key in keys))
    assert [(event.seq, event.key) for event in appended] == [(3, "a"), (4, None), (5, None), (6, "c")]


async def test_events_appended_at_once_have_no_gap(sessions: Sessions, run_id: UUID) -> None:
    run = await begin(sessions, run_id)
    assert run is not None
    await asyncio.gather(*(append(sessions, run, NewEvent(type="steps.counted")) for _ in range(12)))
    async with sessions() as session:
        events = await repository.list_events(session, run_id, after=0)
    assert [event.seq for event in events] == list(range(1, 14))


async def test_events_racing_with_one_key_are_stored_once(sessions: Sessions, run_id: UUID) -> None:
    run = await begin(sessions, run_id)
    assert run is not None
    event = NewEvent(type="steps.counted", key="same")
    results = await asyncio.gather(*(append(sessions, run, event) for _ in range(4)), return_exceptions=True)
    assert all(isinstance(result, list | IntegrityError) for result in results)
    assert await types_of(sessions, run_id) == ["run.started", "steps.counted"]


async def test_heartbeat_tells_who_is_lost_and_who_is_to_stop(sessions: Sessions, run_id: UUID) -> None:
    run = await begin(sessions, run_id)
    assert run is not None
    async with sessions.begin() as session:
        assert await repository.beat(session, {run_id: 1}) == {run_id: False}
        await request_cancel(session, DEFAULT_PROJECT, run_id, AGENT)
        await session.flush()
        assert await repository.beat(session, {run_id: 1}) == {run_id: True}
        assert await repository.beat(session, {run_id: 2}) == {}


async def test_progress_is_kept_on_the_run(sessions: Sessions, run_id: UUID) -> None:
    run = await begin(sessions, run_id)
    assert run is not None
    data = {"stage": "reading", "done": 1, "total": 2, "unit": "pages"}
    await append(sessions, run, NewEvent(type="run.progressed", data=data))
    async with sessions() as session:
        assert (await repository.get_run(session, DEFAULT_PROJECT, run_id)).progress == data


async def test_a_locked_run_is_read_anew_even_when_the_session_knew_it(sessions: Sessions, run_id: UUID) -> None:
    async with sessions.begin() as session:
        known = await repository.get_run(session, DEFAULT_PROJECT, run_id)
        assert known.status == "queued"
        await begin(sessions, run_id)
        locked = await repository.lock_run(session, DEFAULT_PROJECT, run_id)
        assert (locked.status, locked.last_seq) == ("running", 1)
