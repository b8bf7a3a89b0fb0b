"""What a run learns from several sources helps the next one, is never cited, and goes stale with its documents."""

from uuid import UUID

import pytest
import pytest_asyncio

from app.db import DEFAULT_PROJECT, Json, Sessions
from app.knowledge.documents import delete_document
from tests.support.embedders import HashEmbedder
from tests.support.research import publish_library, research

EMBEDDER = HashEmbedder()
CHANGE = "How has Apple's total net sales changed over time?"
LEARNED = (
    "Apple's total net sales fell by $13,039 million (13.7%), from $94,836 million in the three months ended April 1, "
    "2023 to $81,797 million in the three months ended July 1, 2023."
)


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def library(sessions: Sessions) -> dict[str, UUID]:
    return await publish_library(sessions, EMBEDDER)


def reminders(said: list[Json]) -> list[str]:
    """Return the recollections a run was reminded of."""
    return [text for e in said if e["type"] == "research.reminded" for text in e["data"]["recollections"]]


async def test_nothing_is_kept_where_the_person_does_not_want_it(sessions: Sessions) -> None:
    output, _ = await research(sessions, EMBEDDER, CHANGE, remember=False)
    assert output.learned == []


async def test_what_one_run_learns_reminds_the_next_until_its_document_goes(
    sessions: Sessions, library: dict[str, UUID]
) -> None:
    first, said = await research(sessions, EMBEDDER, CHANGE)
    assert (first.learned, reminders(said)) == ([LEARNED], [])
    second, said = await research(sessions, EMBEDDER, "Did Apple's total net sales fall, and by how much?")
    assert reminders(said) == [LEARNED]
    assert {c.filename for c in second.citations} <= set(library)
    assert all(f.level != "recollection" for f in second.findings)
    async with sessions.begin() as session:
        await delete_document(session, DEFAULT_PROJECT, library["2023 Q2 AAPL.pdf"])
    _, said = await research(sessions, EMBEDDER, "Did Apple's total net sales fall, and by how much?")
    assert reminders(said) == []


@pytest.mark.parametrize("question", ["What were Apple's total net sales in the three months ended July 1, 2023?"])
async def test_a_sentence_of_one_source_is_not_learned(sessions: Sessions, question: str) -> None:
    output, _ = await research(sessions, EMBEDDER, question)
    assert output.learned == []
