"""A service in this process: the API over ASGI, and a worker beside it, with the agents of the tests."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI

import tests.support.agents
from app.agents.registry import discover
from app.api.deps import Service
from app.log import configure_logging
from app.settings import Settings
from tests.support.asgi import open_client, running_app, working
from tests.support.waiting import eventually


@pytest.fixture(scope="package", autouse=True)
def plain_logs() -> None:
    configure_logging("json", "ERROR")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    async with running_app(settings, {**discover(), **discover(tests.support.agents)}) as app:
        yield app


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(app: FastAPI) -> Service:
    service: Service = app.state.service
    return service


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def worker(settings: Settings) -> AsyncIterator[None]:
    async with working(settings, {**discover(), **discover(tests.support.agents)}):
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def http(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(app) as client:
        yield client


async def wait_for(http: httpx2.AsyncClient, run_id: str, *statuses: str) -> dict[str, Any]:
    """Return the run once it has one of these statuses, by default an end."""
    wanted = statuses or ("succeeded", "failed", "cancelled")
    run: dict[str, Any] = {}

    async def has_come() -> bool:
        nonlocal run
        run = (await http.get(f"/v1/runs/{run_id}")).json()
        return run["status"] in wanted

    await eventually(has_come)
    return run


async def read_log(http: httpx2.AsyncClient, run_id: str) -> list[dict[str, Any]]:
    """Return all stored events of a run."""
    response = await http.get(f"/v1/runs/{run_id}/events?limit=200", headers={"Accept": "application/json"})
    events: list[dict[str, Any]] = response.json()["data"]
    return events
