"""A worker killed the moment a model has answered: that call is paid again, and no other."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from uuid import UUID

import pytest

from app.agents.debate import AGENT
from app.settings import Settings
from tests.chaos.conftest import Desk
from tests.support.debating import build_input
from tests.support.processes import running_worker
from tests.support.scripted_server import Answers
from tests.support.stub_openai import StubOpenAI

DIES_AFTER = (1, 4, 9)
"""Answers of the server, counted over all workers: before the first speech, in its check, among the judges' calls."""


@pytest.fixture(scope="module")
def stub() -> Iterator[StubOpenAI]:
    with StubOpenAI() as running:
        yield running


@pytest.fixture(scope="module")
def settings(settings: Settings, stub: StubOpenAI) -> Settings:
    model = {"engine": "openai", "openai_base_url": stub.url, "model": "stub-model"}
    return settings.model_copy(update={**model, "max_attempts": len(DIES_AFTER) + 2})


async def start_debate(desk: Desk, stub: StubOpenAI) -> UUID:
    """Start a debate and count the server's answers from now on."""
    stub.reset()
    stub.answer_with(Answers())
    return await desk.admit(build_input(judges=1), AGENT)


def die_after(stub: StubOpenAI, death: int) -> Future[int]:
    """Kill the worker whose id is given to the future as soon as that many answers have gone out."""
    doomed: Future[int] = Future()

    def strike(count: int) -> None:
        if count == death:
            os.kill(doomed.result(60), signal.SIGKILL)

    stub.on_answered = strike
    return doomed


async def test_each_death_costs_at_most_the_call_it_interrupted(
    desk: Desk, settings: Settings, stub: StubOpenAI, tmp_path: Path
) -> None:
    run_id = await start_debate(desk, stub)
    for death in DIES_AFTER:
        doomed = die_after(stub, death)
        with running_worker(settings, tmp_path) as worker:
            assert worker.pid is not None
            doomed.set_result(worker.pid)
            assert worker.wait() == -signal.SIGKILL
    with running_worker(settings, tmp_path):
        run = await desk.wait_for(run_id)
        assert (run.status, run.attempt) == ("succeeded", len(DIES_AFTER) + 1)
        killed = len(stub.answered)
        undisturbed = await desk.wait_for(await start_debate(desk, stub))
    assert undisturbed.status == "succeeded"
    assert len(stub.answered) < killed <= len(stub.answered) + len(DIES_AFTER)
