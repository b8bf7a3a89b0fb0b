"""Publishing a pyramid: embed first, then one transaction in which the old one goes and the new one stands."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from operator import itemgetter
from types import MappingProxyType
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Text, delete, func, select, update
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.convert import document
from app.db import Json, now
from app.errors import Conflict, Invalid
from app.knowledge.bulk import copy_rows
from app.knowledge.documents import lock_document
from app.knowledge.lexical import lexemes
from app.knowledge.models import Document, DocumentContent, Entry, EntrySource, Page, Term, postings
from app.knowledge.names import lower_words, opening_name
from app.knowledge.profiles import profile_words
from app.knowledge.recollection_history import mark_stale
from app.knowledge.rows import fact_row
from app.knowledge.slots import hash_slot, is_complete
from app.knowledge.types import LEVELS, Level, NewEntry

Identity = tuple[str, str, tuple[int, ...]]


@dataclass(kw_only=True)
class Draft:
    """A new entry with its words counted and, unless a stored one stays in its place, its embedding."""

    entry: NewEntry
    position: int
    words: Counter[str]
    length: int
    name: str = ""
    embedding: np.ndarray | None = None
    stored_id: UUID | None = None
    number: int = 0
    term_ids: list[int] = field(default_factory=list)
    slots: list[int] = field(default_factory=list)

    @property
    def identity(self) -> Identity:
        """What makes a stored entry the same one: level, text, pages."""
        return (self.entry.level, self.entry.text, self.entry.pages)


@dataclass(frozen=True, kw_only=True)
class Publication:
    """All that is shown of a document once its pyramid is published; `model_id` is 0 until the drafts have vectors."""

    document_id: UUID
    version: int
    model_id: int = 0
    drafts: Sequence[Draft]
    title: str
    card: Json
    metadata: dict[str, Any]
    quality: Json
    page_quality: Mapping[int, Json]


def draft_entries(
    pages: Iterable[document.Page], entries: Sequence[NewEntry], metadata: Mapping[str, Any]
) -> list[Draft]:
    """Return the drafts of a pyramid, pages first. Raises Invalid for a source or key that makes no sense.

    `metadata` is the document's; it tells the last day of periods that are only named.
    """
    bottom = [
        NewEntry(key=f"p{page.number}", level="page", text=page.markdown.replace("\x00", ""), pages=(page.number,))
        for page in pages
    ]
    ordered = bottom + sorted(entries, key=lambda entry: LEVELS.index(entry.level))
    keys = {entry.key for entry in ordered}
    if len(keys) < len(ordered):
        raise Invalid("Two entries of a pyramid have the same key.")
    unknown = sorted({source for entry in ordered for source in entry.sources} - keys)
    if unknown:
        raise Invalid(f"Entries name sources that are not there: {', '.join(unknown[:5])}.")
    common = lower_words([entry.text for entry in ordered])
    return [draft_entry(entry, position, metadata, common) for position, entry in enumerate(ordered)]


def draft_entry(
    entry: NewEntry,
    position: int = 0,
    metadata: Mapping[str, Any] = MappingProxyType({}),
    common: Collection[str] = (),
) -> Draft:
    """Return a draft with its words counted, its name found and the slots of its figures hashed."""
    found = lexemes(entry.text)
    return Draft(
        entry=entry,
        position=position,
        words=Counter(found),
        length=len(found),
        name=opening_name(entry.text, common),
        slots=sorted({hash_slot(fact, metadata) for fact in entry.facts if is_complete(fact)}),
    )


async def list_identities(session: AsyncSession, document_id: UUID, model_id: int) -> dict[Identity, list[UUID]]:
    """Return the stored entries of a document that carry an embedding of the model, by what makes them the same."""
    query = select(Entry.id, Entry.level, Entry.text, Entry.pages).where(
        Entry.document_id == document_id, Entry.embedding_model_id == model_id
    )
    found: dict[Identity, list[UUID]] = defaultdict(list)
    for entry_id, level, text, pages in await session.execute(query.order_by(Entry.position)):
        found[(level, text, tuple(pages))].append(entry_id)
    return found


def keep_stored(drafts: Iterable[Draft], stored: Mapping[Identity, list[UUID]]) -> None:
    """Give each draft that says what a stored entry says that entry's id."""
    left = {identity: list(ids) for identity, ids in stored.items()}
    for draft in drafts:
        ids = left.get(draft.identity)
        draft.stored_id = ids.pop(0) if ids else None


