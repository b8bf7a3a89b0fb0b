"""Live searches are sampled, few are kept, and recall is measured on them."""

from datetime import date

import pytest

from app.db import DEFAULT_PROJECT, Sessions
from app.knowledge import sampling
from app.knowledge.knowledge import Knowledge
from app.knowledge.types import Filters
from app.llm.embedding import Embedder
from app.recall import measure_recall
from app.resources import Resources
from app.settings import Settings
from tests.support.library import add_pages


async def _ask(sessions: Sessions, embedder: Embedder, count: int) -> None:
    knowledge = Knowledge(sessions, embedder, DEFAULT_PROJECT, sample_share=1)
    for number in range(count):
        await knowledge.search(f"bird {number}", filters=Filters(levels=("page",), dated_from=date(2020, 1, 1)))


async def test_the_newest_samples_are_kept_as_they_were_asked(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "KEPT", 3)
    await add_pages(resources.sessions, resources.embedder, "birds.txt", [f"Bird {n} sang." for n in range(12)])
    await _ask(resources.sessions, resources.embedder, 5)
    async with resources.sessions() as session:
        kept = await sampling.list_samples(session, limit=10)
    assert [sample.query for sample in kept] == ["bird 4", "bird 3", "bird 2"]
    assert kept[0].filters == Filters(levels=("page",), dated_from=date(2020, 1, 1))


async def test_recall_of_a_small_store_is_whole(resources: Resources, settings: Settings) -> None:
    assert settings.database_url is not None
    await _ask(resources.sessions, resources.embedder, 2)
    shares = await measure_recall(settings, settings.database_url)
    assert set(shares[DEFAULT_PROJECT]) == {1.0}
