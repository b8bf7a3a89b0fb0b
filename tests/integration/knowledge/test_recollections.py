"""What is remembered beyond one document: added, found, confirmed, stale, retired, and every step of it told."""

from uuid import UUID, uuid4

import pytest

from app.db import DEFAULT_PROJECT, Sessions
from app.errors import Conflict, Invalid, NotFound
from app.knowledge import collections, documents, recollections
from app.knowledge.knowledge import Knowledge
from app.knowledge.recollection_history import Author, list_history
from app.knowledge.types import EntryView, Filters, RecollectionView
from tests.integration.knowledge.test_store import assert_sums_are_exact, replace_content
from tests.support.embedders import HashEmbedder
from tests.support.library import add_pages, insight, publish_pages

ANN = Author(actor="ann", reason="she knows")
RECALLED = Filters(levels=("recollection",))


@pytest.fixture
def knowledge(sessions: Sessions) -> Knowledge:
    return Knowledge(sessions, HashEmbedder(), DEFAULT_PROJECT)


async def add_plants(sessions: Sessions, knowledge: Knowledge, filename: str) -> tuple[UUID, list[EntryView]]:
    """Publish two pages with an insight each."""
    told = [
        insight("i", "The Leeds plant employs 120 people.", 1),
        insight("j", "The York plant employs 80 people.", 2),
    ]
    pages = [f"{filename} says Leeds.", f"{filename} says York."]
    document_id = await add_pages(sessions, HashEmbedder(), filename, pages, told)
    hits = await knowledge.search("plant employs", filters=Filters(document_ids=(document_id,), levels=("insight",)))
    return document_id, [hit.entry for hit in hits]


async def learn(knowledge: Knowledge, text: str, sources: list[EntryView], **more: object) -> RecollectionView:
    ids = [entry.id for entry in sources]
    return await knowledge.add_recollection(text, sources=ids, kind="learned", actor="research", **more)  # type: ignore[arg-type]


async def state(sessions: Sessions, knowledge: Knowledge, text: str) -> RecollectionView:
    async with sessions.begin() as session:
        home = await collections.ensure_default(session, DEFAULT_PROJECT)
    return await knowledge.add_recollection(text, kind="stated", actor="ann", collection_id=home.id)


async def recall(knowledge: Knowledge, query: str) -> list[str]:
    return [hit.entry.text for hit in await knowledge.search(query, filters=RECALLED, limit=3)]


async def steps(sessions: Sessions, recollection_id: UUID) -> list[tuple[str, str]]:
    async with sessions() as session:
        found = await recollections.get_recollection(session, DEFAULT_PROJECT, recollection_id)
        return [(step.action, step.actor) for step in await list_history(session, found)]


async def test_what_a_person_states_is_found_by_search(sessions: Sessions, knowledge: Knowledge) -> None:
    made = await state(sessions, knowledge, "Northgate is the house name of the Durham plant.")
    hits = await knowledge.search("What is Northgate?", filters=RECALLED, limit=1)
    assert (hits[0].entry.id, hits[0].entry.level, hits[0].lexical_rank) == (made.id, "recollection", 1)
    assert await steps(sessions, made.id) == [("created", "ann")]
    await assert_sums_are_exact(sessions)


async def test_what_is_learned_rests_on_two_passages(sessions: Sessions, knowledge: Knowledge) -> None:
    _, sources = await add_plants(sessions, knowledge, "plants.txt")
    made = await learn(knowledge, "The Leeds and York plants employ 200 people.", sources, run_id=uuid4())
    assert set(made.sources) == {entry.id for entry in sources}
    with pytest.raises(Invalid, match="two passages"):
        await learn(knowledge, "The Leeds plant employs 120 people in all.", sources[:1])


async def test_a_figure_no_source_has_is_refused(sessions: Sessions, knowledge: Knowledge) -> None:
    _, sources = await add_plants(sessions, knowledge, "figures.txt")
    with pytest.raises(Invalid, match="999"):
        await learn(knowledge, "The plants employ 999 people.", sources)


async def test_nothing_is_learned_from_what_was_recalled(sessions: Sessions, knowledge: Knowledge) -> None:
    one = await state(sessions, knowledge, "Otters live by the mill pond.")
    two = await state(sessions, knowledge, "Herons nest by the mill pond.")
    recalled = await knowledge.list_entries([one.id, two.id])
    with pytest.raises(Invalid, match="recollections don't count"):
        await learn(knowledge, "Otters and herons share the mill pond.", recalled)


async def test_unknown_sources_are_not_found(knowledge: Knowledge) -> None:
    with pytest.raises(NotFound):
        await knowledge.add_recollection("Nothing.", sources=[uuid4()], kind="learned", actor="x")


async def test_the_same_said_again_confirms(sessions: Sessions, knowledge: Knowledge) -> None:
    made = await state(sessions, knowledge, "The ferry leaves at dawn.")
    again = await state(sessions, knowledge, "the ferry leaves at dawn.")
    assert (again.id, again.confirmed_at > made.confirmed_at) == (made.id, True)
    assert [action for action, _ in await steps(sessions, made.id)] == ["created", "confirmed"]
    await assert_sums_are_exact(sessions)


async def test_another_figure_is_another_recollection(sessions: Sessions, knowledge: Knowledge) -> None:
    made = await state(sessions, knowledge, "The kiln holds 40 bricks on its upper shelf.")
    other = await state(sessions, knowledge, "The kiln holds 41 bricks on its upper shelf.")
    assert other.id != made.id


