"""How requests are answered: once per key, in pages, and with a problem when they make no sense."""

import asyncio
import logging
from dataclasses import replace
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis
from sqlalchemy import func, select

from app.api.deps import Service, get_project
from app.api.submission import find_answer
from app.db import DEFAULT_PROJECT, Sessions, build_engine, build_sessions
from app.errors import Conflict
from app.runs.models import Run

NOBODY = "00000000-0000-7000-8000-000000000000"


async def count_runs(sessions: Sessions) -> int:
    async with sessions() as session:
        return await session.scalar(select(func.count()).select_from(Run)) or 0


async def test_same_key_and_body_get_the_same_answer(http: httpx2.AsyncClient, sessions: Sessions) -> None:
    headers, before = {"Idempotency-Key": "same"}, await count_runs(sessions)
    first = await http.post("/v1/steps", json={"steps": 2}, headers=headers)
    second = await http.post("/v1/steps", json={"steps": 2}, headers=headers)
    assert (first.status_code, second.status_code) == (202, 202)
    assert second.json() == first.json()
    assert second.headers["location"] == first.headers["location"]
    assert second.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert await count_runs(sessions) == before + 1


async def test_same_key_with_another_body_is_refused(http: httpx2.AsyncClient) -> None:
    headers = {"Idempotency-Key": "other"}
    await http.post("/v1/steps", json={"steps": 2}, headers=headers)
    assert (await http.post("/v1/steps", json={"steps": 3}, headers=headers)).status_code == 422
    assert (await http.post("/v1/asking", json={"question": "?"}, headers=headers)).status_code == 422


async def test_requests_racing_with_one_key_make_one_run(http: httpx2.AsyncClient, sessions: Sessions) -> None:
    before = await count_runs(sessions)
    posts = [http.post("/v1/steps", json={"steps": 1}, headers={"Idempotency-Key": "race"}) for _ in range(10)]
    statuses = {response.status_code for response in await asyncio.gather(*posts)}
    assert statuses <= {202, 409}
    assert await count_runs(sessions) == before + 1


async def test_key_in_flight_is_refused(sessions: Sessions) -> None:
    async with sessions.begin() as first, sessions.begin() as second:
        assert await find_answer(first, DEFAULT_PROJECT, "flying", "f") is None
        with pytest.raises(Conflict):
            await find_answer(second, DEFAULT_PROJECT, "flying", "f")


async def test_refused_request_leaves_its_key_free(http: httpx2.AsyncClient) -> None:
    headers = {"Idempotency-Key": "retry"}
    assert (await http.post("/v1/runs/" + NOBODY + "/retry", headers=headers)).status_code == 404
    assert (await http.post("/v1/steps", json={"steps": 1}, headers=headers)).status_code == 202


async def test_list_is_stable_under_inserts(http: httpx2.AsyncClient) -> None:
    made = [(await http.post("/v1/steps", json={"steps": 1})).json()["id"] for _ in range(5)]
    first = (await http.get("/v1/runs?agent=steps&limit=2")).json()
    await http.post("/v1/steps", json={"steps": 1})
    second = (await http.get(f"/v1/runs?agent=steps&limit=2&after={first['next_cursor']}")).json()
    assert [run["id"] for run in first["data"] + second["data"]] == made[:0:-1]
    assert first["has_more"]


async def test_list_is_filtered(http: httpx2.AsyncClient) -> None:
    thread = "00000000-0000-7000-8000-00000000aaaa"
    run = (await http.post(f"/v1/steps?thread_id={thread}", json={"steps": 1})).json()
    assert run["thread_id"] == thread
    listed = (await http.get(f"/v1/runs?thread_id={thread}&status=queued&agent=steps")).json()
    assert [each["id"] for each in listed["data"]] == [run["id"]]
    assert (await http.get(f"/v1/runs?thread_id={thread}&status=failed")).json()["data"] == []


