"""A service with two projects, and clients with keys of either."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import httpx2
import pytest_asyncio
from fastapi import FastAPI

import tests.support.readers
from app.agents.registry import discover
from app.db import Sessions
from app.main import create_app
from app.projects.keys import Scope, create_key, ensure_project
from app.settings import Settings


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    agents = {**discover(), **discover(tests.support.readers)}
    app = create_app(settings.model_copy(update={"max_body_mb": 1, "max_upload_mb": 1}), agents)
    async with app.router.lifespan_context(app):
        yield app


async def make_key(sessions: Sessions, project: str, *scopes: Scope, per_minute: int | None = None) -> str:
    """Return a new key of a project that is made if need be."""
    async with sessions.begin() as session:
        found = await ensure_project(session, project)
        _, text = await create_key(session, found.id, name="test", scopes=scopes, requests_per_minute=per_minute)
    return text


def connect(
    app: FastAPI, key: str | None = None, *, host: str = "localhost", client: str = "127.0.0.1"
) -> AbstractAsyncContextManager[httpx2.AsyncClient]:
    """Return a client that sends a key, if it has one."""
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False, client=(client, 1000))
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx2.AsyncClient(transport=transport, base_url=f"http://{host}", headers=headers, timeout=30)
