"""Runs answered again from their record, over the API."""

from typing import Any

import httpx2
import pytest

from app.agents.registry import discover
from tests.integration.runs.conftest import wait_for

pytestmark = pytest.mark.usefixtures("worker")


async def start(http: httpx2.AsyncClient, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    response = await http.post(path, json=body)
    assert response.status_code == 202, response.text
    return await wait_for(http, response.json()["id"])


@pytest.mark.parametrize("name", ["research", "debate"])
async def test_a_replayed_offline_run_is_byte_equal(name: str, http: httpx2.AsyncClient) -> None:
    agent = discover()[name]
    first = await start(http, f"/v1/{agent.path}", agent.example)
    assert first["status"] == "succeeded", first["error"]
    again = await start(http, f"/v1/runs/{first['id']}/replay")
    assert again["error"] is None
    assert (again["replays"], again["output"]) == (first["id"], first["output"])
    trace = (await http.get(again["links"]["trace"])).json()
    calls = [call for step in trace["steps"] for call in step["calls"] if call["role"] != "embedder"]
    assert {call["served_by"] for call in calls} == {"replay"}


async def test_a_run_past_its_budget_of_calls_ends_with_that_error(http: httpx2.AsyncClient) -> None:
    agent = discover()["debate"]
    run = await start(http, f"/v1/{agent.path}", {**agent.example, "budget": {"calls": 2}})
    assert run["error"]["code"] == "budget_exceeded"
    assert run["usage"]["calls"] <= 3
