"""The embedding model changed while the store goes on answering."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from sqlalchemy import func, select

from app.db import DEFAULT_PROJECT, Sessions
from app.errors import Invalid
from app.knowledge.current_model import CurrentModel
from app.knowledge.embedding_models import EmbeddingMismatch, register_embedder, start_embedder
from app.knowledge.knowledge import Knowledge
from app.knowledge.models import Entry, NextEmbedding
from app.knowledge.opening import open_knowledge
from app.knowledge.reembedding import reembed, switch
from app.llm.embedders import Embedders
from app.llm.embedding import Embedder, OpenAIEmbedder
from app.llm.servers import ModelServers
from app.reembed import embed_anew
from app.resources import Resources
from app.settings import Settings
from tests.support.embedders import HashEmbedder
from tests.support.library import add_document, add_pages, publish_pages
from tests.support.stub_openai import StubOpenAI

OLD, NEW = HashEmbedder(name="test/old"), HashEmbedder(name="test/new", dimension=32)


async def follow(name: str, dimension: int) -> Embedder:
    return {OLD.name: OLD, NEW.name: NEW}[name]


@pytest.fixture
def knowledge(sessions: Sessions) -> Knowledge:
    """The store as a service has it that was started with the old model."""
    return Knowledge(sessions, CurrentModel(sessions, OLD, follow=follow), DEFAULT_PROJECT)


async def find_by_meaning(knowledge: Knowledge, text: str) -> list[str]:
    hits = await knowledge.search(text, limit=3)
    return [hit.entry.text for hit in hits if hit.vector_rank is not None]


async def test_old_vectors_answer_until_all_new_ones_are_made(sessions: Sessions, knowledge: Knowledge) -> None:
    await add_pages(sessions, OLD, "birds.txt", ["A heron stood in the reeds.", "A stork on a roof.", "Rain fell."])
    making = reembed(sessions, NEW, batch=2)
    assert await anext(making) == (2, 3)
    NEW.embedded.clear()
    assert await find_by_meaning(knowledge, "heron in the reeds")
    assert "heron in the reeds" not in NEW.embedded
    document_id = await add_document(sessions, "late.txt")
    await publish_pages(knowledge, document_id, ["An owl was heard."])
    steps = [step async for step in making]
    assert steps[-1] == (4, 4)
    assert await find_by_meaning(knowledge, "heron in the reeds")
    assert await find_by_meaning(knowledge, "an owl was heard")
    assert "heron in the reeds" in NEW.embedded
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(NextEmbedding)) == 0
        with pytest.raises(EmbeddingMismatch, match="symposium reembed"):
            await register_embedder(session, OLD)


async def test_vectors_made_before_it_was_broken_off_are_not_made_again(sessions: Sessions) -> None:
    await add_pages(sessions, NEW, "more.txt", ["One.", "Two.", "Three."])
    making = reembed(sessions, OLD, batch=3)
    first, total = await anext(making)
    await making.aclose()
    OLD.embedded.clear()
    assert [step async for step in reembed(sessions, OLD, batch=3)][-1] == (total, total)
    assert len(OLD.embedded) == total - first


async def test_what_was_embedded_before_the_switch_is_embedded_anew_for_the_store(sessions: Sessions) -> None:
    class SlowEmbedder(HashEmbedder):
        """Meanwhile the model is changed."""

        async def embed(self, texts: Sequence[str]) -> np.ndarray:
            vectors = await super().embed(texts)
            if "A crane flew by." in texts and self.name == OLD.name:
                assert [step async for step in reembed(sessions, NEW)]
            return vectors

    slow = SlowEmbedder(name=OLD.name)
    knowledge = Knowledge(sessions, CurrentModel(sessions, slow, follow=follow), DEFAULT_PROJECT)
    document_id = await add_document(sessions, "crane.txt")
    await publish_pages(knowledge, document_id, ["A crane flew by."])
    async with sessions() as session:
        model_ids = set(await session.scalars(select(Entry.embedding_model_id)))
    assert len(model_ids) == 1
    assert await find_by_meaning(knowledge, "a crane flew by")


async def test_there_is_no_switch_while_an_entry_lacks_a_vector(sessions: Sessions) -> None:
    async with sessions() as session:
        current = await session.scalar(select(Entry.embedding_model_id).limit(1))
    assert not await switch(sessions, (current or 0) + 1000)


@pytest.fixture
def stub() -> Iterator[StubOpenAI]:
    with StubOpenAI(dimension=48) as running:
        yield running


@pytest.fixture
def chosen(settings: Settings, stub: StubOpenAI) -> Settings:
    """The settings of a command that changes the model."""
    model = {"openai_base_url": stub.url, "embedder": "openai", "embedding_model": "stub", "embedding_dimension": 48}
    return settings.model_copy(update=model)


async def test_a_service_started_with_the_local_model_follows_to_a_server_s(
    resources: Resources, settings: Settings, chosen: Settings, stub: StubOpenAI, database_url: str
) -> None:
    sessions = resources.sessions
    assert [step async for step in reembed(sessions, resources.embedder)]
    servers = ModelServers(chosen, sessions)
    following = Embedders(servers, cache_dir=settings.data_dir)
    knowledge = open_knowledge(resources, DEFAULT_PROJECT)
    assert await find_by_meaning(knowledge, "an owl was heard")
    assert await embed_anew(chosen, database_url) > 0
    source = CurrentModel(sessions, resources.embedder, follow=following.open)
    assert await find_by_meaning(Knowledge(sessions, source, DEFAULT_PROJECT), "an owl was heard")
    assert stub.received[-1].body == {"input": ["an owl was heard"], "model": "stub", "encoding_format": "float"}
    await servers.aclose()


async def test_a_wrong_dimension_is_told_at_the_start_with_the_way_out(
    sessions: Sessions, chosen: Settings, stub: StubOpenAI
) -> None:
    servers = ModelServers(chosen, sessions)
    wrong = OpenAIEmbedder(servers, model="stub", dimension=64)
    with pytest.raises((Invalid, EmbeddingMismatch), match="symposium reembed"):
        await start_embedder(sessions, wrong)
    await start_embedder(sessions, OpenAIEmbedder(servers, model="stub", dimension=48))
    await servers.aclose()