async def test_queued_run_is_cancelled_at_once(http: httpx2.AsyncClient) -> None:
    run = (await http.post("/v1/steps", json={"steps": 1})).json()
    cancelled = await http.post(f"/v1/runs/{run['id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    log = (await http.get(f"/v1/runs/{run['id']}/events", headers={"Accept": "application/json"})).json()
    assert [(event["seq"], event["type"]) for event in log["data"]] == [(1, "run.cancelled")]


async def test_everything_wrong_is_told_at_once(http: httpx2.AsyncClient) -> None:
    body = {"steps": "many", "accident": "flood"}
    response = await http.post("/v1/steps", json=body, headers={"X-Request-Id": "mine-1"})
    problem = response.json()
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert {error["pointer"] for error in problem["errors"]} == {"/steps", "/accident"}
    assert problem["request_id"] == response.headers["x-request-id"] == "mine-1"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("DELETE", "/v1/runs", 405, "method_not_allowed"),
        ("GET", "/v1/search", 405, "method_not_allowed"),
        ("GET", f"/v1/runs/{NOBODY}/trace", 404, "not_found"),
        ("GET", f"/v1/runs/{NOBODY}", 404, "not_found"),
        ("GET", f"/v1/runs/{NOBODY}/events", 404, "not_found"),
        ("GET", f"/v1/steps/{NOBODY}", 404, "not_found"),
        ("POST", f"/v1/runs/{NOBODY}/cancel", 404, "not_found"),
        ("POST", f"/v1/runs/{NOBODY}/retry", 404, "not_found"),
        ("GET", "/v1/runs/17", 422, "invalid"),
        ("GET", "/v1/runs?limit=0", 422, "invalid"),
        ("GET", "/v1/runs?limit=201", 422, "invalid"),
        ("GET", "/v1/runs?agent=steps%00", 422, "invalid"),
    ],
)
async def test_problem_has_one_form(http: httpx2.AsyncClient, method: str, path: str, status: int, code: str) -> None:
    response = await http.request(method, path)
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["request_id"] == response.headers["x-request-id"]
    assert {"type", "title", "detail"} <= problem.keys()


async def test_odd_request_id_is_replaced(http: httpx2.AsyncClient) -> None:
    response = await http.get("/health/live", headers={"X-Request-Id": "a b\tc"})
    assert UUID(response.headers["x-request-id"])


async def test_bug_in_a_route_tells_nothing_of_itself(app: FastAPI, http: httpx2.AsyncClient) -> None:
    def stumble() -> None:
        raise ZeroDivisionError("a secret of the house")

    app.dependency_overrides[get_project] = stumble
    response = await http.get("/v1/runs")
    app.dependency_overrides.clear()
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert response.headers["x-request-id"] == response.json()["request_id"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "secret" not in response.text


async def test_nul_in_a_text_is_told_in_words(http: httpx2.AsyncClient) -> None:
    response = await http.post("/v1/collections", json={"name": "mines", "description": "a\x00b"})
    assert response.status_code == 422
    assert response.json()["errors"] == [{"pointer": "/description", "detail": "Must not have the NUL character."}]


async def test_text_that_the_database_can_not_hold_is_refused_wherever_it_comes_to_light(
    app: FastAPI, http: httpx2.AsyncClient, sessions: Sessions
) -> None:
    async def keep() -> None:
        async with sessions() as session:
            await session.execute(select(Run.id).where(Run.agent == "a\x00b"))

    app.dependency_overrides[get_project] = keep
    response = await http.get("/v1/runs")
    app.dependency_overrides.clear()
    assert (response.status_code, response.json()["code"]) == (422, "invalid")
    assert "NUL" in response.json()["detail"]


async def test_health_tells_the_truth(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/health/live")).json() == {"status": "ok"}
    await http.post("/v1/steps", json={"steps": 1})
    ready = await http.get("/health/ready")
    told = ready.json()
    assert told.pop("queue_age_seconds") > 0
    assert (ready.status_code, told) == (200, {"status": "ok", "database": True, "redis": True})


@pytest.mark.parametrize("missing", ["database", "redis"])
async def test_health_tells_what_is_missing(
    app: FastAPI, service: Service, http: httpx2.AsyncClient, missing: str
) -> None:
    engine, redis = build_engine("postgresql://nobody@127.0.0.1:1/none"), Redis.from_url("redis://127.0.0.1:1")
    away = replace(service.resources, sessions=build_sessions(engine))
    if missing == "redis":
        away = replace(service.resources, redis=redis)
    app.state.service = replace(service, resources=away)
    ready, alive = await http.get("/health/ready"), await http.get("/health/live")
    app.state.service = service
    await engine.dispose()
    told = ready.json()
    assert (ready.status_code, told["status"], alive.status_code) == (503, "unavailable", 200)
    assert (told["database"], told["redis"]) == (missing != "database", missing != "redis")
    assert (told["queue_age_seconds"] is None) == (missing == "database")


async def test_a_database_that_is_away_is_told_with_the_time_to_come_again(
    app: FastAPI, service: Service, http: httpx2.AsyncClient
) -> None:
    engine = build_engine("postgresql://nobody@127.0.0.1:1/none")
    app.state.service = replace(service, resources=replace(service.resources, sessions=build_sessions(engine)))
    refused = await http.get("/v1/runs")
    app.state.service = service
    await engine.dispose()
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "unavailable", "2")


async def test_a_requests_log_line_has_its_id_and_who_asked(
    http: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        await http.get("/v1/runs?limit=1", headers={"X-Request-Id": "mine-3"})
    [line] = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert (line["event"], line["request_id"], line["path"], line["status"]) == ("request", "mine-3", "/v1/runs", 200)
