"""The service with a listener on loopback that it may reach, and a reader of one step."""

from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI

import tests.support.readers
from app.agents.registry import discover
from app.settings import Settings
from tests.support.asgi import open_client, running_app, working
from tests.support.listener import Listener, open_listener


@pytest.fixture(scope="module")
def reaching(settings: Settings) -> Settings:
    """Settings that let the service reach this machine."""
    return settings.model_copy(
        update={
            "fetch_private_networks": [ip_network("127.0.0.1/32")],
            "fetch_seconds": 5.0,
            "webhook_poll_seconds": 0.05,
            "webhook_seconds": 5.0,
            "hook_max_mb": 1,
        }
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def app(reaching: Settings) -> AsyncIterator[FastAPI]:
    async with running_app(reaching, discover(tests.support.readers)) as app:
        yield app


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def worker(reaching: Settings) -> AsyncIterator[None]:
    async with working(reaching, discover(tests.support.readers)):
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def http(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(app) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def listener() -> AsyncIterator[Listener]:
    async with open_listener() as listening:
        yield listening


async def make_webhook(http: httpx2.AsyncClient, url: str, *events: str) -> dict[str, Any]:
    """Create a webhook and return it with its secret."""
    response = await http.post("/v1/webhooks", json={"url": url, "events": list(events)})
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made
