"""What a document's sentences and those of its collection say against each other."""

import pytest

from app.agents.pyramid.schemas import CompareInput, Comparison, Comparisons
from app.db import DEFAULT_PROJECT, Sessions
from app.knowledge.collections import ensure_default
from app.knowledge.overview import get_overview
from tests.support.embedders import HashEmbedder
from tests.support.pyramid import CountedModels, Desk

ONE = "# Durham\n\nThe supply contract of the Durham plant with Brandt Optics ends on March 1, 2026."
OTHER = "# Durham\n\nThe supply contract of the Durham plant with Brandt Optics ends on June 30, 2026."


@pytest.fixture
def desk(sessions: Sessions) -> Desk:
    return Desk(sessions=sessions, embedder=HashEmbedder())


async def test_two_dates_for_one_thing_are_kept_with_the_reason(desk: Desk) -> None:
    await desk.read(await desk.add("one.md", ONE))
    document_id = await desk.add("other.md", OTHER)
    output = await desk.read(document_id)
    [found] = [each for each in await desk.knowledge.list_discrepancies() if each.kind == "text"]
    assert (output.discrepancies, found.detail["reason"]) == (1, "They give different dates.")
    assert {found.entry.filename, found.other.filename} == {"one.md", "other.md"}


async def test_a_model_must_say_so_in_both_orders(desk: Desk) -> None:
    def first_is_right(input: CompareInput) -> Comparisons:
        early = "March" in input.pairs[0].one
        return Comparisons(comparisons=[Comparison(number=1, reason="?", verdict="conflict" if early else "same")])

    desk.models = CountedModels({"pyramid.compare_statements": first_is_right})
    lease = "# Leeds\n\nHarbour Estates lets its Leeds depot to the railway until {} at the latest."
    await desk.read(await desk.add("again.md", lease.format("June 30, 2026")))
    output = await desk.read(await desk.add("more.md", lease.format("March 1, 2026")))
    assert (output.discrepancies, desk.models.count("compare_statements") % 2) == (0, 0)
    assert desk.models.count("compare_statements") >= 2


async def test_an_overview_counts_what_is_open_and_asks_what_is_answered(desk: Desk, sessions: Sessions) -> None:
    head = "# Halden Ltd.\n\n| (in millions) | Three Months Ended July 1, 2023 |"
    await desk.read(await desk.add("sales.md", f"{head}\n| --- | --- |\n| Net sales | $ 81,797 |\n"))
    async with sessions() as session:
        home = await ensure_default(session, DEFAULT_PROJECT)
        overview = await get_overview(session, home)
    assert overview.discrepancies == 1
    assert overview.questions[0] == "What were Halden's net sales in the three months ended July 1, 2023?"
    assert overview.questions[1] == "What does “Leeds” say, in short?"
