"""What a process opens: all of it works, and what is missing is said in a sentence."""

import pytest
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from sqlalchemy import text

from app.errors import Invalid, Unavailable
from app.resources import Resources, open_resources
from app.settings import Settings


async def test_everything_opened_answers(resources: Resources) -> None:
    async with resources.sessions() as session:
        assert (await session.execute(text("select count(*) from projects"))).scalar_one() == 1
    assert await resources.redis.ping()
    assert (await resources.embedder.embed(["a sentence"])).shape == (1, resources.embedder.dimension)
    page = (await resources.converter.convert(b"# Title\n\nWords.", filename="a.md")).pages[0]
    assert "Words." in page.markdown


async def test_the_checkpoint_pool_suits_the_saver(resources: Resources) -> None:
    saver = AsyncPostgresSaver(resources.checkpoint_pool)
    assert await saver.aget_tuple({"configurable": {"thread_id": "none", "checkpoint_ns": ""}}) is None


async def test_a_database_that_is_away_is_named_in_one_sentence(settings: Settings) -> None:
    away = settings.model_copy(update={"database_url": "postgresql://someone@127.0.0.1:1/none"})
    with pytest.raises(Unavailable, match=r"The database at 127\.0\.0\.1 can't be reached"):
        async with open_resources(away):
            pass


async def test_without_addresses_it_says_what_to_set(settings: Settings) -> None:
    with pytest.raises(Invalid, match="Set DATABASE_URL and REDIS_URL"):
        async with open_resources(settings.model_copy(update={"redis_url": None})):
            pass
