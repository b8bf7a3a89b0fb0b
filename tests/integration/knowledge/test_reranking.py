"""Re-ranking by a model: over real HTTP to the stub, and without a model."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from pydantic import SecretStr

from app.db import DEFAULT_PROJECT, Sessions
from app.knowledge.knowledge import Knowledge
from app.knowledge.reranking import OFFLINE, build_rerank
from app.llm.runner import ModelRunner, RunRef, build_models
from app.llm.servers import ModelServers
from app.settings import Settings
from tests.support.embedders import HashEmbedder
from tests.support.library import add_pages
from tests.support.stub_openai import StubOpenAI

PAGES = ["Sales rose in Japan.", "Sales fell in Europe.", "The weather was fine."]


@pytest.fixture
def stub() -> Iterator[StubOpenAI]:
    with StubOpenAI(models=["stub-model"]) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def knowledge(sessions: Sessions) -> Knowledge:
    await add_pages(sessions, HashEmbedder(), "sales.txt", PAGES)
    return Knowledge(sessions, HashEmbedder(), DEFAULT_PROJECT)


@asynccontextmanager
async def open_models(settings: Settings, sessions: Sessions) -> AsyncIterator[ModelRunner]:
    run = RunRef(project_id=DEFAULT_PROJECT, run_id=None)
    servers = ModelServers(settings, sessions)
    yield build_models(settings, offline=OFFLINE, sessions=sessions, run=run, servers=servers)
    await servers.aclose()


async def test_a_model_puts_the_passage_it_scores_highest_first(
    settings: Settings, sessions: Sessions, knowledge: Knowledge, stub: StubOpenAI
) -> None:
    plain = await knowledge.search("sales in Japan")
    stub.script(json.dumps({"scores": [0, 0, 9]}))
    chosen = {
        "engine": "openai",
        "openai_base_url": stub.url,
        "openai_api_key": SecretStr("sk-x"),
        "model": "stub-model",
    }
    async with open_models(settings.model_copy(update=chosen), sessions) as models:
        hits = await knowledge.search("sales in Japan", limit=2, rerank=build_rerank(models.run))
    assert [hit.entry.id for hit in hits] == [plain[2].entry.id, plain[0].entry.id]
    assert "sales in Japan" in stub.chats[0].prompt


async def test_without_a_model_the_order_of_the_search_stands(
    settings: Settings, sessions: Sessions, knowledge: Knowledge
) -> None:
    plain = await knowledge.search("sales in Japan")
    async with open_models(settings, sessions) as models:
        assert await knowledge.search("sales in Japan", rerank=build_rerank(models.run)) == plain
