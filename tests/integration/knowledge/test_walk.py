"""Walking from entry to entry, and searching with the walk."""

from uuid import UUID

import pytest_asyncio
from uuid_utils.compat import uuid7

from app.db import DEFAULT_PROJECT, Sessions
from app.knowledge.finder import Ways
from app.knowledge.knowledge import Knowledge
from app.knowledge.types import Filters, NewEntry
from app.projects.models import Project
from tests.support.embedders import HashEmbedder
from tests.support.library import add_pages, insight

FILM = "The Goose Woman\nA silent film directed by Clarence Brown in 1925."
DIRECTOR = "Clarence Brown\nHe was born in Clinton, Massachusetts."
NOISE = [f"The woman of film {n}\nWhere a director of a film about a goose was born is told here." for n in range(60)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def knowledge(sessions: Sessions) -> Knowledge:
    embedder = HashEmbedder()
    concept = NewEntry(key="c1", level="concept", text="Silent films.", pages=(1,), sources=("i1", "i2"))
    first = insight("i1", "The film was directed by Clarence Brown.", 1)
    await add_pages(sessions, embedder, "film.txt", [FILM], [first, insight("i2", "It was made in 1925.", 1), concept])
    await add_pages(sessions, embedder, "director.txt", [DIRECTOR], [insight("i1", "The director made a film.", 1)])
    await add_pages(sessions, embedder, "noise.txt", NOISE)
    return Knowledge(sessions, embedder, DEFAULT_PROJECT)


async def _find(knowledge: Knowledge, text: str) -> UUID:
    hits = await knowledge.search(text, limit=100)
    return next(hit.entry.id for hit in hits if hit.entry.text == text)


async def test_a_walk_goes_every_way_an_entry_leads(knowledge: Knowledge) -> None:
    start = await _find(knowledge, "The film was directed by Clarence Brown.")
    steps = await knowledge.walk([start])
    ways = {step.via: step.entry.text for step in reversed(steps)}
    assert ways["source"] == FILM
    assert ways["dependant"] == "Silent films."
    assert ways["sibling"] == "It was made in 1925."
    assert ways["name"] == DIRECTOR
    assert ways["similar"] == "The director made a film."
    assert {step.name for step in steps if step.via == "name"} == {"clarence brown"}


async def test_a_walk_never_goes_back_or_twice_to_one_entry(knowledge: Knowledge) -> None:
    start = await _find(knowledge, FILM)
    reached = [step.entry.id for step in await knowledge.walk([start], limit=200)]
    assert start not in reached
    assert len(reached) == len(set(reached))
    assert [step.entry.id for step in await knowledge.walk([start], limit=2)] == reached[:2]


async def test_a_search_with_the_walk_finds_what_the_question_does_not_name(knowledge: Knowledge) -> None:
    question, pages = "Where was the director of the film The Goose Woman born?", Filters(levels=("page",))
    without = [hit.entry.text for hit in await knowledge.search(question, filters=pages, limit=8)]
    hits = await knowledge.search(question, filters=pages, limit=8, ways=Ways(walk=True))
    assert DIRECTOR not in without
    assert [hit.walk_rank for hit in hits if hit.entry.text in (FILM, DIRECTOR)] == [1, 2]


async def test_a_search_with_the_walk_keeps_to_its_filters(knowledge: Knowledge) -> None:
    insights = Filters(levels=("insight",))
    hits = await knowledge.search("The Goose Woman by Clarence Brown", filters=insights, ways=Ways(walk=True))
    assert {hit.entry.level for hit in hits} == {"insight"}


async def test_another_project_walks_nowhere(knowledge: Knowledge, sessions: Sessions) -> None:
    start, other = await _find(knowledge, FILM), uuid7()
    async with sessions.begin() as session:
        session.add(Project(id=other, name="elsewhere"))
    assert await Knowledge(sessions, HashEmbedder(), other).walk([start]) == []
