"""What `/metrics` tells: this process's own times, and what is true for all processes."""

import asyncio
import socket
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert

from app.api.deps import get_project
from app.db import DEFAULT_PROJECT, Sessions, now
from app.llm.models import LlmCall
from app.metrics import build_metrics, serving
from tests.integration.runs.conftest import wait_for

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def scrape(http: httpx2.AsyncClient) -> Samples:
    response = await http.get("/metrics")
    assert response.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


async def test_queued_runs_are_counted_and_age(http: httpx2.AsyncClient) -> None:
    assert ("symposium_queue_age_seconds", (("queue", "bulk"),)) in await scrape(http)
    await http.post("/v1/steps", json={"steps": 1})
    found = await scrape(http)
    assert found["symposium_runs", (("agent", "steps"), ("status", "queued"))] == 1
    assert found["symposium_queue_age_seconds", (("queue", "interactive"),)] > 0


@pytest.mark.usefixtures("worker")
async def test_ended_runs_are_counted_and_their_events_lag_is_timed(http: httpx2.AsyncClient, tmp_path: Path) -> None:
    body = {"steps": 2, "gate": str(tmp_path / "gate"), "gate_at": 2}
    run = (await http.post("/v1/steps", json=body)).json()
    stream = asyncio.create_task(http.get(f"/v1/runs/{run['id']}/events"))
    await wait_for(http, run["id"], "running")
    await asyncio.sleep(0.2)
    (tmp_path / "gate").touch()
    assert "run.succeeded" in (await stream).text
    await wait_for(http, run["id"], "succeeded")
    found = await scrape(http)
    assert found["symposium_runs", (("agent", "steps"), ("status", "succeeded"))] >= 1
    assert found["symposium_event_lag_seconds_count", ()] >= 1


async def test_answers_are_timed_by_route_and_not_by_id(http: httpx2.AsyncClient) -> None:
    for number in range(3):
        await http.get(f"/v1/runs/00000000-0000-7000-8000-00000000000{number}")
    await http.get("/v1/nothing/of/the/kind")
    found = await scrape(http)
    labels = (("method", "GET"), ("route", "/v1/runs/{run_id}"), ("status", "404"))
    assert found["symposium_http_seconds_count", labels] == 3
    assert found["symposium_http_seconds_count", (("method", "GET"), ("route", "other"), ("status", "404"))] == 1


async def test_bug_in_a_route_is_counted(app: FastAPI, http: httpx2.AsyncClient) -> None:
    def stumble() -> None:
        raise ZeroDivisionError

    app.dependency_overrides[get_project] = stumble
    await http.get("/v1/runs")
    app.dependency_overrides.clear()
    labels = (("method", "GET"), ("route", "/v1/runs"), ("status", "500"))
    assert (await scrape(http))["symposium_http_seconds_count", labels] == 1


async def test_search_is_timed_by_leg(http: httpx2.AsyncClient) -> None:
    assert (await http.post("/v1/search", json={"query": "anything"})).status_code == 200
    found = await scrape(http)
    for leg in ("embed", "hybrid"):
        assert found["symposium_search_seconds_count", (("leg", leg),)] == 1


async def test_model_calls_add_up_however_many_processes_make_them(
    http: httpx2.AsyncClient, sessions: Sessions
) -> None:
    labels = (("engine", "offline"), ("model", "stub"), ("outcome", "ok"))
    row = {
        "project_id": DEFAULT_PROJECT, "task": "t", "task_version": 1, "role": "r", "engine": "offline",
        "model": "stub", "outcome": "ok", "input_tokens": 10, "output_tokens": 2, "duration_ms": 500,
        "cost_usd": Decimal("0.25"), "request_hash": "h", "started_at": now(),
    }  # fmt: skip
    for rows in ([row, row], [row], [{**row, "served_by": "cache"}]):
        async with sessions.begin() as session:
            await session.execute(insert(LlmCall), rows)
    found = await scrape(http)
    assert found["symposium_model_calls_total", labels] == 3
    assert found["symposium_model_input_tokens_total", labels] == 30
    assert found["symposium_model_cost_usd_total", labels] == 0.75


async def test_a_worker_answers_prometheus_on_a_port_of_its_own() -> None:
    metrics = build_metrics()
    metrics.search_seconds.labels(leg="hybrid").observe(0.1)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with serving(metrics, host="127.0.0.1", port=port):
        async with httpx2.AsyncClient() as client:
            told = await client.get(f"http://127.0.0.1:{port}/metrics")
    assert 'symposium_search_seconds_count{leg="hybrid"} 1.0' in told.text
