"""A debate on a model server, end to end: scripted answers, a model per role, the seed, deltas, the web."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from pydantic import SecretStr

from app.settings import Settings
from tests.integration.debate.test_debate_api import TOPIC, read_log, start, wait_for
from tests.support.stub_openai import Received, StubOpenAI

pytestmark = pytest.mark.usefixtures("library", "worker")

FOUND = "Analysts expect Apple to lean on Services. ([Market news](https://news.example/a))"
FALSE = "Apple's Services net sales increased 80% in the three months ended July 1, 2023."
TRUE = "Apple's Services net sales increased 8% in the three months ended July 1, 2023."
MODELS = {"debater.pro": "pro-model", "debater": "other-model", "judge": "judge-model", "web": "web-model"}
MARKS = {"argument": 7, "evidence": 6, "rebuttal": 5, "clarity": 8}


def answer(request: Received) -> str | None:
    """Play every role: Pro's first draft is false, the second true; the panel favours whoever spoke of Apple."""
    said = request.prompt
    if request.path.endswith("/responses"):
        return FOUND
    if said.startswith("You speak"):
        return FALSE if "(pro)" in said and "<sent_back>" not in said and "Stage: opening" in said else TRUE
    if said.startswith("You list"):
        claim = FALSE if FALSE in said else TRUE
        return json.dumps({"claims": [{"excerpt": claim, "claim": claim}]})
    if said.startswith("You sit"):
        return json.dumps({"reason": "Both were heard.", "a": MARKS, "b": MARKS})
    return json.dumps({"queries": ["Apple Services net sales"]}) if said.startswith("You prepare") else None


@pytest.fixture(scope="module")
def stub() -> Iterator[StubOpenAI]:
    with StubOpenAI() as running:
        running.answer_with(answer)
        yield running


@pytest.fixture(scope="module")
def settings(settings: Settings, stub: StubOpenAI) -> Settings:
    return settings.model_copy(
        update={
            "engine": "openai",
            "openai_base_url": stub.url,
            "openai_api_key": SecretStr("test-key"),
            "models": MODELS,
            "web_search": True,
        }
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def held(http: httpx2.AsyncClient, library: None, worker: None) -> AsyncIterator[dict[str, Any]]:
    """One debate that several tests look at, with the deltas that were heard while it ran."""
    run_id = await start(http, web=True, seed=7, judges=1)
    listening = asyncio.create_task(http.get(f"/v1/runs/{run_id}/events", timeout=60))
    run = await wait_for(http, run_id, "succeeded")
    yield run | {"stream": (await listening).text, "log": await read_log(http, run_id)}


async def test_refuted_draft_is_sent_back_and_mended(held: dict[str, Any]) -> None:
    speeches = [(s["speaker"], s["status"], s["text"]) for s in held["output"]["speeches"]]
    assert speeches[:2] == [("pro", "rejected", FALSE), ("pro", "accepted", TRUE)]
    assert held["output"]["strikes"] == {"pro": 1, "con": 0}
    refuted = held["output"]["speeches"][0]["claims"][0]
    assert (refuted["verdict"], refuted["evidence"][0]["filename"]) == ("refuted", "apple.pdf")


async def test_every_role_asks_its_own_model_with_the_seed(held: dict[str, Any], stub: StubOpenAI) -> None:
    asked = {(chat.prompt.split(" ", 2)[1], chat.body["model"]) for chat in stub.chats}
    assert {("speak", "pro-model"), ("speak", "other-model"), ("sit", "judge-model")} <= asked
    assert {chat.body["seed"] for chat in stub.chats} == {7}
    searches = [request for request in stub.received if request.path.endswith("/responses")]
    assert [search.body["model"] for search in searches] == ["web-model"] * 4


async def test_speeches_are_streamed_and_the_log_tells_all(held: dict[str, Any]) -> None:
    types = [event["type"] for event in held["log"]]
    assert [types.count(f"debate.{name}") for name in ("web_searched", "speech_rejected", "speech_finished")] == [
        4,
        1,
        4,
    ]
    assert "event: delta" in held["stream"]
    searched = next(event["data"] for event in held["log"] if event["type"] == "debate.web_searched")
    assert searched["found"][0]["url"] == "https://news.example/a"


async def test_panel_that_sees_no_difference_is_a_tie(held: dict[str, Any]) -> None:
    verdict = held["output"]["verdict"]
    assert (held["output"]["topic"], verdict["winner"], verdict["swap_consistency"]) == (TOPIC, "tie", 1.0)
