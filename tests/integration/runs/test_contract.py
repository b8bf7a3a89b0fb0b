"""What every agent keeps to, the real ones and those of the tests: its example runs to an end that fits."""

from typing import Any

import httpx2
import pytest

import tests.support.agents
from app.agents.base import Agent
from app.agents.registry import discover
from app.api.deps import Service
from app.db import DEFAULT_PROJECT
from app.runs.admit import admit
from app.runs.dispatch import Delivery
from tests.integration.runs.conftest import read_log, wait_for

pytestmark = pytest.mark.usefixtures("worker")

AGENTS = {**discover(), **discover(tests.support.agents)}


@pytest.mark.parametrize("agent", AGENTS.values(), ids=AGENTS.keys())
async def test_example_runs_to_an_end(agent: Agent[Any, Any], service: Service, http: httpx2.AsyncClient) -> None:
    async with service.resources.sessions.begin() as session:
        run = await admit(
            session,
            project_id=DEFAULT_PROJECT,
            agent=agent,
            input=agent.input.model_validate(agent.example),
            engine=service.engine,
        )
    await service.dispatcher.enqueue_many([Delivery.of(run)])
    ended = await wait_for(http, str(run.id), "succeeded", "failed", "waiting")
    if ended["status"] == "succeeded":
        assert agent.output.model_validate(ended["output"])
        assert ended["output"]["engine"] == "offline"
        assert (await http.get(ended["links"]["result"])).status_code == 200
    assert (await http.get(ended["links"]["trace"])).status_code == 200
    if ended["status"] == "failed":
        assert ended["error"]["code"] not in ("internal_error", "step_limit")
    types = [event["type"] for event in await read_log(http, str(run.id))]
    assert types[0] == "run.started"
    assert types[-1] == f"run.{ended['status']}"


@pytest.mark.parametrize("agent", [agent for agent in AGENTS.values() if agent.path], ids=lambda agent: agent.name)
async def test_agent_has_typed_routes_with_its_example(agent: Agent[Any, Any], http: httpx2.AsyncClient) -> None:
    document = (await http.get("/openapi.json")).json()
    create = document["paths"][f"/v1/{agent.path}"]["post"]
    body = create["requestBody"]["content"]["application/json"]
    assert create["operationId"] == f"create_{agent.name}"
    assert body["schema"] == {"$ref": f"#/components/schemas/{agent.input.__name__}"}
    assert body["examples"]["example"]["value"] == agent.example
    assert document["paths"][f"/v1/{agent.path}/{{run_id}}"]["get"]["operationId"] == f"get_{agent.name}"


def test_every_error_is_described_as_a_problem(app: Any) -> None:
    document = app.openapi()
    answers = [
        (path, status, answer)
        for path, operations in document["paths"].items()
        for operation in operations.values()
        for status, answer in operation["responses"].items()
    ]
    odd = [
        (path, status)
        for path, status, answer in answers
        if status in ("404", "409", "422") and "application/json" in answer.get("content", {})
    ]
    assert odd == []
    assert "HTTPValidationError" not in document["components"]["schemas"]
