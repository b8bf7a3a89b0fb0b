"""A document deleted at any moment leaves no row in any table, whatever tables there are."""

from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import MetaData, func, select

from app.db import DEFAULT_PROJECT, Sessions
from app.errors import NotFound
from app.knowledge import batches, collections, documents
from app.knowledge.embedding_models import register_embedder
from app.knowledge.types import Filters
from app.llm.task import I, O, OnDelta, Task
from tests.integration.pyramid.test_reading import PARAGRAPHS, write
from tests.support.embedders import HashEmbedder
from tests.support.pyramid import CountedModels, Desk

KEEP = {"terms"}
"""Words stay known to the index, counted zero times."""

SALES = """# Halden Instruments Ltd.

## Consolidated statements of operations (in millions)

| | Three Months Ended July 1, 2023 |
| --- | --- |
| Total net sales | $ {sales} |
| Net income | 19,881 |

Halden Instruments Ltd. opened {sales} stores in 2023.
"""


@pytest.fixture
def desk(sessions: Sessions) -> Desk:
    return Desk(sessions=sessions, embedder=HashEmbedder())


async def count_rows(sessions: Sessions) -> dict[str, int]:
    """Return the rows of every table of the database, found in its catalogue."""
    found = MetaData()
    async with sessions() as session:
        await session.run_sync(lambda each: found.reflect(each.get_bind()))
        return {name: await session.scalar(select(func.count()).select_from(table)) or 0 for name, table in
                found.tables.items() if name not in KEEP}  # fmt: skip


async def count_words(sessions: Sessions) -> int:
    """Return the sums over all postings that the index still counts."""
    found = MetaData()
    async with sessions() as session:
        await session.run_sync(lambda each: found.reflect(each.get_bind(), only=["terms"]))
        return await session.scalar(select(func.coalesce(func.sum(found.tables["terms"].c.entries), 0))) or 0


async def delete(sessions: Sessions, document_id: UUID) -> None:
    async with sessions.begin() as session:
        await documents.delete_document(session, DEFAULT_PROJECT, document_id)


@dataclass(kw_only=True)
class Deleting:
    """The offline engine; the document goes away right before one of its calls."""

    sessions: Sessions
    document_id: UUID
    at: int
    models: CountedModels
    engine: str = "offline"

    async def run(self, task: Task[I, O], input: I, *, on_delta: OnDelta | None = None) -> O:
        if len(self.models.asked) + 1 == self.at:
            await delete(self.sessions, self.document_id)
        return await self.models.run(task, input)


@pytest.mark.parametrize("at", [1, 2, 4, 8, 9])
async def test_deleted_while_it_is_read(desk: Desk, sessions: Sessions, at: int) -> None:
    async with sessions.begin() as session:
        await collections.ensure_default(session, DEFAULT_PROJECT)
        await register_embedder(session, desk.embedder)
    before = await count_rows(sessions)
    document_id = await desk.add("parts.md", write(PARAGRAPHS))
    desk.models = Deleting(sessions=sessions, document_id=document_id, at=at, models=CountedModels())
    with pytest.raises(NotFound):
        await desk.read(document_id)
    assert await count_rows(sessions) == before


async def test_deleted_with_a_discrepancy_a_recollection_and_a_batch_that_name_it(
    desk: Desk, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        home = await collections.ensure_default(session, DEFAULT_PROJECT)
    other = await desk.add("first.md", SALES.format(sales="81,797"))
    await desk.read(other)
    before, words = await count_rows(sessions), await count_words(sessions)
    document_id = await desk.add("second.md", SALES.format(sales="81,799"))
    output = await desk.read(document_id)
    assert output.discrepancies == 2
    async with sessions.begin() as session:
        batch = await batches.create_batch(session, DEFAULT_PROJECT, home.id, name="")
        await batches.add_items(session, batch, [("second.md", document_id, "")])
    hits = await desk.knowledge.search("sales", filters=Filters(document_ids=(document_id,), levels=("insight",)))
    made = await desk.knowledge.add_recollection(
        "Halden sells.", sources=[hit.entry.id for hit in hits], kind="stated", actor="ann"
    )
    await delete(sessions, document_id)
    after = await count_rows(sessions)
    left = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    told = {"batches": 1, "recollections": 1, "recollection_changes": 2, "entries": 1}
    assert {name: rows for name, rows in left.items() if name != "postings"} == told
    recalled = await desk.knowledge.get_entry(made.id)
    assert (recalled.document_id, recalled.grounding) == (None, "ungrounded")
    assert await count_words(sessions) - words == left["postings"]
