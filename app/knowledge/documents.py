"""Documents from upload to deletion. Every function takes the session first and leaves the commit to its caller.

Locks are always taken in one order: collection, document, lexical sums.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.convert import document
from app.convert.document import Converted
from app.db import Json, dump_json, now
from app.errors import Conflict, NotFound
from app.knowledge.models import Collection, Document, DocumentContent, Entry, Page, Window
from app.knowledge.recollection_history import mark_stale
from app.knowledge.rows import page_hash, read_page, table_row
from app.knowledge.types import Reading

KEEP_WINDOW = text("""
insert into windows (document_id, hash, project_id, result)
select id, :hash, project_id, cast(:result as jsonb) from documents
where id = :document_id and project_id = :project_id for key share
on conflict (document_id, hash) do update set result = excluded.result
returning hash
""")


def digest(content: bytes) -> str:
    """Return what tells two files' bytes apart: their sha256 in hexadecimal."""
    return sha256(content).hexdigest()


async def find_duplicate(session: AsyncSession, collection_id: UUID, content: bytes) -> Document | None:
    """Return the collection's document with these very bytes; a second upload of them waits for this transaction."""
    wanted = digest(content)
    lock = func.pg_advisory_xact_lock(func.hashtextextended(f"{collection_id}:{wanted}", 0))
    await session.execute(select(lock))
    query = select(Document).where(Document.collection_id == collection_id, Document.sha256 == wanted)
    found: Document | None = await session.scalar(query.order_by(Document.id).limit(1))
    return found


async def create_document(
    session: AsyncSession,
    project_id: UUID,
    collection_id: UUID,
    *,
    filename: str,
    media_type: str,
    content: bytes,
    metadata: dict[str, str] | None = None,
) -> Document:
    """Add a queued document with its bytes as version 1. Raises NotFound when the collection has just been deleted."""
    query = select(Collection.id).where(Collection.id == collection_id, Collection.project_id == project_id)
    if await session.scalar(query.with_for_update(key_share=True, read=True)) is None:
        raise NotFound("There is no such collection.")
    made = Document(
        id=uuid7(),
        project_id=project_id,
        collection_id=collection_id,
        filename=filename,
        media_type=media_type,
        sha256=digest(content),
        size_bytes=len(content),
        meta=dict(metadata or {}),
    )
    session.add(made)
    await session.flush()
    session.add(DocumentContent(document_id=made.id, version=1, content=content))
    await session.flush()
    await session.refresh(made)
    return made


async def replace_content(
    session: AsyncSession, found: Document, *, filename: str, media_type: str, content: bytes
) -> Document:
    """Queue new bytes as the next version; the old pyramid is shown until then. Raises Conflict while one is read."""
    locked = await lock_document(session, found.project_id, found.id)
    if locked.status in ("queued", "processing"):
        raise Conflict("This document is being read; wait for its run or cancel it.")
    version = max(locked.version, locked.pending_version or 0) + 1
    await session.execute(
        delete(DocumentContent).where(
            DocumentContent.document_id == locked.id, DocumentContent.version > locked.version
        )
    )
    session.add(DocumentContent(document_id=locked.id, version=version, content=content))
    locked.filename, locked.media_type = filename, media_type
    locked.sha256, locked.size_bytes = digest(content), len(content)
    locked.status, locked.pending_version, locked.error = "queued", version, None
    locked.updated_at = now()
    await session.flush()
    return locked


async def get_document(session: AsyncSession, project_id: UUID, document_id: UUID) -> Document:
    """Return a document of the project. Raises NotFound."""
    query = select(Document).where(Document.id == document_id, Document.project_id == project_id)
    found: Document | None = await session.scalar(query)
    if found is None:
        raise NotFound("There is no such document.")
    return found


async def lock_document(session: AsyncSession, project_id: UUID, document_id: UUID) -> Document:
    """Return a document locked against other writers, its collection held in place. Raises NotFound."""
    holding = select(Collection.id).join(Document, Document.collection_id == Collection.id)
    await session.execute(
        holding.where(Document.id == document_id).with_for_update(key_share=True, read=True, of=Collection)
    )
    query = select(Document).where(Document.id == document_id, Document.project_id == project_id)
    locked: Document | None = await session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if locked is None:
        raise NotFound("There is no such document; it may have been deleted meanwhile.")
    return locked


async def list_documents(
    session: AsyncSession,
    project_id: UUID,
    *,
    collection_ids: Sequence[UUID] = (),
    status: str | None = None,
    after: UUID | None = None,
    limit: int | None = None,
) -> list[Document]:
    """Return the project's documents in the order they came, those after `after`."""
    query = select(Document).where(Document.project_id == project_id).order_by(Document.id).limit(limit)
    if collection_ids:
        query = query.where(Document.collection_id.in_(collection_ids))
    if status:
        query = query.where(Document.status == status)
    if after:
        query = query.where(Document.id > after)
    return list(await session.scalars(query))


async def find_documents(session: AsyncSession, project_id: UUID, ids: Iterable[UUID]) -> list[Document]:
    """Return the project's documents of these ids; those that are gone are left out."""
    query = select(Document).where(Document.project_id == project_id, Document.id.in_(list(ids)))
    return list(await session.scalars(query))


async def delete_document(session: AsyncSession, project_id: UUID, document_id: UUID) -> None:
    """Remove a document with everything made from it; recollections that rest on it become stale. Raises NotFound."""
    locked = await lock_document(session, project_id, document_id)
    await mark_stale(session, Entry.document_id == locked.id, f"{locked.filename} has been deleted.")
    await session.execute(delete(Document).where(Document.id == locked.id))


