"""Admitting many runs at once."""

import httpx2
from sqlalchemy import text

from app.api.deps import Service
from app.db import DEFAULT_PROJECT, Sessions
from app.runs.admit import admit, admit_many
from app.runs.dispatch import MANY, Delivery
from tests.integration.runs.conftest import wait_for
from tests.support.agents.steps import AGENT, StepsInput

OWN = ("id", "thread_id", "created_at")


async def test_one_of_many_runs_is_admitted_as_one_alone_is(sessions: Sessions) -> None:
    given = StepsInput(steps=2)
    async with sessions.begin() as session:
        alone = await admit(session, project_id=DEFAULT_PROJECT, agent=AGENT, input=given, engine="offline")
        many = await admit_many(session, project_id=DEFAULT_PROJECT, agent=AGENT, inputs=[given] * 3, engine="offline")
    async with sessions() as session:
        ids = [run.id for run in (alone, *many)]
        rows = await session.scalars(text("select to_jsonb(r) from runs r where id = any(:ids)"), {"ids": ids})
        first, *others = [{name: value for name, value in row.items() if name not in OWN} for row in rows]
    assert others == [first] * 3
    assert all(run.thread_id == run.id for run in many)


async def test_many_runs_put_on_a_queue_by_one_delivery_are_all_worked_on(
    http: httpx2.AsyncClient, service: Service, sessions: Sessions, worker: None
) -> None:
    inputs = [StepsInput(steps=1)] * (MANY + 5)
    async with sessions.begin() as session:
        runs = await admit_many(session, project_id=DEFAULT_PROJECT, agent=AGENT, inputs=inputs, engine="offline")
    await service.dispatcher.enqueue_many([Delivery.of(run) for run in runs])
    ended = [await wait_for(http, str(run.id)) for run in runs]
    assert {run["status"] for run in ended} == {"succeeded"}
