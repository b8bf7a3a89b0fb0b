"""What a run is told of the runs before it in its thread."""

from uuid import UUID

from sqlalchemy import update
from uuid_utils.compat import uuid7

from app.db import DEFAULT_PROJECT, Json, Sessions
from app.runs.admit import admit
from app.runs.models import Run
from app.runs.repository import list_thread_outputs
from tests.support.agents.steps import AGENT, StepsInput


async def admit_one(
    sessions: Sessions, thread_id: UUID, *, output: Json | None = None, replays: UUID | None = None
) -> Run:
    """Add a run to a thread, ended when it has an output."""
    status = "succeeded" if output else "queued"
    async with sessions.begin() as session:
        run = await admit(
            session,
            project_id=DEFAULT_PROJECT,
            agent=AGENT,
            input=StepsInput(),
            engine="offline",
            thread_id=thread_id,
        )
        await session.execute(update(Run).where(Run.id == run.id).values(output=output, status=status, replays=replays))
        await session.refresh(run)
    return run


async def test_a_run_is_told_what_came_before_it_in_its_thread(sessions: Sessions) -> None:
    thread_id = uuid7()
    await admit_one(sessions, uuid7(), output={"of": "another thread"})
    first = await admit_one(sessions, thread_id, output={"n": 1})
    second = await admit_one(sessions, thread_id, output={"n": 2})
    await admit_one(sessions, thread_id)
    repeated = await admit_one(sessions, thread_id, output={"n": 2}, replays=second.id)
    last = await admit_one(sessions, thread_id)
    async with sessions() as session:
        told = [await list_thread_outputs(session, run) for run in (first, second, repeated, last)]
    assert told == [[], [{"n": 1}], [{"n": 1}], [{"n": 1}, {"n": 2}]]
