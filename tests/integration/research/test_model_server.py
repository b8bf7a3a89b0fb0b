"""Research with a model server that misbehaves, over real HTTP; what comes of it stands as a table in the docs."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr

from app.agents.research import AGENT
from app.agents.research.schemas import ResearchOutput
from app.db import DEFAULT_PROJECT, Sessions
from app.llm.runner import ModelRunner, RunRef, build_models
from app.llm.servers import ModelServers
from app.settings import Settings
from tests.support.embedders import HashEmbedder
from tests.support.misbehaving import FAULTS, QUESTION, TRUE, Fault, build_script, telling
from tests.support.research import publish_library, research
from tests.support.stub_openai import StubOpenAI

EMBEDDER = HashEmbedder()
PAGE = Path(__file__).parents[3] / "docs" / "research.md"
HEAD = "| the model … | calls | searches | rounds | rejected | left out | stopped by | answer |\n" + "|---" * 8 + "|"
LIES_ONLY = "writes nothing but lies"


@pytest.fixture(scope="module")
def stub() -> Iterator[StubOpenAI]:
    with StubOpenAI(models=["stub-model"]) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def library(sessions: Sessions) -> None:
    await publish_library(sessions, EMBEDDER)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def servers(settings: Settings, sessions: Sessions, stub: StubOpenAI) -> AsyncIterator[ModelServers]:
    chosen = settings.model_copy(
        update={
            "engine": "openai",
            "openai_base_url": stub.url,
            "openai_api_key": SecretStr("test-key"),
            "model": "stub-model",
        }
    )
    opened = ModelServers(chosen, sessions)
    yield opened
    await opened.aclose()


def open_models(settings: Settings, sessions: Sessions, servers: ModelServers, stub: StubOpenAI) -> ModelRunner:
    """Return what a run on the stub calls."""
    chosen = settings.model_copy(update={"engine": "openai", "openai_base_url": stub.url, "model": "stub-model"})
    run = RunRef(project_id=DEFAULT_PROJECT, run_id=None)
    return build_models(chosen, offline=AGENT.offline, sessions=sessions, run=run, servers=servers)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ended(
    settings: Settings, sessions: Sessions, servers: ModelServers, stub: StubOpenAI
) -> dict[str, tuple[ResearchOutput, int]]:
    """One run a fault: its output, and how many calls it made."""
    outcomes = {}
    for fault in FAULTS:
        stub.reset()
        stub.answer_with(build_script(fault))
        models = open_models(settings, sessions, servers, stub)
        output, _ = await research(sessions, EMBEDDER, QUESTION, models=models, remember=False)
        outcomes[fault.does] = output, len(stub.chats)
    return outcomes


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.does for fault in FAULTS])
async def test_nothing_of_a_fault_reaches_the_reader(
    fault: Fault, ended: dict[str, tuple[ResearchOutput, int]]
) -> None:
    output, _ = ended[fault.does]
    read = " ".join([output.answer, *(f.text for f in output.findings), *output.follow_ups])
    assert [trace for trace in fault.traces if trace in read] == []
    assert output.answer.startswith(TRUE) or fault.does == LIES_ONLY


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.does for fault in FAULTS])
async def test_a_run_stays_within_its_caps(fault: Fault, ended: dict[str, tuple[ResearchOutput, int]]) -> None:
    usage = ended[fault.does][0].usage
    assert usage.rounds <= 3
    assert usage.searches <= 60
    assert usage.prompt_tokens + usage.answer_tokens <= 10_000


async def test_lies_alone_give_no_prose(ended: dict[str, tuple[ResearchOutput, int]]) -> None:
    output, _ = ended[LIES_ONLY]
    assert (output.answer, output.citations) == ("Not in this collection.", [])
    assert [n.text for n in output.not_supported] == ["Sales were $5 million [F1]."]


async def test_a_question_is_answered_in_its_language(
    settings: Settings, sessions: Sessions, servers: ModelServers, stub: StubOpenAI
) -> None:
    german = "Apples Nettoumsatz betrug $81,797 million in den drei Monaten bis zum 1. Juli 2023 [{id}]."
    stub.reset()
    stub.answer_with(build_script(Fault(does="answers in German", answers=telling(german))))
    models = open_models(settings, sessions, servers, stub)
    question = "Wie hoch war Apples Nettoumsatz in den drei Monaten bis zum 1. Juli 2023?"
    output, _ = await research(sessions, EMBEDDER, question, models=models, remember=False)
    asked = stub.chats[-1].prompt
    assert "in the language of the question" in asked
    assert question in asked
    assert output.answer == german.replace("{id}", "2023 Q3 AAPL.pdf, pg. 4")


async def test_the_page_on_research_shows_what_came_of_each(ended: dict[str, tuple[ResearchOutput, int]]) -> None:
    """With UPDATE_DOCS set, the table of the page is written anew."""
    table = "\n".join([HEAD, *(row(does, *outcome) for does, outcome in ended.items())])
    text = PAGE.read_text()
    if os.environ.get("UPDATE_DOCS"):
        start, end = text.index("| the model …"), text.index("\n\n", text.index("| the model …"))
        PAGE.write_text(text[:start] + table + text[end:])
    assert table in PAGE.read_text()


def row(does: str, output: ResearchOutput, calls: int) -> str:
    """Return a fault's line of the table."""
    usage = output.usage
    said = "the true figure, cited" if TRUE in output.answer else output.answer
    counted = (calls, usage.searches, usage.rounds, output.rejected, len(output.not_supported))
    return f"| {does} | {' | '.join(map(str, counted))} | {usage.stopped_by} | {said} |"
