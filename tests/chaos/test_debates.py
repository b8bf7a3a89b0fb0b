"""Debates whose workers are killed at every step: the record is that of undisturbed ones, no call is made twice."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest

from app.agents.debate import AGENT
from app.agents.debate.schemas import DebateInput
from app.db import DEFAULT_PROJECT
from app.errors import Conflict
from app.runs.admit import give_input
from app.runs.dispatch import Delivery
from app.runs.models import TERMINAL
from app.settings import Settings
from tests.chaos.conftest import Desk
from tests.chaos.mortal import list_calls, two_workers
from tests.support.debating import build_input
from tests.support.dying import dig_graves
from tests.support.processes import running_worker

DEBATES = (
    build_input(topic=None, theme="harbour storms", cross_examination=True, web=True, judges=2),
    build_input(human="con", max_drafts=1),
)
STEPS = len(AGENT.build().nodes)
SPEECH = {"text": "Harbour traffic increased 8% in 2023."}


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"max_attempts": STEPS + 1})


async def count_told(desk: Desk, run_id: UUID) -> Counter[str]:
    """Count what a run's log tells of the debate, by type."""
    return Counter(event.type for event in await desk.log_of(run_id) if event.type.startswith("debate."))


async def hold(desk: Desk, debates: Sequence[DebateInput]) -> list[UUID]:
    """Hold debates side by side, answering wherever a person is asked; return their runs."""
    run_ids = [await desk.admit(debate, AGENT) for debate in debates]
    async with asyncio.TaskGroup() as group:
        for run_id in run_ids:
            group.create_task(speak_until_done(desk, run_id))
    return run_ids


async def speak_until_done(desk: Desk, run_id: UUID) -> None:
    """Give the speech to every question of a run until it ends, twice at once: one is taken, the other refused."""
    while (await desk.wait_for(run_id, "waiting", *TERMINAL, seconds=180)).status == "waiting":
        question = (await desk.log_of(run_id))[-1].seq
        taken = await asyncio.gather(*(answer(desk, run_id, question) for _ in range(2)))
        assert sorted(taken) == [False, True]


async def answer(desk: Desk, run_id: UUID, question: int) -> bool:
    """Answer a question; return whether the answer was taken."""
    try:
        async with desk.sessions.begin() as session:
            run, _ = await give_input(session, DEFAULT_PROJECT, run_id, SPEECH, question=question)
    except Conflict:
        return False
    await desk.dispatcher.enqueue_many([Delivery.of(run)])
    return True


async def test_debates_killed_at_every_step_end_as_undisturbed_ones(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    graves = dig_graves(AGENT, tmp_path / "graves")
    async with two_workers(settings, tmp_path, graves) as ever:
        killed = await hold(desk, DEBATES)
        deaths = sum(not worker.lives for worker in ever)
    with running_worker(settings, tmp_path):
        undisturbed = await hold(desk, DEBATES)
    assert (list(graves.iterdir()), deaths) == ([], STEPS)
    for mine, theirs in zip(killed, undisturbed, strict=True):
        run, other = await desk.get(mine), await desk.get(theirs)
        assert (run.status, run.output) == ("succeeded", other.output)
        assert await list_calls(desk, mine) <= await list_calls(desk, theirs)
        assert await count_told(desk, mine) <= await count_told(desk, theirs)
