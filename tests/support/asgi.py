"""A service in this process: the API over ASGI, and a worker beside it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from fastapi import FastAPI

from app.agents.base import Agent
from app.main import create_app
from app.settings import Settings
from app.worker import work

Agents = Mapping[str, Agent[Any, Any]]


@asynccontextmanager
async def running_app(settings: Settings, agents: Agents) -> AsyncIterator[FastAPI]:
    """Run an API with these agents."""
    app = create_app(settings, agents)
    async with app.router.lifespan_context(app):
        yield app


@asynccontextmanager
async def working(settings: Settings, agents: Agents) -> AsyncIterator[None]:
    """Run a worker with these agents."""
    stop = asyncio.Event()
    task = asyncio.create_task(work(settings, stop=stop, agents=agents))
    yield
    stop.set()
    await task


@asynccontextmanager
async def open_client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Open a client of an API; what fails inside of it is answered, not raised."""
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test", timeout=30) as client:
        yield client
