"""Recollections: what people state and runs learn beyond one document, with who, why, before and after of every step.

Every function takes the session first and leaves the commit to its caller. A recollection's entry makes it searchable;
its sources are entries of documents, never other recollections. When a source changes or goes, it is marked stale.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.db import Json, now
from app.errors import Conflict, Invalid, NotFound
from app.knowledge.models import Collection, Entry, EntrySource, Recollection, postings
from app.knowledge.recollection_history import Author, log_change, snapshot
from app.knowledge.sameness import figures_missing_from, say_the_same
from app.knowledge.store import Draft, build_postings, entry_values, list_counters
from app.knowledge.types import RecollectionKind

MAX_LEARNED = 1_000
"""Learned recollections a collection holds; stale ones, then the one confirmed longest ago, make room."""

INDEPENDENT = 2
NEAR = 0.06
"""Cosine distance below which two recollections may be one; words, figures and periods decide."""

GROUNDING = {"stated": "partial", "learned": "derived"}


@dataclass(frozen=True, kw_only=True)
class Wording:
    """A text ready to be stored: its words counted, its embedding, the model that made it."""

    draft: Draft
    model_id: int

    @property
    def text(self) -> str:
        """What is said."""
        return self.draft.entry.text


async def add_recollection(
    session: AsyncSession,
    project_id: UUID,
    wording: Wording,
    *,
    author: Author,
    kind: RecollectionKind,
    sources: Sequence[UUID] = (),
    collection_id: UUID | None = None,
    max_learned: int = MAX_LEARNED,
) -> tuple[Recollection, bool]:
    """Remember a text and return it, with whether it is new; one that says the same already is confirmed instead.

    It belongs to `collection_id`, else to its first source's collection. Raises Invalid when a learned text does not
    rest on two independent passages of documents or has a figure none of them has, NotFound for unknown sources.
    """
    rests_on = await _list_primary(session, project_id, sources)
    if kind == "learned":
        _check_learned(wording.text, rests_on)
    home = collection_id or (rests_on[0].collection_id if rests_on else None)
    if home is None:
        raise Invalid("Say to which collection this recollection belongs.")
    query = select(Collection.id).where(Collection.id == home, Collection.project_id == project_id)
    if await session.scalar(query.with_for_update()) is None:
        raise NotFound("There is no such collection.")
    ids = [source.id for source in rests_on]
    known = await _find_same(session, home, wording)
    if known is not None:
        return await _confirm(session, known, wording, author=author, kind=kind, sources=ids), False
    if kind == "learned":
        await _make_room(session, home, author, max_learned)
    made = Recollection(
        id=uuid7(),
        project_id=project_id,
        collection_id=home,
        text=wording.text,
        kind=kind,
        actor=author.actor,
        run_id=author.run_id,
    )
    session.add(made)
    await session.flush()
    await _put_entry(session, made, wording, ids)
    await log_change(session, made, "created", author, before={})
    return made, True


async def get_recollection(
    session: AsyncSession, project_id: UUID, recollection_id: UUID, *, lock: bool = False
) -> Recollection:
    """Return a recollection, retired ones too. Raises NotFound."""
    query = select(Recollection).where(Recollection.id == recollection_id, Recollection.project_id == project_id)
    found: Recollection | None = await session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound("There is no such recollection.")
    return found


async def change_recollection(session: AsyncSession, found: Recollection, wording: Wording, author: Author) -> None:
    """Give a recollection a text a person vouches for; it is current again. Raises Conflict when another says that."""
    known = await _find_same(session, found.collection_id, wording)
    if known is not None and known.id != found.id:
        raise Conflict(f"Recollection {known.id} says this already.")
    before = await snapshot(session, found)
    sources = [source["entry_id"] for source in before["sources"]]
    restated = wording.text != found.text
    found.text, found.kind = wording.text, "stated" if restated else found.kind
    found.status, found.stale_reason, found.confirmed_at = "current", "", now()
    await session.flush()
    await _put_entry(session, found, wording, [UUID(source) for source in sources])
    await log_change(session, found, "changed" if restated else "confirmed", author, before=before)


async def retire_recollection(session: AsyncSession, found: Recollection, author: Author) -> None:
    """Take a recollection out of every search; what it was stays in its history."""
    if found.status == "retired":
        return
    before = await snapshot(session, found)
    await session.execute(delete(Entry).where(Entry.id == found.id))
    found.status = "retired"
    await session.flush()
    await log_change(session, found, "retired", author, before=before)


async def retire_run(session: AsyncSession, project_id: UUID, run_id: UUID, author: Author) -> int:
    """Retire what a run has made or confirmed last, and return how many that were."""
    query = select(Recollection).where(Recollection.project_id == project_id, Recollection.run_id == run_id)
    mine = list(await session.scalars(query.where(Recollection.status != "retired").with_for_update()))
    for found in mine:
        await retire_recollection(session, found, author)
    return len(mine)


async def list_sources(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Return, for each recollection, the ids of the entries it rests on."""
    query = select(EntrySource.entry_id, EntrySource.source_id).where(EntrySource.entry_id.in_(ids))
    found: dict[UUID, list[UUID]] = {recollection_id: [] for recollection_id in ids}
    for recollection_id, source_id in await session.execute(query.order_by(EntrySource.source_id)):
        found[recollection_id].append(source_id)
    return found


