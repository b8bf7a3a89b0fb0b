"""What upkeep puts back, answers and drops."""

import asyncio
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, text, update

from app.db import DEFAULT_PROJECT, Sessions, now
from app.resources import Resources
from app.runs import repository, upkeep
from app.runs.admit import admit, request_cancel
from app.runs.bus import open_bus
from app.runs.checkpoints import drop_checkpoints
from app.runs.dispatch import open_dispatcher
from app.runs.models import IdempotencyKey, Run, RunEvent
from app.runs.repository import Ending
from tests.support.agents.steps import AGENT, StepsInput

LOST_AFTER = 5.0
POLICY = upkeep.Policy(every=1, lost_after=LOST_AFTER, event_days=30, run_days=60, prompt_days=10)


async def admit_one(sessions: Sessions) -> UUID:
    async with sessions.begin() as session:
        run = await admit(session, project_id=DEFAULT_PROJECT, agent=AGENT, input=StepsInput(), engine="offline")
    return run.id


async def look_after(sessions: Sessions) -> dict[UUID, int]:
    found = await upkeep.look_after(sessions, POLICY)
    return {delivery.run_id: delivery.attempt for delivery in found.deliveries}


async def test_queued_and_silent_runs_are_delivered_again(sessions: Sessions) -> None:
    queued, running, silent = [await admit_one(sessions) for _ in range(3)]
    async with sessions.begin() as session:
        for run_id in (running, silent):
            await repository.begin_attempt(session, run_id, lost_after=LOST_AFTER)
        old = now() - timedelta(minutes=1)
        await session.execute(update(Run).where(Run.id == silent).values(heartbeat_at=old))
    found = await look_after(sessions)
    assert (found[queued], found[silent]) == (0, 1)
    assert running not in found


async def test_one_process_at_a_time_keeps_up(sessions: Sessions) -> None:
    await admit_one(sessions)
    async with sessions.begin() as session:
        await session.execute(select(func.pg_advisory_xact_lock(upkeep.ONE_AT_A_TIME)))
        assert await look_after(sessions) == {}
    assert await look_after(sessions) != {}


async def test_what_has_expired_is_dropped(sessions: Sessions) -> None:
    old_run, young_run = await admit_one(sessions), await admit_one(sessions)
    async with sessions.begin() as session:
        for run_id in (old_run, young_run):
            await repository.begin_attempt(session, run_id, lost_after=LOST_AFTER)
            await repository.finish(session, run_id, 1, Ending(status="cancelled"), usage={})
        await session.execute(update(Run).where(Run.id == old_run).values(finished_at=now() - timedelta(days=31)))
        for key, age in (("old", 25), ("young", 23)):
            made = now() - timedelta(hours=age)
            session.add(IdempotencyKey(project_id=DEFAULT_PROJECT, key=key, fingerprint="", created_at=made))
    await upkeep.tidy(sessions, POLICY)
    async with sessions() as session:
        for run_id, left in ((old_run, ["run.cancelled"]), (young_run, ["run.started", "run.cancelled"])):
            assert [event.type for event in await repository.list_events(session, run_id, after=0)] == left
        assert list(await session.scalars(select(IdempotencyKey.key))) == ["young"]


async def test_checkpoints_of_ended_and_unknown_runs_are_dropped(sessions: Sessions) -> None:
    ended, alive = await admit_one(sessions), await admit_one(sessions)
    async with sessions.begin() as session:
        await request_cancel(session, DEFAULT_PROJECT, ended, AGENT)
        for thread_id in (str(ended), str(alive), "00000000-0000-7000-8000-00000000dead"):
            insert = "insert into checkpoints (thread_id, checkpoint_id, checkpoint) values (:id, '1', '{}')"
            await session.execute(text(insert), {"id": thread_id})
    await look_after(sessions)
    async with sessions() as session:
        assert list(await session.scalars(text("select thread_id from checkpoints"))) == [str(alive)]


async def test_answers_given_for_people_go_out_to_those_who_listen(sessions: Sessions, resources: Resources) -> None:
    run_id = await admit_one(sessions)
    async with sessions.begin() as session:
        await repository.begin_attempt(session, run_id, lost_after=LOST_AFTER)
    question = {"question": {"seconds": 0, "otherwise": {"go": "on"}}}
    async with sessions.begin() as session:
        await repository.finish(session, run_id, 1, Ending(status="waiting", question=question), usage={})
    async with open_bus(resources.redis) as bus, open_dispatcher(resources.redis_url) as dispatcher:
        async with bus.listen(run_id) as listener:
            keeper = asyncio.create_task(upkeep.keep_up(sessions, dispatcher, bus, POLICY))
            while (message := await listener.get(20)) is None:
                pass
            keeper.cancel()
    assert (message["type"], message["data"]["input"]) == ("run.resumed", {"go": "on"})


async def test_ended_runs_go_after_their_days_with_all_that_hangs_on_them(sessions: Sessions) -> None:
    old_run, young_run, unended = [await admit_one(sessions) for _ in range(3)]
    async with sessions.begin() as session:
        for run_id in (old_run, young_run):
            await request_cancel(session, DEFAULT_PROJECT, run_id, AGENT)
        for run_id, days in ((old_run, 61), (young_run, 59)):
            await session.execute(update(Run).where(Run.id == run_id).values(finished_at=now() - timedelta(days=days)))
    await upkeep.tidy(sessions, POLICY)
    async with sessions() as session:
        left = set(await session.scalars(select(Run.id).where(Run.id.in_([old_run, young_run, unended]))))
        events = await session.scalar(select(func.count()).where(RunEvent.run_id == old_run))
    assert (left, events) == ({young_run, unended}, 0)


async def test_checkpoints_that_another_process_is_dropping_are_not_waited_for(sessions: Sessions) -> None:
    ended, other = await admit_one(sessions), await admit_one(sessions)
    async with sessions.begin() as session:
        for run_id in (ended, other):
            await request_cancel(session, DEFAULT_PROJECT, run_id, AGENT)
            insert = "insert into checkpoints (thread_id, checkpoint_id, checkpoint) values (:id, '1', '{}')"
            await session.execute(text(insert), {"id": str(run_id)})
    async with sessions.begin() as session:
        await drop_checkpoints(session, ended)
        async with asyncio.timeout(30):
            await look_after(sessions)
    async with sessions() as session:
        kept = await session.scalars(text("select thread_id from checkpoints"))
        assert {str(ended), str(other)}.isdisjoint(kept)


async def test_what_a_worker_wrote_after_its_run_had_ended_is_dropped(sessions: Sessions) -> None:
    ended = await admit_one(sessions)
    async with sessions.begin() as session:
        await request_cancel(session, DEFAULT_PROJECT, ended, AGENT)
        late = (
            "insert into checkpoint_writes (thread_id, checkpoint_id, task_id, idx, channel, blob)"
            " values (:id, '1', 't', 0, 'c', '')"
        )
        await session.execute(text(late), {"id": str(ended)})
    await look_after(sessions)
    async with sessions() as session:
        assert str(ended) not in list(await session.scalars(text("select thread_id from checkpoint_writes")))