async def list_unfinished_runs(session: AsyncSession, collection_id: UUID) -> list[UUID]:
    """Return the runs of a collection's documents that are still to be read."""
    unfinished = Document.status.in_(("queued", "processing"))
    query = select(Document.run_id).where(Document.collection_id == collection_id, unfinished)
    return [run_id for run_id in await session.scalars(query) if run_id is not None]


async def delete_collection(session: AsyncSession, found: Collection) -> None:
    """Remove a collection with its documents and all made from them. Raises Conflict for `default`."""
    if found.name == "default":
        raise Conflict("The collection “default” can't be deleted.")
    await session.execute(select(Collection.id).where(Collection.id == found.id).with_for_update())
    documents = select(Document.id).where(Document.collection_id == found.id).order_by(Document.id)
    await session.execute(documents.with_for_update())
    gone = f"The collection “{found.name}” has been deleted."
    await mark_stale(session, Entry.collection_id == found.id, gone)
    await session.execute(delete(Collection).where(Collection.id == found.id))


async def fail_document(session: AsyncSession, document_id: UUID, problem: Json, *, version: int | None = None) -> None:
    """Mark that the pending version could not be read; an older pyramid stays. A document that is gone stays gone.

    With `version`, nothing changes when a newer one is to be read by now.
    """
    unread = Document.status.in_(("queued", "processing"))
    query = update(Document).where(Document.id == document_id, unread)
    if version is not None:
        query = query.where(func.coalesce(Document.pending_version, 0) <= version)
    await session.execute(query.values(status="failed", error=problem, updated_at=now()))


async def begin_reading(session: AsyncSession, project_id: UUID, document_id: UUID) -> Reading:
    """Mark a document as being read and return its pending version's bytes, or where they are. Raises NotFound."""
    locked = await lock_document(session, project_id, document_id)
    if locked.pending_version is not None:
        locked.status, locked.error, locked.updated_at = "processing", None, now()
    version = locked.pending_version or locked.version
    here = await session.get(DocumentContent, (document_id, version))
    if here is None and not locked.source_url:
        raise NotFound("There is no such version of this document.")
    return Reading(
        document_id=locked.id,
        collection_id=locked.collection_id,
        version=version,
        filename=locked.filename,
        media_type=locked.media_type,
        content=here.content if here else b"",
        source_url="" if here else locked.source_url,
    )


async def get_content(session: AsyncSession, document_id: UUID, version: int) -> bytes:
    """Return the bytes of one version as uploaded. Raises NotFound."""
    found = await session.get(DocumentContent, (document_id, version))
    if found is None:
        raise NotFound("There is no such version of this document.")
    return found.content


async def save_pages(
    session: AsyncSession, project_id: UUID, document_id: UUID, *, version: int, converted: Converted
) -> None:
    """Store the converted pages of a version in place of those it had. Raises NotFound."""
    locked = await lock_document(session, project_id, document_id)
    await session.execute(delete(Page).where(Page.document_id == document_id, Page.version == version))
    locked.media_type = converted.media_type
    for page in map(_storable, converted.pages):
        session.add(
            Page(
                document_id=document_id,
                version=version,
                number=page.number,
                project_id=project_id,
                label=page.label,
                markdown=page.markdown,
                tables=[table_row(table) for table in page.tables],
                hash=page_hash(page),
            )
        )
    await session.flush()


def _storable(page: document.Page) -> document.Page:
    return replace(page, markdown=page.markdown.replace("\x00", ""))


async def load_pages(
    session: AsyncSession, project_id: UUID, document_id: UUID, version: int, numbers: Sequence[int] | None = None
) -> list[document.Page]:
    """Return the stored pages of a version in order, all or those of `numbers` that are there."""
    query = select(Page).where(Page.document_id == document_id, Page.version == version, Page.project_id == project_id)
    if numbers is not None:
        query = query.where(Page.number.in_(numbers))
    return [read_page(row) for row in await session.scalars(query.order_by(Page.number))]


async def get_page(session: AsyncSession, found: Document, number: int) -> Page:
    """Return a page of the published version. Raises NotFound."""
    row = await session.get(Page, (found.id, found.version, number))
    if row is None:
        raise NotFound(f"This document has no page {number}." if found.version else "This document is not read yet.")
    return row


async def find_windows(
    session: AsyncSession, project_id: UUID, document_id: UUID, hashes: Sequence[str], *, part: str | None = None
) -> dict[str, Any]:
    """Return by hash what reading windows of a document gave, or one part of it; those never read are left out."""
    mine = (Window.document_id == document_id, Window.project_id == project_id)
    wanted = Window.result if part is None else Window.result[part]
    query = select(Window.hash, wanted).where(*mine, Window.hash.in_(hashes))
    return {found: result for found, result in await session.execute(query)}


async def save_window(session: AsyncSession, project_id: UUID, document_id: UUID, *, hash: str, result: Json) -> None:
    """Store what reading a window gave; the last word counts. Raises NotFound."""
    row = {"document_id": document_id, "project_id": project_id, "hash": hash, "result": dump_json(result)}
    if await session.scalar(KEEP_WINDOW, row) is None:
        raise NotFound("There is no such document; it may have been deleted meanwhile.")


async def prune_windows(session: AsyncSession, document_id: UUID, hashes: AbstractSet[str]) -> None:
    """Forget what reading a document's windows gave, but for those of `hashes`."""
    await session.execute(delete(Window).where(Window.document_id == document_id, Window.hash.not_in(hashes)))


async def list_page_quality(session: AsyncSession, found: Document) -> list[tuple[int, str, Json]]:
    """Return number, label and quality of each page of the published version."""
    query = select(Page.number, Page.label, Page.quality).where(
        Page.document_id == found.id, Page.version == found.version
    )
    return [(number, label, quality) for number, label, quality in await session.execute(query.order_by(Page.number))]
