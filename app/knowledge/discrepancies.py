"""Discrepancies: where two documents of a collection say different things about the same. Both are kept.

Every function takes the session first and leaves the commit to its caller.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.db import Json, now
from app.errors import Invalid, NotFound
from app.knowledge.entries import list_entries
from app.knowledge.models import Discrepancy, Document, Entry
from app.knowledge.rows import read_fact
from app.knowledge.slots import Finding, compare_facts, find_newer, hash_slot, is_complete, precision_of
from app.knowledge.types import DiscrepancyView, Fact

WORTH_KEEPING = ("restated", "unit_slip", "conflict")
TEXT = "text"


@dataclass(frozen=True, kw_only=True)
class Told:
    """A figure as one entry of one document gives it."""

    entry_id: UUID
    document_id: UUID
    fact: Fact


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two entries that differ; `entry_id` is of the document that came later into the collection."""

    entry_id: UUID
    other_id: UUID
    kind: str
    newer: str | None
    detail: Json


def compare_documents(
    told: Iterable[Told], documents: Mapping[UUID, Mapping[str, Any]], document_id: UUID
) -> tuple[list[Pair], Counter[str]]:
    """Return the pairs in which a document differs from others, and how many pairs had each outcome.

    `documents` is metadata by id. A document that gives two values for one slot itself has named it too vaguely: that
    slot is compared with nothing.
    """
    by_slot: dict[int, dict[UUID, list[Told]]] = defaultdict(lambda: defaultdict(list))
    for each in told:
        by_slot[hash_slot(each.fact, documents[each.document_id])][each.document_id].append(each)
    pairs: list[Pair] = []
    outcomes: Counter[str] = Counter()
    for slot in by_slot.values():
        for mine, theirs in _comparable(slot, documents, document_id):
            finding = _compare(mine, theirs, documents)
            outcomes[finding.outcome] += 1
            if finding.outcome in WORTH_KEEPING:
                pairs.append(_pair(mine, theirs, finding))
    return pairs, outcomes


def _comparable(
    slot: Mapping[UUID, Sequence[Told]], documents: Mapping[UUID, Mapping[str, Any]], document_id: UUID
) -> Iterable[tuple[Told, Told]]:
    mine = _settle(slot.get(document_id, ()), documents)
    for other_id, told in slot.items():
        if other_id != document_id:
            theirs = _settle(told, documents)
            yield from (sorted((one, two), key=_age, reverse=True) for one in mine for two in theirs)  # type: ignore[misc]


def _age(told: Told) -> UUID:
    return told.document_id


def _settle(told: Sequence[Told], documents: Mapping[UUID, Mapping[str, Any]]) -> list[Told]:
    """Return one figure for each period and scope of a slot, the most precise; none where they contradict."""
    kept: list[Told] = []
    vague: list[Told] = []
    for each in sorted(told, key=lambda each: (precision_of(each.fact), each.entry_id)):
        findings = [(one, _compare(each, one, documents).outcome) for one in kept]
        same = [outcome for _, outcome in findings if outcome not in ("other_period", "other_scope")]
        if not same:
            kept.append(each)
        elif "duplicate" not in same:
            vague += [one for one, outcome in findings if outcome not in ("other_period", "other_scope")]
    return [each for each in kept if each not in vague]


def _compare(mine: Told, theirs: Told, documents: Mapping[UUID, Mapping[str, Any]]) -> Finding:
    about, other = documents[mine.document_id], documents[theirs.document_id]
    return compare_facts(mine.fact, theirs.fact, document=about, other=other)


def _pair(mine: Told, theirs: Told, finding: Finding) -> Pair:
    fact = mine.fact
    detail: Json = {
        "entity": fact.entity,
        "measure": fact.measure,
        "period": fact.period,
        "scope": fact.scope,
        "entry": {"value": str(fact.value), "unit": fact.unit, "shown": fact.shown},
        "other": {"value": str(theirs.fact.value), "unit": theirs.fact.unit, "shown": theirs.fact.shown},
    }
    return Pair(
        entry_id=mine.entry_id, other_id=theirs.entry_id, kind=finding.outcome, newer=finding.newer, detail=detail
    )


