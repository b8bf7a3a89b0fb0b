"""Debates over the API on real servers: record, media types, a person at the table, the claim checker."""

import asyncio
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import func, select

from app.db import DEFAULT_PROJECT, Sessions
from app.knowledge.knowledge import Knowledge
from app.llm.models import LlmCall
from app.resources import Resources
from app.runs.models import RunEvent
from tests.integration.knowledge.test_discrepancies import say
from tests.support.library import add_pages
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("library", "worker")

TOPIC = "Apple depends less on one product than Microsoft"
WAIT = {"Prefer": "wait=60"}


async def hold(http: httpx2.AsyncClient, **options: Any) -> dict[str, Any]:
    response = await http.post("/v1/debates", json={"topic": TOPIC, **options}, headers=WAIT, timeout=90)
    assert response.status_code == 200, response.text
    run: dict[str, Any] = response.json()
    assert run["status"] == "succeeded", run["error"]
    return run


async def start(http: httpx2.AsyncClient, **options: Any) -> str:
    return str((await http.post("/v1/debates", json={"topic": TOPIC, **options})).json()["id"])


async def wait_for(http: httpx2.AsyncClient, run_id: str, status: str) -> dict[str, Any]:
    run: dict[str, Any] = {}

    async def has_come() -> bool:
        nonlocal run
        run = (await http.get(f"/v1/runs/{run_id}")).json()
        return bool(run["status"] == status)

    await eventually(has_come, seconds=40)
    return run


async def read_log(http: httpx2.AsyncClient, run_id: str) -> list[dict[str, Any]]:
    page = await http.get(f"/v1/runs/{run_id}/events?limit=200", headers={"Accept": "application/json"})
    events: list[dict[str, Any]] = page.json()["data"]
    return events


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def held(http: httpx2.AsyncClient, library: None, worker: None) -> dict[str, Any]:
    """One debate that several tests look at."""
    return await hold(http)


async def test_debate_over_documents_quotes_and_cites_them(held: dict[str, Any]) -> None:
    debate = held["output"]
    quotes = [quote for speech in debate["speeches"] for quote in speech["quotes"]]
    assert (debate["engine"], debate["topic"], len(debate["speeches"])) == ("offline", TOPIC, 4)
    assert len(quotes) >= 4
    assert all(quote["verified"] and quote["page"] for quote in quotes)
    claims = [claim for speech in debate["speeches"] for claim in speech["claims"]]
    assert {claim["verdict"] for claim in claims} == {"supported"}
    assert debate["verdict"]["swap_consistency"] == 1.0


async def test_debate_comes_as_json_markdown_and_html(http: httpx2.AsyncClient, held: dict[str, Any]) -> None:
    url = f"/v1/debates/{held['id']}"
    assert (await http.get(url)).json() == held["output"]
    assert (await http.get(url, headers={"Accept": "text/markdown"})).text.startswith(f"# {TOPIC}")
    page = await http.get(url, headers={"Accept": "text/html"})
    assert page.text.startswith("<!doctype html>")
    assert "<script" not in page.text


async def test_same_debate_twice_is_the_same_record(http: httpx2.AsyncClient, held: dict[str, Any]) -> None:
    assert (await hold(http))["output"] == held["output"]


async def test_events_tell_the_debate_in_order(held: dict[str, Any], sessions: Sessions) -> None:
    async with sessions() as session:
        query = select(RunEvent.type).where(RunEvent.run_id == held["id"]).order_by(RunEvent.seq)
        types = list(await session.scalars(query))
    assert types[0] == "run.started"
    assert types[-2:] == ["debate.judged", "run.succeeded"]
    assert types.count("debate.speech_finished") == 4
    assert types.index("debate.claim_checked") < types.index("debate.speech_finished")


async def test_every_model_call_is_its_own_step(held: dict[str, Any], sessions: Sessions) -> None:
    async with sessions() as session:
        query = select(LlmCall.node, func.count()).where(LlmCall.run_id == held["id"]).group_by(LlmCall.node)
        calls = {node: count for node, count in await session.execute(query)}
    assert (calls["pro_debater"], calls["con_debater"], calls["claim_splitter"], calls["judge"]) == (2, 2, 4, 6)


