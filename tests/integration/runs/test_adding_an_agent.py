"""The agent of `docs/adding-an-agent.md`, put into a package as the page says, has its route and runs."""

import asyncio
import importlib
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from app.agents.base import Agent
from app.agents.registry import discover
from app.main import create_app
from app.settings import Settings
from app.worker import work
from tests.integration.runs.conftest import read_log, wait_for
from tests.support.docs import blocks_of
from tests.support.processes import ROOT


@pytest.fixture(scope="module")
def agents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Agent[Any, Any]]]:
    folder = tmp_path_factory.mktemp("agents")
    [block] = [block for block in blocks_of(ROOT / "docs" / "adding-an-agent.md") if block.language == "python"]
    for name, text in (("documented", ""), ("documented/glossary", block.code)):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(text)
    sys.path.insert(0, str(folder))
    yield discover(importlib.import_module("documented"))
    sys.path.remove(str(folder))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(settings: Settings, agents: Mapping[str, Agent[Any, Any]]) -> AsyncIterator[httpx2.AsyncClient]:
    app, stop = create_app(settings, agents), asyncio.Event()
    async with app.router.lifespan_context(app):
        worker = asyncio.create_task(work(settings, stop=stop, agents=agents))
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test", timeout=30) as client:
            yield client
        stop.set()
        await worker


async def test_the_documented_agent_has_a_route_and_runs(service: httpx2.AsyncClient) -> None:
    started = await service.post("/v1/glossaries", json={"term": "operating income"})
    assert started.status_code == 202, started.text
    run = await wait_for(service, started.json()["id"])
    assert run["output"] == {
        "engine": "offline",
        "term": "operating income",
        "explanation": "Not in this collection.",
        "sources": [],
    }
    assert "glossary.looked_up" in [event["type"] for event in await read_log(service, run["id"])]
    assert (await service.post("/v1/glossaries", json={"term": ""})).status_code == 422