async def ensure_terms(session: AsyncSession, project_id: UUID, drafts: Sequence[Draft]) -> None:
    """Give the drafts the ids of their lexemes; new ones are added in sorted order, so that writers never lock up."""
    wanted: dict[Level, set[str]] = defaultdict(set)
    for draft in drafts:
        wanted[draft.entry.level].update(draft.words, ("",))
    ids: dict[tuple[str, str], int] = {}
    for level in sorted(wanted):
        names = sorted(wanted[level])
        rows = select(
            sql_cast(project_id, Term.project_id.type),
            sql_cast(level, Text),
            func.unnest(sql_cast(names, ARRAY(Text))),
        )
        await session.execute(
            upsert(Term).from_select(["project_id", "level", "lexeme"], rows).on_conflict_do_nothing()
        )
        found = select(Term.lexeme, Term.id).where(
            Term.project_id == project_id, Term.level == level, Term.lexeme == func.any(sql_cast(names, ARRAY(Text)))
        )
        ids |= {(level, lexeme): term_id for lexeme, term_id in await session.execute(found)}
    for draft in drafts:
        draft.term_ids = [ids[(draft.entry.level, lexeme)] for lexeme in draft.words]


async def publish(session: AsyncSession, project_id: UUID, publication: Publication) -> None:
    """Replace a document's pyramid. Raises NotFound when the document is gone, Conflict when a newer version came."""
    shown = await lock_document(session, project_id, publication.document_id)
    if publication.version != (shown.pending_version or shown.version):
        raise Conflict("A newer version of this document is being read.")
    await _remove_old(session, shown, publication)
    await _keep(session, publication)
    await _insert_new(session, shown, publication)
    await _number(session, publication)
    await _link(session, publication)
    await _show(session, shown, publication)
    await _post(session, project_id, shown, publication.drafts)


async def _remove_old(session: AsyncSession, shown: Document, publication: Publication) -> None:
    mine = Entry.document_id == publication.document_id
    stored = {draft.stored_id for draft in publication.drafts if draft.stored_id}
    there = set(await session.scalars(select(Entry.id).where(mine)))
    if stored - there:
        raise Conflict("This document's entries have changed meanwhile.")
    gone = list(there - stored)
    await mark_stale(session, Entry.id.in_(gone), f"A new version of {shown.filename} no longer says what it rests on.")
    await session.execute(delete(postings).where(postings.c.document_id == publication.document_id))
    await session.execute(delete(Entry).where(mine, Entry.id.in_(gone)))
    await session.execute(delete(EntrySource).where(EntrySource.entry_id.in_(list(stored))))


async def _keep(session: AsyncSession, publication: Publication) -> None:
    kept = {draft.stored_id: draft for draft in publication.drafts if draft.stored_id}
    if not kept:
        return
    await session.execute(update(Entry), [{"id": entry_id, **entry_values(draft)} for entry_id, draft in kept.items()])


async def _insert_new(session: AsyncSession, shown: Document, publication: Publication) -> None:
    new = [draft for draft in publication.drafts if draft.stored_id is None]
    for draft in new:
        draft.stored_id = uuid7()
    shared = {
        "project_id": shown.project_id,
        "collection_id": shown.collection_id,
        "document_id": shown.id,
        "embedding_model_id": publication.model_id,
    }
    rows = (
        shared
        | {
            "id": draft.stored_id,
            "level": draft.entry.level,
            "text": draft.entry.text,
            "pages": list(draft.entry.pages),
            "embedding": draft.embedding,
        }
        | entry_values(draft)
        for draft in new
    )
    await copy_rows(session, Entry, rows)


