"""Evidence for a claim: from the collection, and from the texts handed in with a request."""

import re
from collections.abc import Sequence
from datetime import timedelta

from app.knowledge.claims.measures import find_measure
from app.knowledge.claims.periods import SAME_DAYS, parse_period, settle_quarters
from app.knowledge.claims.rank import cut_source, rank_passages
from app.knowledge.claims.slots import is_exactly, list_entity_terms, measures_it, names_entity
from app.knowledge.claims.types import Passage, Slot, Source
from app.knowledge.knowledge import Knowledge
from app.knowledge.periods import find_periods, months_ended
from app.knowledge.slots import place_quarter
from app.knowledge.types import EntryView, Filters

LIMIT = 12
MAX_PAGE_SENTENCES = 4
MAX_FACTS = 1_000
QUARTER = re.compile(r"\d{4}q[1-4]")


async def find_evidence(
    claim: str, *, knowledge: Knowledge, filters: Filters | None, sources: Sequence[Source] = (), limit: int = LIMIT
) -> list[Passage]:
    """Return passages that bear on a claim, at most `limit` of each origin; `filters` None leaves the store alone."""
    found: list[Passage] = []
    if filters is not None:
        found = await find_slots(claim, knowledge=knowledge, filters=filters, limit=limit)
        found += await search_passages(claim, knowledge=knowledge, filters=filters, limit=limit)
        found = list({passage.id: passage for passage in found}.values())
    return [*found, *rank_passages(claim, cut_sources(sources), limit=limit)]


async def find_slots(claim: str, *, knowledge: Knowledge, filters: Filters, limit: int) -> list[Passage]:
    """Return entries that store the measure, period and entity a claim with figures names; nothing for other claims."""
    periods = [period for _, _, period in find_periods(claim)]
    entities = list_entity_terms(claim)
    if not periods or not entities or not find_measure(claim):
        return []
    forms = list(
        dict.fromkeys([*(period.form for period in periods), *await _date_quarters(claim, knowledge, filters)])
    )
    entries = await knowledge.find_facts(filters=filters, periods=forms, entities=entities, limit=MAX_FACTS)
    passages = [_whole(entry) for entry in entries]
    exact = [passage for passage in passages if any(measures_it(claim, slot) for slot in passage.slots)]
    exact.sort(key=lambda passage: not any(_is_meant(claim, slot, passage) for slot in passage.slots))
    return exact[:limit]


def _is_meant(claim: str, slot: Slot, passage: Passage) -> bool:
    named = [period for _, _, period in find_periods(claim)]
    return is_exactly(claim, slot, settle_quarters(named, [parse_period(slot.period)], passage.document))


async def _date_quarters(claim: str, knowledge: Knowledge, filters: Filters) -> list[str]:
    """Return the forms a quarter named in a claim may be stored in, by the count of the documents of its entity."""
    quarters = [period for _, _, period in find_periods(claim) if QUARTER.fullmatch(period.form)]
    if not quarters:
        return []
    documents = await knowledge.list_documents(filters.collection_ids)
    own = (d.metadata for d in documents if names_entity(claim, str(d.metadata.get("issuer", ""))))
    days = {day for metadata in own for quarter in quarters if (day := place_quarter(quarter.form, metadata))}
    moved = range(-SAME_DAYS.days, SAME_DAYS.days + 1)
    return [months_ended(3, day + timedelta(days=by)).form for day in sorted(days) for by in moved]


async def search_passages(query: str, *, knowledge: Knowledge, filters: Filters, limit: int) -> list[Passage]:
    """Return what search finds: insights as they are, of a page the sentences nearest to the query."""
    hits = await knowledge.search(query, filters=filters, limit=limit)
    passages = [passage for hit in hits for passage in read_entry(query, hit.entry)]
    return list({passage.id: passage for passage in passages}.values())


def cut_sources(sources: Sequence[Source]) -> list[Passage]:
    """Return the sentences of all sources as passages."""
    return [passage for number, source in enumerate(sources, start=1) for passage in cut_source(source, number=number)]


def read_entry(query: str, entry: EntryView) -> list[Passage]:
    """Return an entry as evidence: whole, or for a page its few sentences that share most with the query."""
    if entry.level != "page":
        return [_whole(entry)]
    page = Source(title=entry.filename[:200] or "page", text=entry.text[:200_000] or " ")
    sentences = rank_passages(query, cut_source(page, number=1), limit=MAX_PAGE_SENTENCES)
    return [
        _whole(entry).model_copy(update={"id": f"{entry.id}:{sentence.id}", "text": sentence.text})
        for sentence in sentences
    ]


def _whole(entry: EntryView) -> Passage:
    return Passage(
        id=str(entry.id),
        text=entry.text,
        filename=entry.filename,
        pages=entry.pages,
        entry_id=entry.id,
        document_id=entry.document_id,
        context=str(entry.metadata.get("issuer", "")),
        document=entry.metadata,
        slots=tuple(
            Slot(
                entity=fact.entity,
                measure=fact.measure,
                value=fact.value,
                unit=fact.unit,
                period=fact.period,
                shown=fact.shown,
                scope=fact.scope,
            )
            for fact in entry.facts
        ),
    )
