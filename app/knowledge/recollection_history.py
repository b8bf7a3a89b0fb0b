"""The history of recollections: what each step changed, by whom and why; and how they become stale.

Every function takes the session first and leaves the commit to its caller.
"""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.db import Json
from app.knowledge.models import Document, Entry, EntrySource, Recollection, RecollectionChange

Action = Literal["created", "confirmed", "changed", "became_stale", "retired"]


@dataclass(frozen=True, kw_only=True)
class Author:
    """Who does something to a recollection, in which run, and why."""

    actor: str
    run_id: UUID | None = None
    reason: str = ""


async def mark_stale(session: AsyncSession, sources: ColumnElement[bool], reason: str) -> None:
    """Mark what rests on entries that are about to go; `sources` is a condition on `Entry`."""
    gone = (
        select(EntrySource.entry_id)
        .join(Entry, Entry.id == EntrySource.source_id)
        .where(EntrySource.entry_id == Recollection.id, sources)
    )
    query = select(Recollection).where(Recollection.status == "current", gone.exists())
    for found in list(await session.scalars(query.order_by(Recollection.id).with_for_update())):
        before = await snapshot(session, found)
        found.status, found.stale_reason = "stale", reason
        note = {"meta": Entry.meta.op("||")({"stale": reason}), "grounding": "ungrounded"}
        await session.execute(update(Entry).where(Entry.id == found.id).values(note))
        await log_change(session, found, "became_stale", Author(actor="service", reason=reason), before=before)


async def list_history(session: AsyncSession, found: Recollection) -> list[RecollectionChange]:
    """Return every step of a recollection, oldest first."""
    query = select(RecollectionChange).where(RecollectionChange.recollection_id == found.id)
    return list(await session.scalars(query.order_by(RecollectionChange.id)))


async def snapshot(session: AsyncSession, found: Recollection) -> Json:
    """Return what a recollection says, and its sources as they stand now, readable when they are gone."""
    query = (
        select(Entry.id, Entry.text, Entry.pages, Document.filename)
        .join(EntrySource, EntrySource.source_id == Entry.id)
        .outerjoin(Document, Document.id == Entry.document_id)
        .where(EntrySource.entry_id == found.id)
    )
    rests_on = [
        {"entry_id": str(entry_id), "filename": filename or "", "pages": list(pages), "text": text[:500]}
        for entry_id, text, pages, filename in await session.execute(query.order_by(Entry.id))
    ]
    return {"text": found.text, "kind": found.kind, "status": found.status, "sources": rests_on}


async def log_change(
    session: AsyncSession, found: Recollection, action: Action, author: Author, *, before: Json
) -> None:
    """Add a step to a recollection's history; `before` is its snapshot from before the step."""
    after = await snapshot(session, found)
    values = {"actor": author.actor, "run_id": author.run_id, "reason": author.reason}
    session.add(
        RecollectionChange(
            id=uuid7(),
            project_id=found.project_id,
            recollection_id=found.id,
            action=action,
            before=before,
            after=after,
            **values,
        )
    )
    await session.flush()
