"""Facts found by measure, period and entity."""

from decimal import Decimal

from app.db import DEFAULT_PROJECT, Sessions
from app.knowledge.knowledge import Knowledge
from app.knowledge.types import Fact, Filters, NewEntry
from tests.support.embedders import HashEmbedder
from tests.support.library import add_pages


def sales(key: str, period: str, value: int) -> NewEntry:
    fact = Fact(
        entity="Apple Inc.",
        measure="Total net sales",
        value=Decimal(value),
        unit="USD",
        period=period,
        shown=f"{value}",
    )
    return NewEntry(key=key, level="insight", text=f"Sales were {value}.", pages=(1,), sources=("p1",), facts=(fact,))


async def test_facts_are_found_by_their_slot(sessions: Sessions) -> None:
    entries = [sales("a", "3m:2023-07-01", 81797000000), sales("b", "3m:2022-06-25", 82959000000)]
    await add_pages(sessions, HashEmbedder(), "f.txt", ["Sales."], entries)
    knowledge = Knowledge(sessions, HashEmbedder(), DEFAULT_PROJECT)
    found = await knowledge.find_facts(
        filters=Filters(), measure_terms=["net", "sales"], periods=["3m:2023-07-01"], entities=["apple"]
    )
    assert [entry.facts[0].value for entry in found] == [Decimal(81797000000)]
    assert await knowledge.find_facts(filters=Filters(), measure_terms=["net%income"]) == []
    assert len(await knowledge.find_facts(filters=Filters())) == 2