async def test_person_plays_a_side_and_two_answers_at_once_are_one(http: httpx2.AsyncClient) -> None:
    run_id = await start(http, human="con", judges=1)
    await wait_for(http, run_id, "waiting")
    speech = {"text": "Apple's Services net sales increased 80% in the three months ended July 1, 2023."}
    asked = (await read_log(http, run_id))[-1]["seq"]
    url = f"/v1/runs/{run_id}/input?question={asked}"
    answers = await asyncio.gather(*(http.post(url, json=speech) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [202, 409]
    await wait_for(http, run_id, "waiting")
    question = (await read_log(http, run_id))[-1]["data"]["question"]
    assert question["feedback"]["refuted"][0]["evidence"][0]["filename"] == "apple.pdf"
    for text in ("Apple's iPhone net sales decreased 2% in the three months ended July 1, 2023.", "We rest our case."):
        await http.post(f"/v1/runs/{run_id}/input", json={"text": text})
        await asyncio.sleep(0)
        run = await wait_for(http, run_id, "waiting" if text.startswith("Apple") else "succeeded")
    assert run["output"]["strikes"] == {"pro": 0, "con": 1}


async def test_person_who_is_silent_too_long_forfeits_the_turn(http: httpx2.AsyncClient, sessions: Sessions) -> None:
    run_id = await start(http, human="pro", answer_seconds=3600, judges=1)
    for _ in range(2):
        await wait_for(http, run_id, "waiting")
        await make_overdue(sessions, run_id)
        await eventually(lambda: was_resumed(http, run_id), seconds=20)
    run = await wait_for(http, run_id, "succeeded")
    statuses = [s["status"] for s in run["output"]["speeches"] if s["speaker"] == "pro"]
    assert statuses == ["forfeited", "forfeited"]


async def make_overdue(sessions: Sessions, run_id: str) -> None:
    """Turn the clock of the last question back by two hours."""
    async with sessions.begin() as session:
        query = select(RunEvent).where(RunEvent.run_id == run_id, RunEvent.type == "run.waiting")
        for event in await session.scalars(query):
            event.at = event.at.replace(year=event.at.year - 1)


async def was_resumed(http: httpx2.AsyncClient, run_id: str) -> bool:
    types = [event["type"] for event in await read_log(http, run_id)]
    return types.count("run.resumed") == types.count("run.waiting") or types[-1] == "run.succeeded"


async def test_unknown_collection_is_not_found(http: httpx2.AsyncClient) -> None:
    for path, body in (("/v1/debates", {"topic": TOPIC}), ("/v1/checks", {"text": "Apple grew."})):
        response = await http.post(path, json={**body, "collection": "nowhere"})
        assert response.status_code == 404, response.text
        assert "nowhere" in response.json()["detail"]


async def test_topic_is_found_in_the_documents(http: httpx2.AsyncClient) -> None:
    debate = (await hold(http, topic=None, judges=1))["output"]
    assert debate["topic"] == debate["topic_candidates"][0]
    assert any(name in debate["topic"] for name in ("Apple", "Microsoft"))


async def test_text_is_checked_claim_by_claim(http: httpx2.AsyncClient) -> None:
    text = (
        "Good evening. Apple's total net sales were $81,797 million in the three months ended July 1, 2023. "
        "Microsoft's Windows OEM revenue decreased 21% in the three months ended June 30, 2023."
    )
    checked = (await http.post("/v1/checks", json={"text": text})).json()
    assert [claim["verdict"] for claim in checked["claims"]] == ["supported", "refuted"]
    start, end = checked["claims"][1]["span"]
    assert text[start:end].startswith("Microsoft's Windows")
    assert checked["claims"][1]["evidence"][0]["pages"] == [2]


async def test_text_is_checked_against_sources_alone(http: httpx2.AsyncClient) -> None:
    body = {
        "text": "The pier was closed for nine days in March.",
        "collection": None,
        "sources": [{"title": "log", "text": "The pier was closed for two days in March."}],
    }
    checked = (await http.post("/v1/checks", json=body)).json()
    assert [claim["verdict"] for claim in checked["claims"]] == ["partly"]
    assert checked["claims"][0]["evidence"][0]["filename"] == "log"


async def test_topic_is_what_documents_disagree_about_but_never_an_earlier_one(
    http: httpx2.AsyncClient, sessions: Sessions, resources: Resources
) -> None:
    await http.post("/v1/collections", json={"name": "disputed"})
    for filename, shown in (("one.txt", "500"), ("two.txt", "490")):
        told = say("i1", "net sales", shown)
        id = await add_pages(sessions, resources.embedder, filename, [told.text], [told], collection="disputed")
        await Knowledge(sessions, resources.embedder, DEFAULT_PROJECT).compare_figures(id)
    wanted = {"topic": None, "collection": "disputed", "judges": 1}
    run = await hold(http, **wanted)
    first = run["output"]["topic"]
    assert first.startswith("two.txt is right, and one.txt wrong: Halden's net sales were $490 million")
    second = (await hold(http, **wanted, earlier_topics=[first]))["output"]["topic"]
    assert "two.txt is right" not in second
    in_thread = await http.post(f"/v1/debates?thread_id={run['thread_id']}", json=wanted, headers=WAIT, timeout=90)
    assert "two.txt is right" not in in_thread.json()["output"]["topic"]
    elsewhere = (await hold(http, **wanted))["output"]["topic"]
    assert elsewhere == first