async def find_figure_pairs(
    session: AsyncSession, project_id: UUID, document_id: UUID
) -> tuple[list[Pair], Counter[str]]:
    """Compare a published document's figures with those of its collection; what is compared stays until the commit.

    Raises NotFound when the document is gone.
    """
    near = await _list_neighbours(session, project_id, document_id)
    documents = await _hold(session, [document_id, *near])
    if document_id not in documents:
        raise NotFound("There is no such document; it may have been deleted meanwhile.")
    mine = await _list_told(session, select(Entry).where(Entry.document_id == document_id, Entry.slots != []))
    slots = sorted({hash_slot(each.fact, documents[document_id]) for each in mine})
    others = select(Entry).where(Entry.document_id.in_(near), Entry.slots.overlap(slots))
    told = [each for each in await _list_told(session, others) if each.document_id in documents]
    return compare_documents([*mine, *told], documents, document_id)


async def _list_neighbours(session: AsyncSession, project_id: UUID, document_id: UUID) -> list[UUID]:
    """Return the documents of the collection that have a slot in common with a document."""
    query = select(Entry.collection_id, Entry.slots).where(
        Entry.document_id == document_id, Entry.project_id == project_id, Entry.slots != []
    )
    rows = (await session.execute(query)).all()
    if not rows:
        return []
    slots = sorted({slot for _, own in rows for slot in own})
    near = select(Entry.document_id).distinct()
    near = near.where(Entry.slots.overlap(slots), Entry.collection_id == rows[0].collection_id)
    return [other for other in await session.scalars(near.where(Entry.document_id != document_id)) if other]


async def _hold(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Json]:
    """Return the documents' metadata; until the commit they are neither deleted nor published anew."""
    query = select(Document.id, Document.meta).where(Document.id.in_(ids)).order_by(Document.id)
    rows = await session.execute(query.with_for_update(key_share=True, read=True))
    return {document_id: meta for document_id, meta in rows}


async def _list_told(session: AsyncSession, query: Select[Any]) -> list[Told]:
    columns = (Entry.id, Entry.document_id, Entry.facts)
    rows = await session.execute(query.with_only_columns(*columns).order_by(Entry.document_id, Entry.position))
    return [
        Told(entry_id=entry_id, document_id=document_id, fact=fact)
        for entry_id, document_id, facts in rows
        for fact in map(read_fact, facts)
        if is_complete(fact)
    ]


async def find_text_pairs(
    session: AsyncSession, document_id: UUID, conflicts: Sequence[tuple[UUID, UUID, str]]
) -> list[Pair]:
    """Return pairs of (entry of the document, entry of another, why they exclude each other), those still there.

    What is compared stays until the commit. Raises NotFound when the document is gone.
    """
    ids = {entry_id for mine, other, _ in conflicts for entry_id in (mine, other)}
    rows = await session.execute(select(Entry.id, Entry.document_id).where(Entry.id.in_(ids)))
    owners = {entry_id: owner for entry_id, owner in rows if owner is not None}
    documents = await _hold(session, [document_id, *set(owners.values())])
    if document_id not in documents:
        raise NotFound("There is no such document; it may have been deleted meanwhile.")
    there = {entry_id: owner for entry_id, owner in owners.items() if owner in documents}
    pairs = []
    for mine, other, reason in conflicts:
        if mine in there and other in there:
            later, earlier = sorted((mine, other), key=lambda entry_id: there[entry_id], reverse=True)
            newer = find_newer(documents[there[later]], documents[there[earlier]])
            pairs.append(Pair(entry_id=later, other_id=earlier, kind=TEXT, newer=newer, detail={"reason": reason}))
    return pairs


async def keep_pairs(
    session: AsyncSession, project_id: UUID, document_id: UUID, pairs: Sequence[Pair], *, of_text: bool = False
) -> list[UUID]:
    """Store a document's pairs and return the ids of new ones; open ones that were not found again go."""
    own = select(Entry.id).where(Entry.document_id == document_id)
    kind = Discrepancy.kind == TEXT if of_text else Discrepancy.kind != TEXT
    theirs = or_(Discrepancy.entry_id.in_(own), Discrepancy.other_id.in_(own))
    there = select(Discrepancy.entry_id, Discrepancy.other_id).where(theirs)
    known = {(entry_id, other_id) for entry_id, other_id in await session.execute(there)}
    found = {(pair.entry_id, pair.other_id): pair for pair in pairs}
    gone = [key for key in known if key not in found]
    places = tuple_(Discrepancy.entry_id, Discrepancy.other_id)
    await session.execute(delete(Discrepancy).where(theirs, kind, Discrepancy.settled_at.is_(None), places.in_(gone)))
    return [await _keep(session, project_id, pair) for key, pair in sorted(found.items()) if key not in known]


