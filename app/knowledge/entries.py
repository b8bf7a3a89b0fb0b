"""Reading entries: by id, along their sources, by their facts."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, cast, exists, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.knowledge.models import Document, Entry, EntrySource
from app.knowledge.rows import entry_view
from app.knowledge.types import Direction, EntryView, Filters

Rows = Select[Entry, str]


def _entries(project_id: UUID) -> Rows:
    return (
        select(Entry, Document.filename)
        .outerjoin(Document, Document.id == Entry.document_id)
        .where(Entry.project_id == project_id)
    )


async def list_entries(session: AsyncSession, project_id: UUID, ids: Sequence[UUID]) -> list[EntryView]:
    """Return the entries of these ids, in the order asked for; unknown ones are left out."""
    rows = await session.execute(_entries(project_id).where(Entry.id.in_(ids)))
    found = {entry.id: entry_view(entry, filename) for entry, filename in rows}
    return [found[entry_id] for entry_id in ids if entry_id in found]


async def list_linked(
    session: AsyncSession, project_id: UUID, entry_id: UUID, *, direction: Direction, limit: int
) -> list[EntryView]:
    """Return what an entry was made from, what was made from it, or what shares a source with it."""
    if direction == "sources":
        near = select(EntrySource.source_id).where(EntrySource.entry_id == entry_id)
    elif direction == "dependants":
        near = select(EntrySource.entry_id).where(EntrySource.source_id == entry_id)
    else:
        mine = select(EntrySource.source_id).where(EntrySource.entry_id == entry_id)
        near = select(EntrySource.entry_id).where(EntrySource.source_id.in_(mine), EntrySource.entry_id != entry_id)
    query = _entries(project_id).where(Entry.id.in_(near))
    if direction == "siblings":
        query = query.where(Entry.level == select(Entry.level).where(Entry.id == entry_id).scalar_subquery())
    rows = await session.execute(query.order_by(Entry.document_id, Entry.position, Entry.id).limit(limit))
    return [entry_view(entry, filename) for entry, filename in rows]


async def list_level(
    session: AsyncSession, project_id: UUID, document_id: UUID, level: str, *, after: int = -1, limit: int | None = None
) -> list[tuple[int, EntryView]]:
    """Return a document's entries of one level with their positions, those after a position."""
    query = _entries(project_id).where(Entry.document_id == document_id, Entry.level == level, Entry.position > after)
    rows = await session.execute(query.order_by(Entry.position).limit(limit))
    return [(entry.position, entry_view(entry, filename)) for entry, filename in rows]


async def list_sources(session: AsyncSession, document_id: UUID) -> dict[UUID, list[UUID]]:
    """Return, for each entry of a document, the ids of what it was made from."""
    query = (
        select(EntrySource.entry_id, EntrySource.source_id)
        .join(Entry, Entry.id == EntrySource.entry_id)
        .where(Entry.document_id == document_id)
    )
    found: dict[UUID, list[UUID]] = {}
    for entry_id, source_id in await session.execute(query.order_by(EntrySource.source_id)):
        found.setdefault(entry_id, []).append(source_id)
    return found


async def find_facts(
    session: AsyncSession,
    project_id: UUID,
    *,
    filters: Filters,
    measure_terms: Sequence[str],
    periods: Sequence[str],
    entities: Sequence[str],
    limit: int,
) -> list[EntryView]:
    """Return entries with a fact whose measure has all the terms, of one of the periods and entities (any for none)."""
    fact = func.jsonb_array_elements(Entry.facts).table_valued("value", name="fact")
    value = cast(fact.c.value, JSONB)
    wanted: list[Any] = [value["measure"].astext.ilike(_containing(term)) for term in measure_terms]
    if periods:
        wanted.append(value["period"].astext.in_(periods))
    if entities:
        wanted.append(or_(*(value["entity"].astext.ilike(_containing(entity)) for entity in entities)))
    has_fact = exists(select(1).select_from(fact).where(and_(*wanted))) if wanted else Entry.facts != []
    query = _entries(project_id).where(Entry.facts != [], has_fact, *_conditions(filters))
    rows = await session.execute(query.order_by(Entry.document_id, Entry.position, Entry.id).limit(limit))
    return [entry_view(entry, filename) for entry, filename in rows]


def _containing(term: str) -> str:
    escaped = term.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _conditions(filters: Filters) -> list[Any]:
    conditions: list[Any] = []
    if filters.collection_ids:
        conditions.append(Entry.collection_id.in_(filters.collection_ids))
    if filters.document_ids:
        conditions.append(Entry.document_id.in_(filters.document_ids))
    if filters.levels:
        conditions.append(Entry.level.in_(filters.levels))
    if filters.metadata:
        conditions.append(Document.meta.contains(filters.metadata))
    if filters.page_from is not None:
        conditions.append(Entry.pages[func.array_upper(Entry.pages, 1)] >= filters.page_from)
    if filters.page_to is not None:
        conditions.append(Entry.pages[1] <= filters.page_to)
    if not filters.include_ungrounded:
        conditions.append(Entry.grounding != "ungrounded")
    return conditions
