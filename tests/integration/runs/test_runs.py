"""Runs from the request to the end, through the API, the queue and a worker."""

import logging
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import text

from app.db import Sessions
from app.runs.repository import NewEvent, append_events
from tests.integration.runs.conftest import read_log, wait_for
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("worker")


async def test_run_is_accepted_and_ends(http: httpx2.AsyncClient) -> None:
    accepted = await http.post("/v1/steps", json={"steps": 3})
    assert accepted.status_code == 202
    assert accepted.headers["location"] == accepted.json()["links"]["self"]
    assert accepted.headers["retry-after"] == "1"
    run = await wait_for(http, accepted.json()["id"])
    assert run["status"] == "succeeded"
    assert run["output"] == {"engine": "offline", "counted": 3}
    assert run["attempt"] == 1
    assert run["progress"] == {"stage": "counting", "done": 3, "total": 3, "unit": "steps"}
    assert run["finished_at"] >= run["started_at"] >= run["created_at"]


async def test_log_counts_from_one_without_gaps_and_ends_once(http: httpx2.AsyncClient) -> None:
    run = (await http.post("/v1/steps", json={"steps": 2}, headers={"Prefer": "wait=20"})).json()
    events = await read_log(http, run["id"])
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] for event in events] == [
        "run.started",
        "steps.counted",
        "run.progressed",
        "steps.counted",
        "run.progressed",
        "run.succeeded",
    ]
    assert events[0]["data"] == {"attempt": 1}


async def test_prefer_wait_answers_with_the_ended_run(http: httpx2.AsyncClient) -> None:
    response = await http.post("/v1/steps", json={"steps": 1}, headers={"Prefer": "respond-async, wait=20"})
    assert response.status_code == 200
    assert response.headers["preference-applied"] == "wait"
    assert response.json()["status"] == "succeeded"


async def test_prefer_wait_gives_up_in_time(http: httpx2.AsyncClient, tmp_path: Path) -> None:
    body = {"steps": 1, "gate": str(tmp_path / "gate"), "gate_at": 1}
    response = await http.post("/v1/steps", json=body, headers={"Prefer": "wait=1"})
    assert response.status_code == 202
    (tmp_path / "gate").touch()
    await wait_for(http, response.json()["id"])


async def test_prefer_wait_gives_the_run_as_it_is_when_a_person_is_asked(http: httpx2.AsyncClient) -> None:
    asked = await http.post("/v1/asking", json={"question": "Which colour?"}, headers={"Prefer": "wait=20"})
    assert (asked.status_code, asked.json()["status"]) == (202, "waiting")
    assert (asked.headers["location"], asked.headers["retry-after"]) == (asked.json()["links"]["self"], "1")
    assert "preference-applied" not in asked.headers


async def test_our_error_becomes_the_runs_problem(http: httpx2.AsyncClient) -> None:
    body = {"accident": "refuse", "accident_at": 2}
    headers = {"Prefer": "wait=20", "X-Request-Id": "mine-2"}
    run = (await http.post("/v1/steps", json=body, headers=headers)).json()
    assert run["status"] == "failed"
    assert run["error"] == {
        "type": "urn:symposium:error:invalid",
        "title": "Invalid request",
        "status": 422,
        "detail": "This number is not for counting.",
        "code": "invalid",
        "request_id": "mine-2",
    }
    events = await read_log(http, run["id"])
    assert events[-1]["type"] == "run.failed"
    assert events[-1]["data"] == run["error"]


async def test_log_lines_of_a_run_have_its_id_and_its_requests(
    http: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"Prefer": "wait=20", "X-Request-Id": "mine-4"}
    with caplog.at_level(logging.INFO):
        run = (await http.post("/v1/steps", json={"steps": 1}, headers=headers)).json()
    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    [ended] = [line for line in lines if line["event"] == "run_ended" and line["run_id"] == run["id"]]
    assert (ended["request_id"], ended["status"]) == ("mine-4", "succeeded")


async def test_bug_tells_nothing_of_itself(http: httpx2.AsyncClient) -> None:
    body = {"accident": "bug", "accident_at": 1}
    run = (await http.post("/v1/steps", json=body, headers={"Prefer": "wait=20"})).json()
    assert run["error"]["code"] == "internal_error"
    assert "secret" not in str(run)


async def test_running_run_can_be_cancelled(http: httpx2.AsyncClient, tmp_path: Path) -> None:
    body = {"gate": str(tmp_path / "gate"), "gate_at": 1}
    run = (await http.post("/v1/steps", json=body)).json()
    await wait_for(http, run["id"], "running")
    cancelled = await http.post(f"/v1/runs/{run['id']}/cancel?wait=true")
    assert cancelled.status_code == 200
    assert cancelled.json()["status"] == "cancelled"
    again = await http.post(f"/v1/runs/{run['id']}/cancel")
    assert again.status_code == 200
    assert again.json() == cancelled.json()
    assert [event["type"] for event in await read_log(http, run["id"])][-1] == "run.cancelled"


