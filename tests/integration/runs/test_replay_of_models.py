"""Runs on a model server answered again from their record, over the API; what the code asks otherwise is named."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from app.agents.debate.tasks import JUDGE
from app.agents.research.prompts import ASSESS_TASK
from app.db import Sessions
from app.knowledge.claims.tasks import SPLIT
from app.resources import Resources
from app.settings import Settings
from tests.integration.runs.conftest import wait_for
from tests.support.debating import SOURCES, TOPIC
from tests.support.research import publish_library
from tests.support.scripted_server import Answers
from tests.support.stub_openai import StubOpenAI

DEBATE = {"topic": TOPIC, "collection": None, "sources": SOURCES, "judges": 2}
RESEARCH = {"question": "What were Apple's total net sales and what legal proceedings are there?", "format": "report"}


@pytest.fixture(scope="module")
def stub() -> Iterator[StubOpenAI]:
    with StubOpenAI() as running:
        running.answer_with(Answers())
        yield running


@pytest.fixture(scope="module")
def settings(settings: Settings, stub: StubOpenAI) -> Settings:
    return settings.model_copy(update={"engine": "openai", "openai_base_url": stub.url, "model": "stub-model"})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def library(sessions: Sessions, resources: Resources) -> None:
    await publish_library(sessions, resources.embedder)


pytestmark = pytest.mark.usefixtures("library", "worker")


async def start(http: httpx2.AsyncClient, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    response = await http.post(path, json=body)
    assert response.status_code == 202, response.text
    return await wait_for(http, response.json()["id"])


@pytest.mark.parametrize(("path", "body"), [("/v1/research", RESEARCH), ("/v1/debates", DEBATE)])
async def test_a_replayed_run_is_byte_equal_and_asks_no_server(
    path: str, body: dict[str, Any], http: httpx2.AsyncClient, stub: StubOpenAI
) -> None:
    first = await start(http, path, body)
    assert first["status"] == "succeeded", first["error"]
    asked = len(stub.chats)
    assert asked >= 4
    again = await start(http, f"/v1/runs/{first['id']}/replay")
    assert (again["status"], again["error"]) == ("succeeded", None)
    whole = [(await http.get(run["links"]["result"])).content for run in (first, again)]
    assert whole[0] == whole[1]
    assert len(stub.chats) == asked


async def test_one_changed_prompt_is_pointed_at(http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await start(http, "/v1/research", RESEARCH)
    changed = replace(ASSESS_TASK, instructions="Say of each sub-question how it stands.")
    monkeypatch.setattr("app.agents.research.nodes.ASSESS_TASK", changed)
    again = await start(http, f"/v1/runs/{first['id']}/replay")
    assert again["error"]["code"] == "replay_diverged"
    detail = again["error"]["detail"]
    assert detail.startswith("Call 2 of the record (research.assess) was asked otherwise: its prompt first differs at")
    assert "Say of each" in detail


async def test_a_changed_prompt_whose_failure_the_agent_lives_with_is_pointed_at_too(
    http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await start(http, "/v1/debates", DEBATE)
    monkeypatch.setattr("app.knowledge.claims.checker.SPLIT", replace(SPLIT, version=SPLIT.version + 1))
    again = await start(http, f"/v1/runs/{first['id']}/replay")
    assert again["error"]["code"] == "replay_diverged"
    assert "(claims.split) was asked otherwise: its task had version" in again["error"]["detail"]


async def test_the_last_call_is_held_to_the_record_as_well(
    http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await start(http, "/v1/debates", DEBATE)
    monkeypatch.setattr("app.agents.debate.nodes.JUDGE", replace(JUDGE, temperature=0.9))
    again = await start(http, f"/v1/runs/{first['id']}/replay")
    assert "(debate.judge)" in again["error"]["detail"]
    assert "its prompt is the same, but its model, parameters" in again["error"]["detail"]
