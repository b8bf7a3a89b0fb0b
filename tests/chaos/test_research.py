"""Research whose workers are killed at every step: the same report as undisturbed, no finished call is made twice."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from pydantic import SecretStr

from app.agents.research import AGENT
from app.agents.research.schemas import ResearchInput
from app.db import DEFAULT_PROJECT, Json
from app.resources import Resources
from app.runs.admit import give_input
from app.runs.dispatch import Delivery
from app.runs.models import TERMINAL, Run
from app.settings import Settings
from tests.chaos.conftest import Desk
from tests.chaos.mortal import list_calls, two_workers
from tests.support.dying import dig_graves
from tests.support.misbehaving import QUESTION, Fault, build_script, lying
from tests.support.processes import running_worker
from tests.support.research import publish_library
from tests.support.stub_openai import StubOpenAI

ASKING = Fault(
    does="asks back, and lies until it is told",
    answers={
        "clarify": lambda _: json.dumps({"question": "Of which company?"}),
        "write": lying("Apple's total net sales were $81,798 million in that quarter [{id}].")["write"],
    },
)
REPLIES: dict[str, Json] = {"clarify": {"answer": "Apple"}, "approve_plan": {"approved": True}}


@pytest.fixture(scope="module")
def stub() -> Iterator[StubOpenAI]:
    with StubOpenAI(models=["stub-model"], dimension=64) as running:
        running.answer_with(build_script(ASKING))
        yield running


@pytest.fixture(scope="module")
def settings(settings: Settings, stub: StubOpenAI) -> Settings:
    return settings.model_copy(
        update={
            "max_attempts": len(AGENT.build().nodes) + 2,
            "openai_base_url": stub.url,
            "openai_api_key": SecretStr("test-key"),
            "model": "stub-model",
            "embedding_dimension": 64,
        }
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def library(resources: Resources) -> None:
    await publish_library(resources.sessions, resources.embedder)


async def ask(desk: Desk) -> Run:
    """Ask interactively, answering what is asked back; return the run at its end."""
    run_id = await desk.admit(ResearchInput(question=QUESTION, interactive=True, remember=False), AGENT)
    while (await desk.wait_for(run_id, "waiting", *TERMINAL, seconds=180)).status == "waiting":
        await reply(desk, run_id)
    return await desk.get(run_id)


async def reply(desk: Desk, run_id: UUID) -> None:
    """Answer the question a run waits with."""
    question = (await desk.log_of(run_id))[-1]
    kind = question.data["question"]["kind"]
    async with desk.sessions.begin() as session:
        run, _ = await give_input(session, DEFAULT_PROJECT, run_id, REPLIES[kind], question=question.seq)
    await desk.dispatcher.enqueue_many([Delivery.of(run)])


@pytest.mark.parametrize("answered_by", ["openai", "offline"])
async def test_research_killed_at_every_step_ends_with_the_same_report(
    answered_by: str, desk: Desk, settings: Settings, stub: StubOpenAI, tmp_path: Path
) -> None:
    chosen = settings.model_copy(update={"engine": answered_by})
    graves = dig_graves(AGENT, tmp_path / "graves")
    if answered_by == "offline":
        for never in ("ask_person", "repair"):
            (graves / never).unlink()
    steps, before = len(list(graves.iterdir())), len(stub.chats)
    async with two_workers(chosen, tmp_path, graves) as ever:
        killed = await ask(desk)
        deaths = sum(not worker.lives for worker in ever)
    paid = len(stub.chats) - before
    with running_worker(chosen, tmp_path):
        undisturbed = await ask(desk)
    assert (list(graves.iterdir()), deaths) == ([], steps)
    assert (killed.status, killed.output) == ("succeeded", undisturbed.output)
    assert await list_calls(desk, killed.id) == await list_calls(desk, undisturbed.id)
    assert len(stub.chats) - before == 2 * paid
    stub.received.clear()
