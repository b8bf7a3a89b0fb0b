"""Search over a small store: both legs, filters, projects, odd queries."""

import asyncio

import pytest
import pytest_asyncio
from uuid_utils.compat import uuid7

from app.db import DEFAULT_PROJECT, Sessions, build_engine, build_sessions
from app.knowledge.effort import Effort
from app.knowledge.finder import Ways
from app.knowledge.knowledge import Knowledge
from app.knowledge.search import SearchWeights
from app.knowledge.types import Filters
from app.projects.models import Project
from tests.support.embedders import HashEmbedder
from tests.support.library import add_pages, insight

APPLE = "Apple's total net sales were $81,797 million in the three months ended July 1, 2023."
STORM = "The storm closed the northern harbour for two days."


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def knowledge(sessions: Sessions) -> Knowledge:
    embedder = HashEmbedder()
    await add_pages(sessions, embedder, "apple.txt", [APPLE, "Risks are many."], [insight("i1", APPLE, 1)])
    await add_pages(sessions, embedder, "storm.txt", [STORM, "Ferries ran late."], [insight("i1", STORM, 1)])
    return Knowledge(sessions, embedder, DEFAULT_PROJECT)


async def test_a_figure_is_found_however_it_is_written(knowledge: Knowledge) -> None:
    for query in ("81.797 billion", "net sales third quarter", "total sales of Apple"):
        hits = await knowledge.search(query, filters=Filters(levels=("insight",)))
        assert hits[0].entry.text == APPLE
        assert hits[0].lexical_rank == 1


async def test_every_matching_entry_is_returned_up_to_the_limit(knowledge: Knowledge) -> None:
    assert len(await knowledge.search("harbour", limit=50)) == 6
    assert len(await knowledge.search("harbour", limit=4)) == 4


async def test_filters_limit_by_document_level_and_page(knowledge: Knowledge) -> None:
    [storm] = [d.id for d in await knowledge.list_documents([]) if d.filename == "storm.txt"]
    hits = await knowledge.search("sales", filters=Filters(document_ids=(storm,), levels=("page",), page_from=2))
    assert [hit.entry.text for hit in hits] == ["Ferries ran late."]


async def test_another_project_sees_nothing(knowledge: Knowledge, sessions: Sessions) -> None:
    other = uuid7()
    async with sessions.begin() as session:
        session.add(Project(id=other, name="other"))
    assert await Knowledge(sessions, HashEmbedder(), other).search("sales") == []


ODD = ["the of and", "?!…", "a\x00b", "😀", "مرحبا بالعالم", "'; drop table entries; --", "sales " * 10_000]


@pytest.mark.parametrize("query", [*ODD, " ".join(f"word{n}" for n in range(2_000))])
async def test_odd_queries_are_answered(knowledge: Knowledge, query: str) -> None:
    assert len(await knowledge.search(query, limit=6)) == 6


@pytest.mark.parametrize("query", [*ODD, "\u202eevas\u202c \\x00 %s {0} $1", "1" * 5_000, "(" * 3_000])
async def test_odd_queries_are_answered_along_every_way(sessions: Sessions, knowledge: Knowledge, query: str) -> None:
    ways = Ways(route=True, walk=True, fold=True)
    assert len(await knowledge.search(query, limit=3, ways=ways)) == 3
    indexed = Knowledge(sessions, HashEmbedder(), DEFAULT_PROJECT, effort=Effort(exact_below=0))
    assert len(await indexed.search(query, limit=3, ways=ways)) == 3


async def test_equal_scores_are_ordered_by_id(knowledge: Knowledge) -> None:
    first, second = await knowledge.search("harbour"), await knowledge.search("harbour")
    assert [hit.entry.id for hit in first] == [hit.entry.id for hit in second]


async def test_the_indexed_path_finds_what_the_exact_one_finds(knowledge: Knowledge, sessions: Sessions) -> None:
    indexed = Knowledge(sessions, HashEmbedder(), DEFAULT_PROJECT, effort=Effort(exact_below=0))
    for query in ("harbour storm", "net sales of Apple", "zzz"):
        exact_hits, indexed_hits = await knowledge.search(query), await indexed.search(query)
        assert [(h.entry.id, h.lexical_rank) for h in indexed_hits] == [
            (h.entry.id, h.lexical_rank) for h in exact_hits
        ]


async def test_legs_side_by_side_find_what_one_statement_finds(knowledge: Knowledge, sessions: Sessions) -> None:
    efforts = (Effort(exact_below=0, side_by_side=side_by_side, depth=4) for side_by_side in (0, 1_000))
    one, two = (Knowledge(sessions, HashEmbedder(), DEFAULT_PROJECT, effort=effort) for effort in efforts)
    for query in ("harbour storm", "net sales of Apple", "zzz", "?"):
        assert await one.search(query, limit=4) == await two.search(query, limit=4)


async def test_searches_at_once_wait_for_no_second_connection(database_url: str, knowledge: Knowledge) -> None:
    engine = build_engine(database_url, pool_size=1)
    effort = Effort(exact_below=0, side_by_side=1_000)
    busy = Knowledge(build_sessions(engine), HashEmbedder(), DEFAULT_PROJECT, effort=effort)
    try:
        async with asyncio.timeout(20):
            found = await asyncio.gather(*(busy.search("harbour storm", limit=3) for _ in range(12)))
    finally:
        await engine.dispose()
    assert [len(hits) for hits in found] == [3] * 12


async def test_what_one_leg_found_counts_in_the_other_too(sessions: Sessions, knowledge: Knowledge) -> None:
    deep, shallow = (
        Knowledge(sessions, HashEmbedder(), DEFAULT_PROJECT, effort=Effort(exact_below=exact_below, depth=3))
        for exact_below in (5_000, 0)
    )
    for query in ("storm harbour sales", "late ferries and risks"):
        exact_hits, indexed_hits = await deep.search(query, limit=3), await shallow.search(query, limit=3)
        assert [(h.entry.id, h.score) for h in exact_hits] == [(h.entry.id, h.score) for h in indexed_hits]


async def test_entries_of_the_same_words_are_tied_on_either_path(sessions: Sessions) -> None:
    words = ["copper", "nickel", "cobalt", "zinc", "lithium", "tin", "lead"]
    texts = [" ".join(words[at:] + words[:at]) + "." for at in range(7)]
    await add_pages(sessions, HashEmbedder(), "metals.txt", ["Ores."], [insight(f"i{t}", t, 1) for t in texts])
    ranked = []
    for exact_below in (5_000, 0):
        effort = Effort(exact_below=exact_below, postings=15)
        lexical = Knowledge(sessions, HashEmbedder(), DEFAULT_PROJECT, effort=effort, weights=SearchWeights(vector=0))
        hits = await lexical.search("tin, zinc, copper, lead and nickel", filters=Filters(levels=("insight",)), limit=7)
        ranked.append([(hit.entry.id, hit.score) for hit in hits])
    assert ranked[0] == ranked[1] == sorted(ranked[0])
    assert len({score for _, score in ranked[0]}) == 1


async def test_a_question_s_rarest_word_is_looked_up_beyond_the_budget_of_the_others(
    sessions: Sessions, knowledge: Knowledge
) -> None:
    for rarest, found in ((1_000, True), (0, False)):
        effort = Effort(exact_below=0, postings=0, rarest=rarest)
        hits = await Knowledge(sessions, HashEmbedder(), DEFAULT_PROJECT, effort=effort).search("harbour")
        assert any(hit.lexical_rank for hit in hits) is found
