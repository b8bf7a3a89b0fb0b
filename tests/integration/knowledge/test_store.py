"""Publishing, republishing and deleting pyramids; the lexical sums stay exact."""

import asyncio

import pytest
from sqlalchemy import text

from app.convert.document import Converted, Page
from app.db import DEFAULT_PROJECT, Sessions
from app.errors import BudgetExceeded, Conflict, Invalid, NotFound
from app.knowledge import collections, documents
from app.knowledge.embedding_models import EmbeddingMismatch, register_embedder
from app.knowledge.knowledge import Knowledge
from app.knowledge.listeners import Listeners
from app.knowledge.reembedding import reembed
from app.knowledge.types import Filters, NewEntry
from app.llm.budget import Budget, Caps
from tests.support.embedders import HashEmbedder
from tests.support.library import add_document, add_pages, insight, publish_pages

WRONG_SUMS = text("""
select count(*) from (
    select p.term_id, sum(p.entries) as entries, sum(p.occurrences) as occurrences from postings p group by p.term_id
) p full join terms t on t.id = p.term_id
where t.entries <> coalesce(p.entries, 0) or t.occurrences <> coalesce(p.occurrences, 0)
""")
WRONG_POSTINGS = text("""
select count(*) from (
    select p.term_id, n.number, n.count from postings p, unnest(p.numbers, p.counts) as n (number, count)
) p full join (
    select t.term_id, e.number, t.count from entries e, unnest(e.term_ids, e.term_counts) as t (term_id, count)
) e using (term_id, number) where p.count is distinct from e.count
""")


async def assert_sums_are_exact(sessions: Sessions) -> None:
    async with sessions() as session:
        assert await session.scalar(WRONG_SUMS) == 0
        assert await session.scalar(WRONG_POSTINGS) == 0


async def replace_content(sessions: Sessions, document_id: object, content: bytes) -> None:
    async with sessions.begin() as session:
        found = await documents.get_document(session, DEFAULT_PROJECT, document_id)  # type: ignore[arg-type]
        await documents.replace_content(session, found, filename="a.txt", media_type="text/plain", content=content)


async def test_an_unchanged_entry_keeps_its_id_and_is_not_embedded_again(sessions: Sessions) -> None:
    embedder = HashEmbedder()
    knowledge = Knowledge(sessions, embedder, DEFAULT_PROJECT)
    document_id = await add_pages(
        sessions, embedder, "a.txt", ["One.", "Two."], [insight("i", "First says one.", 1), insight("j", "Gone.", 2)]
    )
    before = {hit.entry.text: hit.entry.id for hit in await knowledge.search("one")}
    await replace_content(sessions, document_id, b"changed")
    embedder.embedded.clear()
    await publish_pages(knowledge, document_id, ["One.", "Three."], [insight("x", "First says one.", 1)])
    after = {hit.entry.text: hit.entry.id for hit in await knowledge.search("one")}
    assert embedder.embedded[0:1] == ["Three."]
    assert {text for text, entry_id in after.items() if before.get(text) == entry_id} == {"One.", "First says one."}
    assert set(after) == {"One.", "Three.", "First says one."}
    await assert_sums_are_exact(sessions)


async def test_the_old_pyramid_is_shown_until_the_new_one_is_published(sessions: Sessions) -> None:
    knowledge = Knowledge(sessions, HashEmbedder(), DEFAULT_PROJECT)
    document_id = await add_pages(sessions, HashEmbedder(), "old.txt", ["Old page."])
    await replace_content(sessions, document_id, b"new bytes")
    reading = await knowledge.begin_reading(document_id)
    await knowledge.save_pages(
        document_id, reading.version, Converted(media_type="text/plain", pages=(Page(number=1, markdown="New page."),))
    )
    assert (await knowledge.get_page(document_id, 1)).markdown == "Old page."
    found = await knowledge.search("page", filters=Filters(document_ids=(document_id,)))
    assert [hit.entry.text for hit in found] == ["Old page."]


async def test_a_document_deleted_while_it_is_read_is_noticed_and_leaves_nothing(sessions: Sessions) -> None:
    knowledge = Knowledge(sessions, HashEmbedder(), DEFAULT_PROJECT)
    document_id = await add_document(sessions, "gone.txt")
    reading = await knowledge.begin_reading(document_id)
    await knowledge.save_window(document_id, "h", {"insights": []})
    async with sessions.begin() as session:
        await documents.delete_document(session, DEFAULT_PROJECT, document_id)
    with pytest.raises(NotFound):
        await knowledge.save_window(document_id, "h", {})
    with pytest.raises(NotFound):
        await knowledge.publish(
            document_id, reading.version, [], title="", card={}, metadata={}, quality={}, page_quality={}
        )
    await assert_sums_are_exact(sessions)


