"""What documents of one collection say differently about the same figure."""

from decimal import Decimal
from uuid import UUID

import pytest

from app.db import DEFAULT_PROJECT, Sessions
from app.errors import Invalid, NotFound
from app.knowledge import collections, discrepancies, documents
from app.knowledge.knowledge import Knowledge
from app.knowledge.types import DiscrepancyView, Fact, NewEntry
from tests.support.embedders import HashEmbedder
from tests.support.library import add_document, publish_pages

Figure = tuple[str, str]


def say(key: str, measure: str, shown: str) -> NewEntry:
    value = Decimal(shown.replace(",", "")) * 10**6
    fact = Fact(entity="Halden", measure=measure, value=value, unit="USD", period="3m:2023-07-01", shown=shown)
    text = f"Halden's {measure} were ${shown} million in the three months ended July 1, 2023."
    return NewEntry(key=key, level="insight", text=text, pages=(1,), sources=("p1",), facts=(fact,))


@pytest.fixture
def knowledge(sessions: Sessions) -> Knowledge:
    return Knowledge(sessions, HashEmbedder(), DEFAULT_PROJECT)


async def add(sessions: Sessions, home: str, filename: str, *told: Figure, period_end: str = "") -> UUID:
    """Publish a document that gives some figures and compare it."""
    knowledge = Knowledge(sessions, HashEmbedder(), DEFAULT_PROJECT)
    async with sessions.begin() as session:
        if home not in {found.name for found in await collections.list_collections(session, DEFAULT_PROJECT)}:
            await collections.create_collection(session, DEFAULT_PROJECT, name=home)
    document_id = await add_document(sessions, filename, collection=home)
    await publish(knowledge, document_id, *told, period_end=period_end)
    return document_id


async def publish(knowledge: Knowledge, document_id: UUID, *told: Figure, period_end: str = "") -> None:
    entries = [say(f"i{n}", measure, shown) for n, (measure, shown) in enumerate(told)]
    metadata = {"period_end": period_end} if period_end else {}
    await publish_pages(knowledge, document_id, [f"Page of {document_id}"], entries, metadata=metadata)
    await knowledge.compare_figures(document_id)


async def views_of(sessions: Sessions, knowledge: Knowledge, home: str) -> list[DiscrepancyView]:
    async with sessions.begin() as session:
        collection = await collections.get_collection(session, DEFAULT_PROJECT, home)
    return await knowledge.list_discrepancies([collection.id], settled=None)


async def found_in(sessions: Sessions, knowledge: Knowledge, home: str) -> list[tuple[str, str, str]]:
    views = await views_of(sessions, knowledge, home)
    return sorted((view.kind, view.detail["entry"]["shown"], view.detail["other"]["shown"]) for view in views)


async def test_a_later_document_that_gives_another_value_restates(sessions: Sessions, knowledge: Knowledge) -> None:
    figures = (("net sales", "500"), ("gross margin", "200"))
    await add(sessions, "restated", "q3.txt", *figures, period_end="2023-07-01")
    await add(sessions, "restated", "fy.txt", ("net sales", "490"), ("gross margin", "200"), period_end="2023-09-30")
    assert await found_in(sessions, knowledge, "restated") == [("restated", "490", "500")]
    [view] = await views_of(sessions, knowledge, "restated")
    assert (view.entry.filename, view.newer_entry_id) == ("fy.txt", view.entry.id)


async def test_two_values_and_no_date_are_a_conflict(sessions: Sessions, knowledge: Knowledge) -> None:
    await add(sessions, "conflict", "one.txt", ("net sales", "500"))
    await add(sessions, "conflict", "two.txt", ("net sales", "505"), ("operating income", "7"))
    await add(sessions, "conflict", "three.txt", ("operating income", "7,000"))
    assert await found_in(sessions, knowledge, "conflict") == [("conflict", "505", "500"), ("unit_slip", "7,000", "7")]


async def test_other_collections_are_left_alone(sessions: Sessions, knowledge: Knowledge) -> None:
    await add(sessions, "here", "one.txt", ("inventory", "1"))
    await add(sessions, "there", "one.txt", ("inventory", "2"))
    assert await found_in(sessions, knowledge, "here") == await found_in(sessions, knowledge, "there") == []


async def test_a_slot_a_document_fills_twice_is_too_vague(sessions: Sessions, knowledge: Knowledge) -> None:
    await add(sessions, "vague", "one.txt", ("lease payments", "3"), ("lease payments", "9"))
    await add(sessions, "vague", "two.txt", ("lease payments", "4"))
    assert await found_in(sessions, knowledge, "vague") == []


async def test_a_new_version_takes_back_what_no_longer_differs(sessions: Sessions, knowledge: Knowledge) -> None:
    await add(sessions, "mended", "one.txt", ("net sales", "500"), ("net income", "50"))
    document_id = await add(sessions, "mended", "two.txt", ("net sales", "505"), ("net income", "55"))
    before = {view.detail["measure"]: view.id for view in await views_of(sessions, knowledge, "mended")}
    async with sessions.begin() as session:
        held = await documents.get_document(session, DEFAULT_PROJECT, document_id)
        await documents.replace_content(session, held, filename="two.txt", media_type="text/plain", content=b"new")
    await publish(knowledge, document_id, ("net sales", "500"), ("net income", "55"))
    assert await found_in(sessions, knowledge, "mended") == [("conflict", "55", "50")]
    [kept] = await views_of(sessions, knowledge, "mended")
    assert kept.id == before["net income"]


async def test_a_person_settles_it_and_it_stays_settled(sessions: Sessions, knowledge: Knowledge) -> None:
    await add(sessions, "settled", "one.txt", ("net sales", "500"))
    document_id = await add(sessions, "settled", "two.txt", ("net sales", "505"))
    [view] = await views_of(sessions, knowledge, "settled")
    async with sessions.begin() as session:
        found = await discrepancies.get_discrepancy(session, DEFAULT_PROJECT, view.id, lock=True)
        await discrepancies.settle_discrepancy(
            session, found, settled=True, right_entry_id=view.other.id, note="typo", actor="ann"
        )
        with pytest.raises(Invalid):
            await discrepancies.settle_discrepancy(
                session, found, settled=True, right_entry_id=view.id, note="", actor="ann"
            )
    await knowledge.compare_figures(document_id)
    assert view.id not in [v.id for v in await knowledge.list_discrepancies(entry_ids=[view.entry.id])]
    [settled] = await knowledge.list_discrepancies(entry_ids=[view.entry.id], settled=True)
    assert settled.settlement == {"right_entry_id": str(view.other.id), "note": "typo", "actor": "ann"}


async def test_a_deleted_document_takes_its_discrepancies_along(sessions: Sessions, knowledge: Knowledge) -> None:
    document_id = await add(sessions, "gone", "one.txt", ("net sales", "500"))
    await add(sessions, "gone", "two.txt", ("net sales", "505"))
    async with sessions.begin() as session:
        await documents.delete_document(session, DEFAULT_PROJECT, document_id)
    assert await found_in(sessions, knowledge, "gone") == []
    with pytest.raises(NotFound):
        await knowledge.compare_figures(document_id)