async def test_a_deleted_source_makes_it_stale_and_unsearched(sessions: Sessions, knowledge: Knowledge) -> None:
    document_id, sources = await add_plants(sessions, knowledge, "burnt.txt")
    made = await learn(knowledge, "Leeds and York have a plant each.", sources)
    async with sessions.begin() as session:
        await documents.delete_document(session, DEFAULT_PROJECT, document_id)
        found = await recollections.get_recollection(session, DEFAULT_PROJECT, made.id)
        history = await list_history(session, found)
    assert (found.status, found.stale_reason) == ("stale", "burnt.txt has been deleted.")
    assert {source["filename"] for source in history[-1].before["sources"]} == {"burnt.txt"}
    assert made.text not in await recall(knowledge, "Leeds and York have a plant each.")


async def test_a_changed_source_makes_it_stale_and_an_unchanged_one_does_not(
    sessions: Sessions, knowledge: Knowledge
) -> None:
    document_id, sources = await add_plants(sessions, knowledge, "mended.txt")
    _, others = await add_plants(sessions, knowledge, "steady.txt")
    changed = await learn(knowledge, "Both plants of the mended file employ people.", sources)
    steady = await learn(knowledge, "Both plants of the steady file employ people.", others)
    await replace_content(sessions, document_id, b"mended")
    told = [insight("i", "The Leeds plant employs 121 people.", 1)]
    await publish_pages(knowledge, document_id, ["mended.txt says Leeds."], told)
    async with sessions() as session:
        found = await recollections.get_recollection(session, DEFAULT_PROJECT, changed.id)
        other = await recollections.get_recollection(session, DEFAULT_PROJECT, steady.id)
    assert (found.status, other.status) == ("stale", "current")


async def test_what_is_learned_again_from_new_sources_is_current_again(
    sessions: Sessions, knowledge: Knowledge
) -> None:
    document_id, sources = await add_plants(sessions, knowledge, "first.txt")
    _, others = await add_plants(sessions, knowledge, "second.txt")
    made = await learn(knowledge, "There is a plant in each of two towns.", sources)
    async with sessions.begin() as session:
        await documents.delete_document(session, DEFAULT_PROJECT, document_id)
    again = await learn(knowledge, "There is a plant in each of two towns.", others)
    assert (again.id, again.status, set(again.sources)) == (made.id, "current", {entry.id for entry in others})
    assert made.text in await recall(knowledge, "a plant in each of two towns")


async def test_a_person_says_it_anew(sessions: Sessions, knowledge: Knowledge) -> None:
    made = await state(sessions, knowledge, "The quarry closed in spring.")
    taken = await state(sessions, knowledge, "The brewery closed in spring.")
    wording = await knowledge.word_recollection("The quarry closed in autumn.")
    async with sessions.begin() as session:
        found = await recollections.get_recollection(session, DEFAULT_PROJECT, made.id, lock=True)
        await recollections.change_recollection(session, found, wording, ANN)
    assert "The quarry closed in autumn." in await recall(knowledge, "quarry closed")
    assert "The quarry closed in spring." not in await recall(knowledge, "quarry closed")
    async with sessions() as session:
        found = await recollections.get_recollection(session, DEFAULT_PROJECT, taken.id)
        with pytest.raises(Conflict):
            await recollections.change_recollection(session, found, wording, ANN)
    await assert_sums_are_exact(sessions)


async def test_a_bad_run_is_taken_back(sessions: Sessions, knowledge: Knowledge) -> None:
    _, sources = await add_plants(sessions, knowledge, "bad.txt")
    run_id = uuid4()
    made = await learn(knowledge, "The plants are haunted at night.", sources, run_id=run_id)
    async with sessions.begin() as session:
        assert await recollections.retire_run(session, DEFAULT_PROJECT, run_id, ANN) == 1
        assert await recollections.retire_run(session, DEFAULT_PROJECT, run_id, ANN) == 0
    assert await recall(knowledge, "haunted at night") != [made.text]
    assert (await steps(sessions, made.id))[-1] == ("retired", "ann")
    await assert_sums_are_exact(sessions)


async def test_a_collection_keeps_no_more_than_it_may(sessions: Sessions, knowledge: Knowledge) -> None:
    async with sessions.begin() as session:
        await collections.create_collection(session, DEFAULT_PROJECT, name="small")
    told = [insight("i", "Ants dig.", 1), insight("j", "Bees fly.", 2)]
    document_id = await add_pages(sessions, HashEmbedder(), "s.txt", ["Ants.", "Bees."], told, collection="small")
    hits = await knowledge.search("ants bees", filters=Filters(document_ids=(document_id,), levels=("insight",)))
    sources = [hit.entry.id for hit in hits]
    for animal in ("Ants", "Bees", "Wasps"):
        wording = await knowledge.word_recollection(f"{animal} are busy insects.")
        async with sessions.begin() as session:
            await recollections.add_recollection(
                session, DEFAULT_PROJECT, wording, author=ANN, kind="learned", sources=sources, max_learned=2
            )
    recalled = await recall(knowledge, "busy insects")
    assert set(recalled[:2]) == {"Bees are busy insects.", "Wasps are busy insects."}
    assert "Ants are busy insects." not in recalled
