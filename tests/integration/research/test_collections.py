"""Several collections in one question, and what a collection is known to contradict itself in."""

import pytest_asyncio

from app.db import DEFAULT_PROJECT, Sessions
from app.knowledge.collections import create_collection
from app.knowledge.knowledge import Knowledge
from tests.support.embedders import HashEmbedder
from tests.support.research import MICROSOFT_CARD, apple_card, publish_filing, research, sales

EMBEDDER = HashEmbedder()
JULY = "the three months ended July 1, 2023"


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def library(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        for name in ("apples", "windows"):
            await create_collection(session, DEFAULT_PROJECT, name=name)
    first = sales("Apple", 4, 81797, "3m:2023-07-01", JULY)
    again = sales("Apple", 4, 81979, "3m:2023-07-01", JULY)
    other = sales("Microsoft", 3, 52857, "3m:2023-03-31", "the three months ended March 31, 2023", "total revenue")
    knowledge = Knowledge(sessions, EMBEDDER, DEFAULT_PROJECT)
    for name, card, entry, collection in (
        ("2023 Q3 AAPL.pdf", apple_card(3, 2023, "2023-07-01"), first, "apples"),
        ("press release.pdf", apple_card(3, 2023, "2023-07-01"), again, "apples"),
        ("2023 Q3 MSFT.pdf", MICROSOFT_CARD, other, "windows"),
    ):
        document_id = await publish_filing(sessions, EMBEDDER, name, card, [entry], collection=collection)
        await knowledge.compare_figures(document_id)


async def test_a_question_to_two_collections_is_answered_from_both(sessions: Sessions) -> None:
    question = "What was the revenue of Apple and Microsoft in the latest quarter?"
    both, _ = await research(sessions, EMBEDDER, question, collections=["apples", "windows"])
    assert "Microsoft's total revenue" in both.answer
    assert "Apple's total net sales" in both.answer


async def test_a_question_to_one_collection_knows_nothing_of_the_other(sessions: Sessions) -> None:
    question = "What was Microsoft's total revenue in the three months ended March 31, 2023?"
    output, _ = await research(sessions, EMBEDDER, question, collection="apples")
    assert (output.answer, output.citations) == ("Not in this collection.", [])


async def test_documents_that_differ_are_set_side_by_side(sessions: Sessions) -> None:
    output, _ = await research(sessions, EMBEDDER, f"What were Apple's total net sales in {JULY}?", collection="apples")
    shown = [{side.shown for side in contradiction.sides} for contradiction in output.contradictions]
    assert shown == [{"$81,797 million", "$81,979 million"}]
