"""Documents read into the real store by the offline engine."""

import pytest
from sqlalchemy import select

from app.agents.pyramid.concepts import write_abstract
from app.agents.pyramid.schemas import Abstract, AbstractInput, Edit, RepairInput, WindowInput, WindowReading
from app.db import Sessions
from app.errors import ConversionFailed
from app.knowledge.models import Entry, EntrySource
from app.knowledge.types import Filters
from tests.support.embedders import HashEmbedder
from tests.support.pyramid import CountedModels, Desk

PARAGRAPHS = [
    f"Halden Instruments Ltd. sold {n * 137} detectors of the HX-{n} series in fiscal 20{n + 10}. "
    f"The plant number {n} in Durham employed {n * 211} people as of March {n}, 2024."
    for n in range(1, 8)
]


def write(paragraphs: list[str]) -> str:
    """Return Markdown whose every part is a page of its own."""
    filler = "The weather on the coast was mild and dry for most of the long season there. " * 45
    return "\n\n".join(f"# Part {n}\n\n{text}\n\n{filler}" for n, text in enumerate(paragraphs, 1))


TABLE = """# Halden Instruments Ltd.

## Consolidated statements of operations (in millions)

| | Three Months Ended July 1, 2023 | Three Months Ended June 25, 2022 |
| --- | --- | --- |
| Total net sales | $ 81,797 | $ 82,959 |
| Net income | 19,881 | 19,442 |

Halden Instruments Ltd. opened 3 stores in 2023.
"""


@pytest.fixture
def desk(sessions: Sessions) -> Desk:
    return Desk(sessions=sessions, embedder=HashEmbedder())


async def texts(desk: Desk, document_id: object, level: str = "insight") -> dict[str, object]:
    async with desk.sessions() as session:
        query = select(Entry.text, Entry.id).where(Entry.document_id == document_id, Entry.level == level)
        return {text: entry_id for text, entry_id in await session.execute(query.order_by(Entry.position))}


async def test_a_table_becomes_insights_with_facts_and_evidence(desk: Desk) -> None:
    document_id = await desk.add("halden.md", TABLE)
    await desk.read(document_id)
    hits = await desk.knowledge.search(
        "total net sales", filters=Filters(document_ids=(document_id,), levels=("insight",))
    )
    wanted = "Halden Instruments' total net sales were $81,797 million in the three months ended July 1, 2023."
    entry = next(hit.entry for hit in hits if hit.entry.text == wanted)
    assert entry.facts[0].value == 81_797_000_000
    assert "81,797" in entry.evidence[0].text


async def test_every_level_rests_on_the_one_below(desk: Desk) -> None:
    document_id = await desk.add("halden.md", TABLE + "\n")
    output = await desk.read(document_id)
    async with desk.sessions() as session:
        rows = await session.execute(
            select(Entry.level, Entry.id, EntrySource.source_id)
            .outerjoin(EntrySource, EntrySource.entry_id == Entry.id)
            .where(Entry.document_id == document_id)
        )
        resting = {(level, source is not None) for level, _, source in rows}
    assert resting == {("page", False), ("insight", True), ("concept", True), ("abstract", True)}
    assert output.concepts >= 1


async def test_pages_and_insights_are_embedded_before_the_abstract_is_written_and_only_once(desk: Desk) -> None:
    embedder = HashEmbedder()
    before: list[str] = []

    def write_meanwhile(asked: AbstractInput) -> Abstract:
        before.extend(embedder.embedded)
        return write_abstract(asked)

    desk.embedder, desk.models = embedder, CountedModels({"pyramid.write_abstract": write_meanwhile})
    document_id = await desk.add("halden.md", TABLE + "\n\n\n\n")
    await desk.read(document_id)
    told = {**await texts(desk, document_id, "page"), **await texts(desk, document_id)}
    assert sorted(before) == sorted(told)
    assert len(set(embedder.embedded)) == len(embedder.embedded) > len(before)
    count = len(before) - 1
    assert [e["data"] for e in desk.events if e["data"].get("stage") == "embedding insights"] == [
        {"stage": "embedding insights", "done": count, "total": count, "unit": "insights"}
    ]


async def test_the_card_is_stored_for_routing(desk: Desk) -> None:
    document_id = await desk.add("2023 Q3 halden.md", TABLE + "\n\n")
    await desk.read(document_id)
    document = await desk.knowledge.get_document(document_id)
    assert document.metadata["issuer"] == "Halden Instruments Ltd."
    assert document.metadata["fiscal_period"] == "Q3"
    assert document.status == "ready"


async def test_windows_read_each_page_and_events_say_so_once(desk: Desk) -> None:
    document_id = await desk.add("parts.md", write(PARAGRAPHS))
    output = await desk.read(document_id)
    assert output.windows_read == output.pages - 1 == desk.models.count("read_window")
    read = [event["data"]["page"] for event in desk.events if event["type"] == "pyramid.page_read"]
    assert read == list(range(1, output.pages + 1))
    assert all(event["key"] for event in desk.events)