async def test_a_stale_version_can_not_be_published(sessions: Sessions) -> None:
    knowledge = Knowledge(sessions, HashEmbedder(), DEFAULT_PROJECT)
    document_id = await add_pages(sessions, HashEmbedder(), "stale.txt", ["One."])
    await replace_content(sessions, document_id, b"newer")
    with pytest.raises(Conflict):
        await knowledge.publish(document_id, 1, [], title="", card={}, metadata={}, quality={}, page_quality={})


async def test_documents_published_and_deleted_at_once_leave_exact_sums(sessions: Sessions) -> None:
    embedder = HashEmbedder()
    async with sessions.begin() as session:
        await collections.create_collection(session, DEFAULT_PROJECT, name="busy")
    ids = await asyncio.gather(
        *(
            add_pages(sessions, embedder, f"{n}.txt", [f"Page {n} of the storm.", "Calm."], collection="busy")
            for n in range(8)
        )
    )

    async def delete(document_id: object) -> None:
        async with sessions.begin() as session:
            await documents.delete_document(session, DEFAULT_PROJECT, document_id)  # type: ignore[arg-type]

    more = (add_pages(sessions, embedder, f"m{n}.txt", ["Another storm."], collection="busy") for n in range(4))
    await asyncio.gather(*map(delete, ids[:4]), *more)
    await assert_sums_are_exact(sessions)
    async with sessions.begin() as session:
        busy = await collections.get_collection(session, DEFAULT_PROJECT, "busy")
        assert await collections.count_entries(session, busy.id) == {"page": 12}
        await documents.delete_collection(session, busy)
    await assert_sums_are_exact(sessions)


async def test_a_pyramid_with_unknown_sources_is_refused(sessions: Sessions) -> None:
    document_id = await add_document(sessions, "broken.txt")
    broken = NewEntry(key="i", level="insight", text="x", pages=(1,), sources=("p9",))
    with pytest.raises(Invalid):
        await publish_pages(Knowledge(sessions, HashEmbedder(), DEFAULT_PROJECT), document_id, ["One."], [broken])


async def test_an_embedder_of_another_model_is_refused_with_the_way_out(sessions: Sessions) -> None:
    await add_pages(sessions, HashEmbedder(), "any.txt", ["Any."])
    for other in (HashEmbedder(name="test/other"), HashEmbedder(dimension=32)):
        async with sessions() as session:
            with pytest.raises(EmbeddingMismatch, match="symposium reembed"):
                await register_embedder(session, other)


async def test_after_reembedding_another_model_is_accepted_and_finds(sessions: Sessions) -> None:
    await add_pages(sessions, HashEmbedder(), "turned.txt", ["A heron stood in the reeds."])
    other = HashEmbedder(name="test/turned", dimension=32)
    steps = [step async for step in reembed(sessions, other, batch=3)]
    assert steps[-1][0] == steps[-1][1] > 0
    async with sessions.begin() as session:
        await register_embedder(session, other)
    hits = await Knowledge(sessions, other, DEFAULT_PROJECT).search("heron in the reeds", limit=3)
    assert hits[0].vector_rank is not None
    assert [step async for step in reembed(sessions, HashEmbedder())][-1][0] > 0


async def test_a_model_of_another_dimension_is_embedded_anew(sessions: Sessions) -> None:
    await add_pages(sessions, HashEmbedder(), "narrow.txt", ["A stork on a roof."])
    narrow = HashEmbedder(dimension=16)
    assert [step async for step in reembed(sessions, narrow)][-1][0] > 0
    hits = await Knowledge(sessions, narrow, DEFAULT_PROJECT).search("stork on a roof", limit=3)
    assert hits[0].vector_rank is not None
    assert [step async for step in reembed(sessions, HashEmbedder())][-1][0] > 0


async def test_a_search_over_the_cap_is_refused(sessions: Sessions) -> None:
    budget = Budget(caps=Caps(searches=1))
    knowledge = Knowledge(sessions, HashEmbedder(), DEFAULT_PROJECT, listeners=Listeners(on_search=budget.count_search))
    await knowledge.search("anything")
    with pytest.raises(BudgetExceeded):
        await knowledge.search("anything else")


async def test_the_walk_goes_both_ways_and_sideways(sessions: Sessions) -> None:
    embedder = HashEmbedder()
    entries = [insight("i", "Up one.", 1), insight("j", "Up two.", 1)]
    document_id = await add_pages(sessions, embedder, "walk.txt", ["Ground."], entries)
    knowledge = Knowledge(sessions, embedder, DEFAULT_PROJECT)
    hits = await knowledge.search("up", filters=Filters(document_ids=(document_id,), levels=("insight",)))
    first = min((hit.entry for hit in hits), key=lambda entry: entry.text)
    [page] = await knowledge.list_linked(first.id, "sources")
    assert page.text == "Ground."
    assert [entry.text for entry in await knowledge.list_linked(page.id, "dependants")] == ["Up one.", "Up two."]
    assert [entry.text for entry in await knowledge.list_linked(first.id, "siblings")] == ["Up two."]
