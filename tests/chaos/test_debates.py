"""A debate whose worker is killed again and again: the record is that of an undisturbed one, no call is made twice."""

from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from app.agents.debate import AGENT
from app.llm.ledger import FINISHED
from app.llm.models import LlmCall
from app.settings import Settings
from tests.chaos.conftest import Desk
from tests.support.debating import build_input
from tests.support.processes import running_worker
from tests.support.waiting import eventually

KILLED_AT = ("debate.floor_given", "debate.evidence_found", "debate.claim_checked", "debate.speech_finished")


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"max_attempts": len(KILLED_AT) + 2})


async def list_calls(desk: Desk, run_id: UUID) -> Counter[tuple[str, str]]:
    """Count a run's finished calls by node and request."""
    query = select(LlmCall.node, LlmCall.request_hash).where(LlmCall.run_id == run_id, LlmCall.outcome == FINISHED)
    async with desk.sessions() as session:
        return Counter((node, request) for node, request in await session.execute(query))


async def count_told(desk: Desk, run_id: UUID) -> Counter[str]:
    """Count what a run's log tells of the debate, by type."""
    return Counter(event.type for event in await desk.log_of(run_id) if event.type.startswith("debate."))


async def kill_at_each_step(desk: Desk, settings: Settings, folder: Path, run_id: UUID) -> int:
    """Let a worker come to each of the steps in turn and kill it there; return how many died at work."""
    for turn, step in enumerate(KILLED_AT, start=1):
        with running_worker(settings, folder):

            async def has_come(step: str = step, turn: int = turn) -> bool:
                run, log = await desk.get(run_id), await desk.log_of(run_id)
                seen = Counter(event.type for event in log)
                return run.attempt == turn and seen["run.started"] == turn and log[-1].type != "run.started"

            await eventually(has_come)
    return (await desk.get(run_id)).attempt


async def test_killed_debate_ends_as_an_undisturbed_one(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    held = build_input(cross_examination=True, judges=2)
    run_id = await desk.admit(held, AGENT)
    deaths = await kill_at_each_step(desk, settings, tmp_path, run_id)
    with running_worker(settings, tmp_path):
        killed = await desk.wait_for(run_id)
        undisturbed_id = await desk.admit(held, AGENT)
        undisturbed = await desk.wait_for(undisturbed_id)
    assert (deaths, killed.status, undisturbed.status) == (len(KILLED_AT), "succeeded", "succeeded")
    assert killed.output == undisturbed.output
    assert await list_calls(desk, run_id) <= await list_calls(desk, undisturbed_id)
    assert await count_told(desk, run_id) <= await count_told(desk, undisturbed_id)