async def _keep(session: AsyncSession, project_id: UUID, pair: Pair) -> UUID:
    collection = select(Entry.collection_id).where(Entry.id == pair.entry_id).scalar_subquery()
    made = uuid7()
    values = {
        "id": made,
        "project_id": project_id,
        "collection_id": collection,
        "entry_id": pair.entry_id,
        "other_id": pair.other_id,
        "kind": pair.kind,
        "newer": pair.newer,
        "detail": pair.detail,
    }
    await session.execute(insert(Discrepancy).values(values).on_conflict_do_nothing())
    return made


def select_discrepancies(
    project_id: UUID,
    *,
    collection_ids: Sequence[UUID] = (),
    document_ids: Sequence[UUID] = (),
    entry_ids: Sequence[UUID] = (),
    kind: str | None = None,
    settled: bool | None = None,
) -> Select[Discrepancy]:
    """Return the query for a project's discrepancies; empty means no limit."""
    query = select(Discrepancy).where(Discrepancy.project_id == project_id)
    if collection_ids:
        query = query.where(Discrepancy.collection_id.in_(collection_ids))
    if document_ids:
        own = select(Entry.id).where(Entry.document_id.in_(document_ids))
        query = query.where(or_(Discrepancy.entry_id.in_(own), Discrepancy.other_id.in_(own)))
    if entry_ids:
        query = query.where(or_(Discrepancy.entry_id.in_(entry_ids), Discrepancy.other_id.in_(entry_ids)))
    if kind is not None:
        query = query.where(Discrepancy.kind == kind)
    if settled is not None:
        query = query.where(Discrepancy.settled_at.is_not(None) if settled else Discrepancy.settled_at.is_(None))
    return query


async def view_discrepancies(
    session: AsyncSession, project_id: UUID, rows: Sequence[Discrepancy]
) -> list[DiscrepancyView]:
    """Return discrepancies with both entries as they stand."""
    ids = [entry_id for row in rows for entry_id in (row.entry_id, row.other_id)]
    entries = {entry.id: entry for entry in await list_entries(session, project_id, ids)}
    return [
        DiscrepancyView(
            id=row.id,
            collection_id=row.collection_id,
            kind=row.kind,  # type: ignore[arg-type]
            entry=entries[row.entry_id],
            other=entries[row.other_id],
            newer_entry_id={"entry": row.entry_id, "other": row.other_id}.get(row.newer or ""),
            detail=row.detail,
            settled_at=row.settled_at,
            settlement=row.settlement,
            created_at=row.created_at,
        )
        for row in rows
        if row.entry_id in entries and row.other_id in entries
    ]


async def get_discrepancy(
    session: AsyncSession, project_id: UUID, discrepancy_id: UUID, *, lock: bool = False
) -> Discrepancy:
    """Return a discrepancy. Raises NotFound."""
    query = select(Discrepancy).where(Discrepancy.id == discrepancy_id, Discrepancy.project_id == project_id)
    found: Discrepancy | None = await session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound("There is no such discrepancy.")
    return found


async def settle_discrepancy(
    session: AsyncSession, found: Discrepancy, *, settled: bool, right_entry_id: UUID | None, note: str, actor: str
) -> None:
    """Note a person's decision, or open the question again. Raises Invalid for an entry of neither side."""
    if right_entry_id not in (None, found.entry_id, found.other_id):
        raise Invalid("What is right must be one of the two entries, or neither.")
    found.settled_at = now() if settled else None
    right = str(right_entry_id) if right_entry_id else None
    found.settlement = {"right_entry_id": right, "note": note, "actor": actor} if settled else {}
    await session.flush()