async def _number(session: AsyncSession, publication: Publication) -> None:
    query = select(Entry.id, Entry.number).where(Entry.document_id == publication.document_id)
    numbers: dict[UUID | None, int] = {entry_id: number for entry_id, number in await session.execute(query)}
    for draft in publication.drafts:
        draft.number = numbers[draft.stored_id]


def entry_values(draft: Draft) -> Json:
    """Return the columns of an entry that a draft gives, but its text, place and embedding."""
    entry = draft.entry
    return {
        "position": draft.position,
        "grounding": entry.grounding,
        "facts": [fact_row(fact) for fact in entry.facts],
        "evidence": [asdict(span) for span in entry.evidence],
        "slots": draft.slots,
        "meta": entry.metadata,
        "term_ids": draft.term_ids,
        "term_counts": list(draft.words.values()),
        "length": draft.length,
        "name": draft.name,
    }


async def _link(session: AsyncSession, publication: Publication) -> None:
    ids = {draft.entry.key: draft.stored_id for draft in publication.drafts}
    links = {(draft.stored_id, ids[source]) for draft in publication.drafts for source in draft.entry.sources}
    await copy_rows(session, EntrySource, ({"entry_id": made, "source_id": source} for made, source in links))


async def _show(session: AsyncSession, shown: Document, publication: Publication) -> None:
    other_pages = Page.version != publication.version
    await session.execute(delete(Page).where(Page.document_id == shown.id, other_pages))
    older = DocumentContent.version < publication.version
    await session.execute(delete(DocumentContent).where(DocumentContent.document_id == shown.id, older))
    if publication.page_quality:
        place = {"document_id": shown.id, "version": publication.version}
        rows = [place | {"number": n, "quality": quality} for n, quality in publication.page_quality.items()]
        await session.execute(update(Page), rows)
    shown.version, shown.pending_version = publication.version, None
    shown.status, shown.error, shown.updated_at = "ready", None, now()
    shown.title, shown.card, shown.quality = publication.title, publication.card, publication.quality
    shown.meta = {**shown.meta, **publication.metadata}
    shown.profile = profile_words(shown.filename, shown.title, shown.meta)
    shown.page_count = sum(draft.entry.level == "page" for draft in publication.drafts)
    await session.flush()


async def _post(session: AsyncSession, project_id: UUID, shown: Document, drafts: Sequence[Draft]) -> None:
    """Add the postings. Last of all, for the sums they change are locked until the commit."""
    rows = build_postings(drafts, await list_counters(session, project_id))
    owner = {"document_id": shown.id, "collection_id": shown.collection_id}
    await copy_rows(session, postings, (row | owner for row in rows))


async def list_counters(session: AsyncSession, project_id: UUID) -> dict[str, int]:
    """Return the ids of the empty lexeme by level."""
    query = select(Term.level, Term.id).where(Term.project_id == project_id, Term.lexeme == "")
    return {level: term_id for level, term_id in await session.execute(query)}


def build_postings(drafts: Sequence[Draft], counters: Mapping[str, int]) -> list[Json]:
    """Return one row a term: numbers of the entries it stands in, how often, how long they are.

    `counters` are the ids of the empty lexeme by level, whose rows carry the sums only.
    """
    places: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    sums: dict[int, list[int]] = defaultdict(list)
    for draft in sorted(drafts, key=lambda draft: draft.number):
        sums[counters[draft.entry.level]].append(draft.length)
        for term_id, count in zip(draft.term_ids, draft.words.values(), strict=True):
            places[term_id].append((count, draft.number, draft.length))
    rows = [_posting(term_id, *zip(*found, strict=True)) for term_id, found in places.items()]
    rows += [_posting(term_id, lengths) for term_id, lengths in sums.items()]
    return sorted(rows, key=itemgetter("term_id"))


def _posting(term_id: int, counts: Sequence[int], numbers: Sequence[int] = (), lengths: Sequence[int] = ()) -> Json:
    return {
        "term_id": term_id,
        "entries": len(counts),
        "occurrences": sum(counts),
        "numbers": list(numbers),
        "counts": list(counts) if numbers else [],
        "lengths": list(lengths),
    }
