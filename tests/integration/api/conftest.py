"""The API over ASGI with a reader of one step, and a worker beside it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest_asyncio
from fastapi import FastAPI

import tests.support.readers
from app.agents.registry import discover
from app.settings import Settings
from tests.support.asgi import open_client, running_app, working


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    async with running_app(settings.model_copy(update={"max_upload_mb": 1}), discover(tests.support.readers)) as app:
        yield app


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def worker(settings: Settings) -> AsyncIterator[None]:
    async with working(settings, discover(tests.support.readers)):
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def http(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(app) as client:
        yield client


async def upload_text(http: httpx2.AsyncClient, text: str, filename: str, **fields: Any) -> dict[str, Any]:
    """Upload a text, wait until it is read and return the document."""
    body = {"text": text, "filename": filename, **fields}
    response = await http.post("/v1/documents", json=body, headers={"Prefer": "wait=20"})
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()["document"]
    return document
