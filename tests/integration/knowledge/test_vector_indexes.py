"""Vector indexes dropped for a load and built again beside a running service."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import DEFAULT_PROJECT, Sessions
from app.knowledge.effort import Effort
from app.knowledge.embedding_models import find_current
from app.knowledge.knowledge import Knowledge
from app.knowledge.types import LEVELS
from app.knowledge.vector_indexes import HnswShape, build_indexes, drop_indexes
from tests.support.embedders import HashEmbedder
from tests.support.library import add_pages

INDEXES = "select indexdef from pg_indexes where indexname like 'ix_entries_embedding%' order by indexname"


async def test_search_is_right_without_indexes_and_after_they_are_built(
    sessions: Sessions, engine: AsyncEngine
) -> None:
    knowledge = Knowledge(sessions, HashEmbedder(), DEFAULT_PROJECT, effort=Effort(exact_below=0))
    await add_pages(sessions, HashEmbedder(), "birds.txt", [f"Bird number {n} sang." for n in range(30)])
    before = [hit.entry.id for hit in await knowledge.search("bird number 7 sang", limit=5)]
    async with sessions.begin() as session:
        model = await find_current(session)
        assert model is not None
        await drop_indexes(session, model)
    assert [hit.entry.id for hit in await knowledge.search("bird number 7 sang", limit=5)] == before
    shape = HnswShape(neighbours=8, build_width=32)
    assert [level async for level in build_indexes(engine, model, shape)] == [*LEVELS]
    async with sessions() as session:
        made = list(await session.scalars(text(INDEXES)))
    assert len(made) == len(LEVELS)
    assert all("m='8'" in index and "_next" not in index for index in made)
    assert [hit.entry.id for hit in await knowledge.search("bird number 7 sang", limit=5)] == before
