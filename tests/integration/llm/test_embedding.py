"""Embeddings over real HTTP."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio

from app.db import Sessions
from app.errors import Invalid, ModelFailed
from app.llm.embedding import OpenAIEmbedder
from app.llm.retry import Retry
from app.llm.servers import ModelServers
from app.settings import Settings
from tests.support.stub_openai import Received, Reply, StubOpenAI, embed_text, refuse


@pytest_asyncio.fixture(loop_scope="session")
async def embedder(model_settings: Settings, sessions: Sessions) -> AsyncIterator[OpenAIEmbedder]:
    servers = ModelServers(model_settings, sessions)
    yield OpenAIEmbedder(servers, model="embed", dimension=1536, retry=Retry(base_seconds=0.001))
    await servers.aclose()


async def test_vectors_are_unit_float32_in_the_order_of_the_texts(stub: StubOpenAI, embedder: OpenAIEmbedder) -> None:
    texts = [f"sentence number {n}" for n in range(300)]
    vectors = await embedder.embed(texts)
    assert vectors.shape == (300, 1536)
    assert vectors.dtype == np.dtype(np.float32)
    assert np.allclose(vectors, np.stack([embed_text(text, 1536) for text in texts]), atol=1e-6)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert len(stub.received) == 3


async def test_small_requests_of_many_callers_share_batches(stub: StubOpenAI, embedder: OpenAIEmbedder) -> None:
    results = await asyncio.gather(*(embedder.embed([f"a {n}", f"b {n}"]) for n in range(50)))
    assert all(np.allclose(vectors[1], embed_text(f"b {n}", 1536), atol=1e-6) for n, vectors in enumerate(results))
    assert len(stub.received) <= 4


async def test_nothing_is_asked_for_no_texts(stub: StubOpenAI, embedder: OpenAIEmbedder) -> None:
    assert (await embedder.embed([])).shape == (0, 1536)
    assert stub.received == []


async def test_a_busy_server_is_asked_again(stub: StubOpenAI, embedder: OpenAIEmbedder) -> None:
    stub.answer_with(lambda _: refuse(429, "busy") if len(stub.received) < 3 else None)
    assert (await embedder.embed(["text"])).shape == (1, 1536)


async def test_one_text_that_is_too_long_is_cut_and_spares_the_others(
    stub: StubOpenAI, embedder: OpenAIEmbedder
) -> None:
    def answer(request: Received) -> Reply | None:
        too_long = any(len(text) > 5000 for text in request.body["input"])
        return refuse(400, "maximum context length is 512 tokens") if too_long else None

    stub.answer_with(answer)
    vectors = await embedder.embed(["short", "word " * 4000, "other"])
    assert np.allclose(vectors[2], embed_text("other", 1536), atol=1e-6)
    assert np.allclose(vectors[1], embed_text("word", 1536), atol=1e-6)


async def test_one_text_that_is_refused_fails_its_own_caller_only(stub: StubOpenAI, embedder: OpenAIEmbedder) -> None:
    stub.answer_with(lambda request: refuse(400, "bad input") if "bad" in request.body["input"] else None)
    good, bad = (asyncio.create_task(embedder.embed([text])) for text in ("good", "bad"))
    with pytest.raises(ModelFailed):
        await bad
    assert (await good).shape == (1, 1536)


async def test_vectors_of_another_dimension_name_the_way_out(
    stub: StubOpenAI, model_settings: Settings, sessions: Sessions
) -> None:
    servers = ModelServers(model_settings, sessions)
    embedder = OpenAIEmbedder(servers, model="embed", dimension=768)
    with pytest.raises(Invalid, match=r"DIMENSION=1536 and run `symposium reembed`"):
        await embedder.check_dimension()
    await servers.aclose()
