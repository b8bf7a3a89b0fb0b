"""Redis and Postgres die and come back while runs are held: those go on, and new ones begin as before."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app.db import DEFAULT_PROJECT, Sessions, now
from app.embedded import PostgresServer, RedisServer
from app.llm.ledger import Ledger
from app.runs.models import RunStep
from app.settings import Settings
from tests.chaos.conftest import Desk
from tests.chaos.test_runs import check_log, count_lines, reach
from tests.support.agents.steps import StepsInput
from tests.support.processes import running_worker
from tests.support.services import Services, open_services


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    """Servers of this module's own, which it may kill."""
    with open_services() as running:
        yield running


@pytest.fixture(scope="module")
def redis_server(services: Services) -> RedisServer:
    return services.redis


@pytest.fixture(scope="module")
def postgres_server(services: Services) -> PostgresServer:
    return services.postgres


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    """Upkeep comes once in a test at most: what begins sooner does so because the outage's end was noticed."""
    return settings.model_copy(update={"upkeep_seconds": 300.0})


async def test_new_runs_begin_while_others_are_still_held_from_before_a_restart_of_redis(
    desk: Desk, settings: Settings, redis_server: RedisServer, tmp_path: Path, trace: Path
) -> None:
    gate = tmp_path / "gate"
    held = [await desk.admit(StepsInput(steps=3, trace=trace, gate=gate, gate_at=2)) for _ in range(2)]
    with running_worker(settings, tmp_path):
        await reach(trace, "begin 2")
        await desk.wait_for(held[1], "running")
        redis_server.kill()
        during = await desk.admit(StepsInput(steps=1))
        redis_server.start()
        after = await desk.admit(StepsInput(steps=1))
        begun = [await desk.wait_for(run_id, seconds=30) for run_id in (during, after)]
        assert [(await desk.get(run_id)).status for run_id in held] == ["running", "running"]
        gate.touch()
        ended = [await desk.wait_for(run_id) for run_id in held]
    assert [(run.status, run.attempt, run.failures) for run in begun + ended] == [("succeeded", 1, 0)] * 4
    assert count_lines(trace, "begin 2") == 2
    for run in begun + ended:
        await check_log(desk, run.id)


async def test_runs_go_on_at_their_last_step_after_a_restart_of_postgres(
    desk: Desk, settings: Settings, postgres_server: PostgresServer, tmp_path: Path, trace: Path
) -> None:
    gate = tmp_path / "gate"
    held = await desk.admit(StepsInput(steps=4, trace=trace, gate=gate, gate_at=3))
    with running_worker(settings, tmp_path):
        await reach(trace, "begin 3")
        postgres_server.stop()
        gate.touch()
        await reach(trace, "end 3")
        postgres_server.start()
        after = await desk.admit(StepsInput(steps=1))
        runs = [await desk.wait_for(run_id) for run_id in (held, after)]
    assert [(run.status, run.failures) for run in runs] == [("succeeded", 0)] * 2
    assert [count_lines(trace, f"begin {number}") for number in (1, 2)] == [1, 1]
    for run in runs:
        await check_log(desk, run.id)


async def test_what_was_done_during_a_restart_of_postgres_is_noted_after_it(
    desk: Desk, sessions: Sessions, postgres_server: PostgresServer
) -> None:
    run_id, ledger = await desk.admit(StepsInput(steps=1)), Ledger(sessions)
    step = {"node": "read", "scope": "read", "outcome": "ok", "started_at": now(), "duration_ms": 1}
    postgres_server.stop()
    written = ledger.add(
        {"project_id": DEFAULT_PROJECT, "run_id": run_id, "attempt": 1, **step}, wait=True, into=RunStep
    )
    await asyncio.sleep(0.2)
    assert not written.done()
    postgres_server.start()
    await written
    async with sessions() as session:
        assert await session.scalar(select(RunStep.node).where(RunStep.run_id == run_id)) == "read"


async def test_a_connection_used_a_moment_before_a_restart_of_postgres_is_not_taken_to_be_alive(
    desk: Desk, postgres_server: PostgresServer
) -> None:
    await asyncio.gather(*(desk.admit(StepsInput(steps=1)) for _ in range(4)))
    postgres_server.stop()
    postgres_server.start()
    await asyncio.gather(*(desk.admit(StepsInput(steps=1)) for _ in range(4)))