async def _list_primary(session: AsyncSession, project_id: UUID, ids: Sequence[UUID]) -> list[Entry]:
    """Return the named entries that are of documents. Raises NotFound for ids that are no entries."""
    query = select(Entry).where(Entry.id.in_(ids), Entry.project_id == project_id)
    found = {entry.id: entry for entry in await session.scalars(query)}
    if missing := [str(entry_id) for entry_id in ids if entry_id not in found]:
        raise NotFound(f"There is no entry {missing[0]} to rest on.")
    return [found[entry_id] for entry_id in dict.fromkeys(ids) if found[entry_id].level != "recollection"]


def _check_learned(text: str, sources: Sequence[Entry]) -> None:
    passages = {(source.document_id, tuple(source.pages)) for source in sources}
    if len(passages) < INDEPENDENT:
        raise Invalid("What is learned must rest on two passages of documents at least; recollections don't count.")
    if missing := figures_missing_from(text, [source.text for source in sources]):
        raise Invalid(f"None of the sources has the figure {missing[0]}.")


async def _find_same(session: AsyncSession, collection_id: UUID, wording: Wording) -> Recollection | None:
    mine = (Recollection.collection_id == collection_id, Recollection.status != "retired")
    equal: Recollection | None = await session.scalar(
        select(Recollection).where(*mine, func.lower(Recollection.text) == wording.text.lower()).limit(1)
    )
    if equal is not None:
        return equal
    distance = Entry.embedding.cosine_distance(wording.draft.embedding)
    near: Select[Any] = select(Recollection).join(Entry, Entry.id == Recollection.id)
    near = near.where(*mine, Entry.embedding_model_id == wording.model_id, distance < NEAR)
    rows = list(await session.scalars(near.order_by(distance).limit(5)))
    return next((row for row in rows if say_the_same(row.text, wording.text)), None)


async def _confirm(
    session: AsyncSession,
    known: Recollection,
    wording: Wording,
    *,
    author: Author,
    kind: RecollectionKind,
    sources: Sequence[UUID],
) -> Recollection:
    """Renew what was known; a person's word weighs more than what a run has learned, and is kept as it was said."""
    before = await snapshot(session, known)
    if known.status == "stale" or kind == "stated":
        kept = [] if known.status == "stale" else [UUID(source["entry_id"]) for source in before["sources"]]
        known.kind = "stated" if kind == "stated" else known.kind
        known.text, known.status, known.stale_reason = wording.text, "current", ""
        await session.flush()
        await _put_entry(session, known, wording, [*kept, *sources])
    else:
        await _link(session, known.id, sources)
    known.confirmed_at, known.run_id = now(), author.run_id or known.run_id
    await session.flush()
    await log_change(session, known, "confirmed", author, before=before)
    return known


async def _make_room(session: AsyncSession, collection_id: UUID, author: Author, most: int) -> None:
    learned = (
        Recollection.collection_id == collection_id,
        Recollection.kind == "learned",
        Recollection.status != "retired",
    )
    count = await session.scalar(select(func.count()).select_from(Recollection).where(*learned)) or 0
    oldest = select(Recollection).where(*learned).order_by(Recollection.status.desc(), Recollection.confirmed_at)
    for found in list(await session.scalars(oldest.limit(max(0, count + 1 - most)))):
        reason = "made room for newer ones"
        await retire_recollection(session, found, Author(actor="service", run_id=author.run_id, reason=reason))


async def _put_entry(session: AsyncSession, found: Recollection, wording: Wording, sources: Sequence[UUID]) -> None:
    draft = wording.draft
    await session.execute(delete(Entry).where(Entry.id == found.id))
    row: Json = entry_values(draft) | {
        "id": found.id,
        "project_id": found.project_id,
        "collection_id": found.collection_id,
        "level": "recollection",
        "text": found.text,
        "pages": [],
        "grounding": GROUNDING[found.kind],
        "meta": {"kind": found.kind},
        "embedding_model_id": wording.model_id,
        "embedding": draft.embedding,
    }
    draft.number = (await session.execute(insert(Entry).returning(Entry.number), [row])).scalar_one()
    await _link(session, found.id, sources)
    owner = {"entry_id": found.id, "collection_id": found.collection_id}
    rows = build_postings([draft], await list_counters(session, found.project_id))
    await session.execute(insert(postings), [each | owner for each in rows])


async def _link(session: AsyncSession, recollection_id: UUID, sources: Sequence[UUID]) -> None:
    there = set(await session.scalars(select(EntrySource.source_id).where(EntrySource.entry_id == recollection_id)))
    new = [source for source in dict.fromkeys(sources) if source not in there]
    if new:
        rows = [{"entry_id": recollection_id, "source_id": source} for source in new]
        await session.execute(insert(EntrySource), rows)
