"""Searching the documents a question is about."""

import pytest_asyncio

from app.db import DEFAULT_PROJECT, Sessions
from app.knowledge.finder import Ways
from app.knowledge.knowledge import Knowledge
from app.knowledge.types import Filters, Hit, NewEntry
from tests.support.embedders import HashEmbedder
from tests.support.library import add_pages, insight

ROUTED = Ways(route=True)
PAGES = Filters(levels=("page",))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def knowledge(sessions: Sessions) -> Knowledge:
    embedder = HashEmbedder()
    for name in ("ACME_2018_10K", "ACME_2019_10K", "BOLT_2018_10K", "BOLT_2019_10K"):
        abstract = NewEntry(key="a", level="abstract", text=f"What {name[:4]} did.", pages=(1,))
        row = insight("i1", f"{name[:4]} spent 5 million on machines and buildings.", 3)
        pages = ["Cover sheet.", "Total assets and inventories are shown here.", "Outlays for plant are shown here."]
        await add_pages(sessions, embedder, f"{name}.pdf", pages, [row, abstract])
    return Knowledge(sessions, embedder, DEFAULT_PROJECT)


def _places(hits: list[Hit]) -> list[tuple[str, int]]:
    return [(hit.entry.filename, hit.entry.pages[0]) for hit in hits]


async def test_the_document_named_in_the_question_comes_first(knowledge: Knowledge) -> None:
    for filename in ("ACME_2018_10K.pdf", "BOLT_2019_10K.pdf"):
        question = f"What were the total assets of {filename[:4].title()} in {filename[5:9]}?"
        hits = await knowledge.search(question, filters=PAGES, ways=ROUTED)
        assert _places(hits)[0] == (filename, 2)


async def test_a_page_gains_by_an_insight_on_it(knowledge: Knowledge) -> None:
    hits = await knowledge.search("ACME 2018: spent on machines and buildings", filters=PAGES, ways=ROUTED)
    assert _places(hits)[0] == ("ACME_2018_10K.pdf", 3)


async def test_routing_keeps_to_the_filters_and_loses_nothing(knowledge: Knowledge) -> None:
    hits = await knowledge.search("ACME 2018", filters=PAGES, limit=50, ways=ROUTED)
    assert len(hits) == 12
    [acme] = [d.id for d in await knowledge.list_documents([]) if d.filename == "ACME_2019_10K.pdf"]
    within = await knowledge.search("BOLT 2018", filters=Filters(document_ids=(acme,)), ways=ROUTED)
    assert {hit.entry.filename for hit in within} == {"ACME_2019_10K.pdf"}


async def test_near_duplicates_are_folded_on_demand(knowledge: Knowledge) -> None:
    shown = await knowledge.search("cover sheet", filters=PAGES, limit=50, ways=Ways(fold=True))
    assert sorted(len(hit.folded) for hit in shown) == [3, 3, 3]
