"""A search returns every entry its filters leave, up to its limit, and no other."""

from datetime import date
from itertools import product
from uuid import UUID

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db import DEFAULT_PROJECT, Sessions
from app.knowledge import collections
from app.knowledge.effort import Effort
from app.knowledge.finder import Ways
from app.knowledge.knowledge import Knowledge
from app.knowledge.types import EntryView, Filters
from tests.support.embedders import HashEmbedder
from tests.support.library import add_document, insight, publish_pages

YEARS = ("2021", "2022", "2023")
PLACES = tuple(product(("default", "second"), YEARS))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def knowledge(sessions: Sessions) -> Knowledge:
    knowledge = Knowledge(sessions, HashEmbedder(), DEFAULT_PROJECT)
    async with sessions.begin() as session:
        await collections.create_collection(session, DEFAULT_PROJECT, name="second")
    for place, year in PLACES:
        document_id = await add_document(sessions, f"{place} {year}.txt", collection=place)
        pages = [f"Page {n} of {place} in {year}." for n in (1, 2, 3)]
        metadata = {"fiscal_year": year, "period_end": f"{year}-06-30"}
        entries = [insight(f"i{n}", f"Fact {n} of {year} in {place}.", n) for n in (1, 2, 3)]
        await publish_pages(knowledge, document_id, pages, entries, metadata=metadata)
    return knowledge


@st.composite
def limits(draw: st.DrawFn) -> Filters:
    """Draw filters of every kind; places are names, which the test turns into ids."""
    first = draw(st.none() | st.integers(1, 4))
    return Filters(
        levels=tuple(draw(st.sets(st.sampled_from(("page", "insight", "concept"))))),
        page_from=first,
        page_to=draw(st.none() | st.integers(1, 4)),
        metadata=draw(st.sampled_from(({}, {"fiscal_year": "2022"}, {"fiscal_year": "1999"}))),
        dated_from=draw(st.none() | st.sampled_from((date(2022, 6, 30), date(2022, 7, 1)))),
        dated_to=draw(st.none() | st.sampled_from((date(2022, 6, 29), date(2023, 6, 30)))),
    )


def keeps(filters: Filters, entry: EntryView) -> bool:
    """Tell whether filters leave an entry, read from its file's name and its pages."""
    year = entry.filename.split()[1][:4]
    day, page = date(int(year), 6, 30), entry.pages[0]
    return (
        (not filters.levels or entry.level in filters.levels)
        and (filters.page_from is None or page >= filters.page_from)
        and (filters.page_to is None or page <= filters.page_to)
        and (not filters.metadata or filters.metadata["fiscal_year"] == year)
        and (filters.dated_from is None or day >= filters.dated_from)
        and (filters.dated_to is None or day <= filters.dated_to)
    )


@pytest.mark.parametrize("exact_below", [0, 5_000])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters=limits(), limit=st.integers(1, 40), route=st.booleans())
async def test_filters_leave_what_they_say_and_nothing_is_short(
    knowledge: Knowledge, sessions: Sessions, filters: Filters, limit: int, route: bool, exact_below: int
) -> None:
    searched = Knowledge(sessions, HashEmbedder(), DEFAULT_PROJECT, effort=Effort(exact_below=exact_below))
    everything = [hit.entry for hit in await knowledge.search("fact", limit=200)]
    expected = {entry.id for entry in everything if keeps(filters, entry)}
    hits = await searched.search("a fact of 2022", filters=filters, limit=limit, ways=Ways(route=route))
    assert len(hits) == min(limit, len(expected))
    assert {hit.entry.id for hit in hits} <= expected


async def test_filters_by_place_leave_that_place(knowledge: Knowledge) -> None:
    [second] = await knowledge.resolve_collections(["second"])
    documents: list[UUID] = [document.id for document in await knowledge.list_documents([second])][:1]
    for filters, count in (
        (Filters(collection_ids=(second,)), 18),
        (Filters(document_ids=tuple(documents)), 6),
        (Filters(document_ids=tuple(documents), collection_ids=(second,)), 6),
    ):
        hits = await knowledge.search("fact", filters=filters, limit=200)
        assert {hit.entry.filename.split()[0] for hit in hits} == {"second"}
        assert len(hits) == count