async def test_cancel_waits_for_the_end_of_a_run_that_has_asked_before(
    http: httpx2.AsyncClient, sessions: Sessions, tmp_path: Path
) -> None:
    run = (await http.post("/v1/steps", json={"gate": str(tmp_path / "gate"), "gate_at": 1})).json()
    await wait_for(http, run["id"], "running")
    async with sessions.begin() as session:
        await append_events(session, UUID(run["id"]), 1, [NewEvent(type="run.waiting"), NewEvent(type="run.resumed")])
    cancelled = await http.post(f"/v1/runs/{run['id']}/cancel?wait=true")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")


async def test_person_answers_a_question(http: httpx2.AsyncClient) -> None:
    run = (await http.post("/v1/asking", json={"question": "Which colour?"})).json()
    run = await wait_for(http, run["id"], "waiting")
    question = (await read_log(http, run["id"]))[-1]
    assert question["type"] == "run.waiting"
    assert question["data"]["question"] == "Which colour?"
    assert question["data"]["response_schema"]["properties"]["colour"]["enum"] == ["red", "blue"]
    answered = await http.post(f"/v1/runs/{run['id']}/input", json={"colour": "blue"})
    assert answered.status_code == 202
    run = await wait_for(http, run["id"])
    assert run["output"]["colour"] == "blue"
    assert [event["type"] for event in await read_log(http, run["id"])] == [
        "run.started",
        "run.waiting",
        "run.resumed",
        "run.started",
        "run.succeeded",
    ]


async def test_answer_that_does_not_fit_its_question_is_refused_and_the_run_still_waits(
    http: httpx2.AsyncClient,
) -> None:
    run = (await http.post("/v1/asking", json={"question": "Which colour?"})).json()
    await wait_for(http, run["id"], "waiting")
    refused = await http.post(f"/v1/runs/{run['id']}/input", json={"colour": "green"})
    assert refused.status_code == 422
    assert refused.json()["errors"] == [{"pointer": "/colour", "detail": "Must be red or blue."}]
    question = (await read_log(http, run["id"]))[-1]["seq"]
    stale = await http.post(f"/v1/runs/{run['id']}/input?question={question - 1}", json={"colour": "blue"})
    assert stale.status_code == 409
    answered = await http.post(f"/v1/runs/{run['id']}/input?question={question}", json={"colour": "blue"})
    assert answered.status_code == 202
    assert (await wait_for(http, run["id"]))["output"]["colour"] == "blue"


async def test_run_that_waits_can_be_cancelled(http: httpx2.AsyncClient) -> None:
    run = (await http.post("/v1/asking", json={"question": "Which?"}, headers={"Prefer": "wait=20"})).json()
    await wait_for(http, run["id"], "waiting")
    assert (await http.post(f"/v1/runs/{run['id']}/cancel")).json()["status"] == "cancelled"
    refused = await http.post(f"/v1/runs/{run['id']}/input", json={"colour": "blue"})
    assert refused.status_code == 409


async def test_failed_run_is_tried_again_as_a_new_one(http: httpx2.AsyncClient) -> None:
    body = {"accident": "refuse", "accident_at": 1}
    failed = (await http.post("/v1/steps", json=body, headers={"Prefer": "wait=20"})).json()
    again = await http.post(f"/v1/runs/{failed['id']}/retry", headers={"Prefer": "wait=20"})
    assert again.json()["retry_of"] == failed["id"]
    assert again.json()["input"] == failed["input"]
    assert (await http.get(f"/v1/runs/{failed['id']}")).json() == failed


async def test_succeeded_run_is_not_tried_again(http: httpx2.AsyncClient) -> None:
    run = (await http.post("/v1/steps", json={"steps": 1}, headers={"Prefer": "wait=20"})).json()
    assert (await http.post(f"/v1/runs/{run['id']}/retry")).status_code == 409


async def test_result_comes_in_the_media_type_asked_for(http: httpx2.AsyncClient) -> None:
    run = (await http.post("/v1/steps", json={"steps": 2}, headers={"Prefer": "wait=20"})).json()
    path = run["links"]["result"]
    assert (await http.get(path)).json() == {"engine": "offline", "counted": 2}
    markdown = await http.get(path, headers={"Accept": "text/html;q=0.5, text/markdown, application/json;q=0.1"})
    assert markdown.headers["content-type"].startswith("text/markdown")
    assert markdown.text == "Counted to **2**."
    assert (await http.get(path, headers={"Accept": "image/png"})).status_code == 406
    assert (await http.get(path.replace("steps", "asking"))).status_code == 404


async def test_checkpoints_are_gone_when_a_run_has_ended(http: httpx2.AsyncClient, sessions: Sessions) -> None:
    run = (await http.post("/v1/steps", json={"steps": 2}, headers={"Prefer": "wait=20"})).json()

    async def is_gone() -> bool:
        async with sessions() as session:
            count = text("select count(*) from checkpoints where thread_id = :id")
            return bool(await session.scalar(count, {"id": run["id"]}) == 0)

    await eventually(is_gone)
