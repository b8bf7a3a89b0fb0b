"""Every end of a run is told, from the transaction that ends it."""

import json
import time
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import delete, func, select

from app.db import DEFAULT_PROJECT, Json, Sessions
from app.runs import repository
from app.runs.admit import admit
from app.runs.repository import Ending
from app.webhooks.models import WebhookDelivery, WebhookEndpoint
from app.webhooks.signing import verify
from tests.integration.webhooks.conftest import make_webhook
from tests.support.agents.steps import AGENT, StepsInput
from tests.support.listener import Listener, Received
from tests.support.waiting import eventually


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def no_endpoints(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(delete(WebhookEndpoint))


async def wait_for_requests(listener: Listener, number: int = 1) -> list[Received]:
    """Return what has come once there are so many requests."""

    async def have_come() -> bool:
        return len(listener.requests) >= number

    await eventually(have_come)
    return listener.requests


def body_of(request: Received) -> dict[str, Any]:
    body: dict[str, Any] = httpx2.Response(200, content=request.body).json()
    return body


@pytest.mark.usefixtures("worker")
async def test_a_run_that_succeeded_is_told_with_a_signature_that_verifies(
    http: httpx2.AsyncClient, listener: Listener
) -> None:
    made = await make_webhook(http, listener.url("/in"))
    run = (await http.post("/v1/documents", json={"text": "Told.", "filename": "t.md"})).json()["run"]
    [request] = await wait_for_requests(listener)
    message_id, _ = verify(made["secret"], request.headers, request.body, at=time.time())
    body = body_of(request)
    assert (body["type"], body["data"]["run_id"], body["data"]["agent"]) == ("run.succeeded", run["id"], "pyramid")
    assert set(body) == {"type", "timestamp", "data"}
    assert set(body["data"]) == {"run_id", "agent", "status", "links"}
    assert body["data"]["links"] == run["links"]
    deliveries = (await http.get(f"/v1/webhooks/{made['id']}/deliveries")).json()["data"]
    assert deliveries[0]["message_id"] == message_id


@pytest.mark.usefixtures("worker")
async def test_a_run_that_failed_is_told(http: httpx2.AsyncClient, listener: Listener) -> None:
    await make_webhook(http, listener.url("/in"), "run.failed")
    broken = {"file": ("broken.pdf", b"%PDF-1.7 and nothing more")}
    run = (await http.post("/v1/documents", files=broken)).json()["run"]
    [request] = await wait_for_requests(listener)
    body = body_of(request)
    assert (body["type"], body["data"]["run_id"], body["data"]["status"]) == ("run.failed", run["id"], "failed")


@pytest.mark.usefixtures("worker")
async def test_a_run_that_was_cancelled_before_it_began_is_told(
    http: httpx2.AsyncClient, sessions: Sessions, listener: Listener
) -> None:
    await make_webhook(http, listener.url("/in"), "run.cancelled")
    async with sessions.begin() as session:
        run = await admit(session, project_id=DEFAULT_PROJECT, agent=AGENT, input=StepsInput(), engine="offline")
        run.status = "waiting"
    await http.post(f"/v1/runs/{run.id}/cancel")
    [request] = await wait_for_requests(listener)
    assert body_of(request)["data"]["run_id"] == str(run.id)


async def test_what_is_told_of_a_run_leads_to_its_result(
    http: httpx2.AsyncClient, sessions: Sessions, listener: Listener
) -> None:
    await make_webhook(http, listener.url("/in"))
    async with sessions.begin() as session:
        run = await admit(session, project_id=DEFAULT_PROJECT, agent=AGENT, input=StepsInput(), engine="offline")
        await repository.begin_attempt(session, run.id, lost_after=5)
        await repository.finish(session, run.id, 1, Ending(status="succeeded", output={}), usage={}, path=AGENT.path)
        told = json.loads((await session.scalars(select(WebhookDelivery.body))).one())
    assert told["data"]["links"]["result"] == f"/v1/steps/{run.id}"


async def end_in(sessions: Sessions, *, committed: bool) -> Json:
    """Admit, begin and end a run, and return how many events are on their way; roll the end back if asked."""
    async with sessions.begin() as session:
        run = await admit(session, project_id=DEFAULT_PROJECT, agent=AGENT, input=StepsInput(), engine="offline")
        await repository.begin_attempt(session, run.id, lost_after=5)
    async with sessions() as session:
        await repository.finish(session, run.id, 1, Ending(status="succeeded", output={}), usage={})
        await (session.commit() if committed else session.rollback())
    async with sessions() as session:
        status = (await repository.get_run(session, DEFAULT_PROJECT, run.id)).status
        return {"status": status, "told": await session.scalar(select(func.count(WebhookDelivery.id)))}


async def test_the_end_and_its_event_are_written_together_or_not_at_all(
    http: httpx2.AsyncClient, sessions: Sessions
) -> None:
    await make_webhook(http, "https://93.184.215.14/hook")
    assert await end_in(sessions, committed=False) == {"status": "running", "told": 0}
    assert await end_in(sessions, committed=True) == {"status": "succeeded", "told": 1}
