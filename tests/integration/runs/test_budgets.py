"""Budgets of whole runs: every agent has one, keeps to it, and says what it spent."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from app.agents.registry import discover
from app.db import Sessions
from app.llm.budget import Budgeted
from app.resources import Resources
from app.settings import Settings
from tests.integration.runs.conftest import wait_for
from tests.support.debating import SOURCES, TOPIC
from tests.support.research import publish_library
from tests.support.scripted_server import Answers
from tests.support.stub_openai import StubOpenAI

CALLS = 3
QUESTION = "What were Apple's total net sales in the three months ended July 1, 2023?"
TEXT = b"# Halden Instruments\n\nHalden Instruments sold 411 detectors in fiscal 2024.\n" * 3


@pytest.fixture(scope="module")
def stub() -> Iterator[StubOpenAI]:
    with StubOpenAI() as running:
        running.answer_with(Answers())
        yield running


@pytest.fixture(scope="module")
def settings(settings: Settings, stub: StubOpenAI) -> Settings:
    model = {"engine": "openai", "openai_base_url": stub.url, "model": "stub-model"}
    return settings.model_copy(update={**model, "budget": {"calls": CALLS}})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def library(sessions: Sessions, resources: Resources) -> None:
    await publish_library(sessions, resources.embedder)


pytestmark = pytest.mark.usefixtures("library", "worker")


async def start(http: httpx2.AsyncClient, agent: str, **budget: float) -> dict[str, Any]:
    """Run an agent, with the settings' budget or its own, to its end."""
    bodies: dict[str, dict[str, Any]] = {
        "research": {"question": QUESTION},
        "debate": {"topic": TOPIC, "collection": None, "sources": SOURCES},
    }
    if agent == "pyramid":
        response = await http.post("/v1/documents", files={"file": ("halden.md", TEXT, "text/markdown")})
        return await wait_for(http, response.json()["run"]["id"])
    response = await http.post(f"/v1/{discover()[agent].path}", json={**bodies[agent], "budget": budget})
    assert response.status_code == 202, response.text
    return await wait_for(http, response.json()["id"])


@pytest.mark.parametrize("name", discover())
def test_every_agent_s_input_has_a_budget(name: str) -> None:
    agent = discover()[name]
    assert issubclass(agent.input, Budgeted)
    assert "budget" in agent.input.model_json_schema()["properties"]


@pytest.mark.parametrize("name", discover())
async def test_no_agent_makes_more_calls_than_the_settings_allow(
    name: str, http: httpx2.AsyncClient, stub: StubOpenAI
) -> None:
    stub.received.clear()
    run = await start(http, name)
    assert run["status"] == "succeeded" or run["error"]["code"] == "budget_exceeded", run["error"]
    assert 1 <= len(stub.chats) <= CALLS
    assert run["usage"]["calls"] == len(stub.chats)


async def test_the_record_of_a_run_has_every_cap_that_held(http: httpx2.AsyncClient) -> None:
    run = await start(http, "research", searches=7)
    caps = {cap: value for cap, value in run["input"]["budget"].items() if value is not None}
    assert caps == {"calls": CALLS, "searches": 7, "tokens": 10_000, "seconds": 300}


@pytest.mark.parametrize("budget", [{"calls": 1}, {"tokens": 1000}, {"searches": 1}, {"output_tokens": 10}])
async def test_research_at_its_cap_ends_with_what_it_has(budget: dict[str, float], http: httpx2.AsyncClient) -> None:
    run = await start(http, "research", **budget)
    assert run["status"] == "succeeded", run["error"]
    assert "$81,797 million" in run["output"]["answer"]


async def test_usage_tells_searches_and_seconds(http: httpx2.AsyncClient) -> None:
    run = await start(http, "research", searches=2)
    assert 1 <= run["usage"]["searches"] <= 2
    assert 0 < run["usage"]["seconds"] < 300
