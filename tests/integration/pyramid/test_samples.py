"""What the documents that come with the product say against each other."""

import pytest

from app.db import Sessions
from app.knowledge.types import DiscrepancyView
from tests.support.embedders import HashEmbedder
from tests.support.pyramid import Desk
from tests.support.samples import PRESS_RELEASE, SAMPLES


@pytest.fixture
async def found(sessions: Sessions) -> list[DiscrepancyView]:
    desk = Desk(sessions=sessions, embedder=HashEmbedder())
    ids = [await desk.add(path.name, path.read_bytes()) for path in sorted(SAMPLES.iterdir())]
    for document_id in ids:
        await desk.read(document_id)
    every = await desk.knowledge.list_discrepancies(limit=1_000)
    return [each for each in every if {each.entry.document_id, each.other.document_id} <= set(ids)]


async def test_the_press_release_contradicts_the_report_twice_and_nothing_else_does(
    found: list[DiscrepancyView],
) -> None:
    assert all(PRESS_RELEASE in (each.entry.filename, each.other.filename) for each in found)
    cash = [each.detail for each in found if each.kind == "conflict"]
    assert {detail["measure"] for detail in cash} == {"cash and cash equivalents"}
    assert {detail[side]["shown"] for detail in cash for side in ("entry", "other")} == {
        "$362.9 million",
        "$356.4",
        "356.4",
    }
    [stop] = [each for each in found if each.kind != "conflict"]
    assert all(days in f"{stop.entry.text} {stop.other.text}" for days in ("nine days", "six days"))