async def test_a_changed_page_costs_at_most_three_windows_and_others_keep_their_ids(desk: Desk) -> None:
    document_id = await desk.add("parts.md", write(PARAGRAPHS))
    await desk.read(document_id)
    before = await texts(desk, document_id)
    desk.models = CountedModels()
    changed = [*PARAGRAPHS]
    changed[3] = changed[3].replace("548", "549")
    await desk.replace(document_id, "parts.md", write(changed))
    await desk.read(document_id, version=2)
    after = await texts(desk, document_id)
    assert 1 <= desk.models.count("read_window") <= 3
    kept = before.keys() & after.keys()
    assert len(kept) == len(before) - 1
    assert all(before[text] == after[text] for text in kept)


async def test_a_run_that_died_goes_on_and_reads_no_window_twice(desk: Desk) -> None:
    calm = await desk.add("calm.md", write(PARAGRAPHS))
    await desk.read(calm)
    whole = desk.models.count("read_window")
    document_id = await desk.add("parts.md", write(PARAGRAPHS))
    desk.models = CountedModels(die_at=5)
    reading = desk.start(document_id)
    with pytest.raises(ConnectionError):
        await desk.go_on(reading)
    desk.models.die_at = 0
    await desk.go_on(reading)
    assert desk.models.count("read_window") == whole
    assert (await texts(desk, document_id)).keys() == (await texts(desk, calm)).keys()


@pytest.mark.parametrize("segments", [2, 50])
async def test_segments_side_by_side_give_the_same_insights(desk: Desk, segments: int) -> None:
    one = await desk.add("one.md", write(PARAGRAPHS))
    await desk.read(one)
    many = await desk.add("many.md", write(PARAGRAPHS))
    await desk.read(many, segments=segments)
    assert (await texts(desk, many)).keys() == (await texts(desk, one)).keys()


def invent(input: WindowInput) -> WindowReading:
    page = input.pages[0].number
    said = ["Halden Instruments opened 3 stores in 2023.", "Halden Instruments opened 30 stores in 2023."]
    return WindowReading(edits=[Edit(op="add", page=page, text=text) for text in said])


async def test_what_is_not_on_the_page_is_dropped_and_counted(desk: Desk) -> None:
    desk.models = CountedModels({"pyramid.read_window": invent})
    document_id = await desk.add("halden.md", TABLE)
    output = await desk.read(document_id)
    assert (output.insights, output.dropped, desk.models.count("repair_window")) == (1, 1, 1)
    assert list(await texts(desk, document_id)) == ["Halden Instruments opened 3 stores in 2023."]


async def test_quality_says_what_is_carried_and_what_was_dropped_and_why(desk: Desk) -> None:
    desk.models = CountedModels({"pyramid.read_window": invent})
    document_id = await desk.add("halden.md", TABLE)
    await desk.read(document_id)
    whole = (await desk.knowledge.get_document(document_id)).quality
    page = (await desk.knowledge.get_page(document_id, 1)).quality
    assert (whole["insights"], whole["dropped"], whole["grounded_share"], whole["duplicates"]) == (1, 1, 0.5, 0)
    assert whole["compression"] == round(whole["tokens"] / whole["insight_tokens"], 2) > 1
    assert (page["numbers"], page["numbers_carried"], whole["number_coverage"]) == (4, 0, 0)
    assert {"$ 81,797", "19,442"} <= set(page["missing"])
    assert "30" in page["dropped_insights"][0]["reason"]


async def test_a_repair_that_says_what_the_page_says_is_kept(desk: Desk) -> None:
    def repair(input: RepairInput) -> WindowReading:
        assert "30" in input.problems[0]
        return WindowReading(edits=[Edit(op="replace", number=1, text="There were 3 new stores in 2023.")])

    desk.models = CountedModels({"pyramid.read_window": invent, "pyramid.repair_window": repair})
    document_id = await desk.add("halden.md", TABLE)
    output = await desk.read(document_id)
    assert output.dropped == 0
    assert "There were 3 new stores in 2023." in await texts(desk, document_id)


async def test_figures_left_out_are_asked_for_once_more(desk: Desk) -> None:
    asked = CountedModels({"pyramid.read_window": invent})
    desk.models = asked
    await desk.read(await desk.add("halden.md", TABLE))
    (missing,) = [input.missing for name, input in asked.asked if name == "pyramid.cover_window"]
    assert {"81,797", "82,959"} <= {figure.strip("$ ") for figure in missing}


async def test_a_file_that_can_not_be_read_says_why(desk: Desk) -> None:
    with pytest.raises(ConversionFailed):
        await desk.read(await desk.add("empty.pdf", "%PDF-1.7 nothing"))
