"""Many documents at once, by address or as text, in few statements. Nothing is fetched here: the run does that."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import ARRAY, TEXT, any_, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.db import insert_all, new_row, now
from app.errors import NotFound
from app.fetch import Fetched
from app.knowledge.documents import digest, lock_document
from app.knowledge.models import Collection, Document, DocumentContent
from app.knowledge.types import Reading


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A document to take in: a text's bytes, or the URL they will be fetched from.

    `origin` is what a fetched document is known by: the same one again in a collection is its next version.
    """

    filename: str
    media_type: str = ""
    content: bytes = b""
    url: str = ""
    origin: str = ""
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """The document an incoming one became, and whether it is to be read; `new` when it is not stored yet."""

    document: Document
    to_read: bool
    new: bool = False
    content: bytes | None = None


async def take_in(
    session: AsyncSession, project_id: UUID, collection_id: UUID, incoming: Sequence[Incoming]
) -> list[Taken]:
    """Find or make documents, in order; two intakes of one collection wait for each other. Raises NotFound.

    New ones are for `store_new` to write. A text whose bytes the collection has is not read again. An address that
    waits to be read is read once.
    """
    await _hold_collection(session, project_id, collection_id)
    known = await _find_known(session, collection_id, incoming)
    taken = []
    for each in incoming:
        key = each.origin or digest(each.content)
        found = known.get(key)
        if found is None:
            known[key] = found = _new_document(project_id, collection_id, each)
            content = None if each.url else each.content
            taken.append(Taken(document=found, to_read=True, new=True, content=content))
        else:
            taken.append(Taken(document=found, to_read=_ask_again(found, each)))
    return taken


async def store_new(session: AsyncSession, taken: Sequence[Taken]) -> None:
    """Write the new ones of documents taken in, with their contents, all at once."""
    new = [each for each in taken if each.new]
    await insert_all(session, [each.document for each in new])
    contents = [
        {"document_id": each.document.id, "version": 1, "content": each.content}
        for each in new
        if each.content is not None
    ]
    if contents:
        await session.execute(insert(DocumentContent), contents)


async def _hold_collection(session: AsyncSession, project_id: UUID, collection_id: UUID) -> None:
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"intake:{collection_id}", 0))))
    query = select(Collection.id).where(Collection.id == collection_id, Collection.project_id == project_id)
    if await session.scalar(query.with_for_update(key_share=True, read=True)) is None:
        raise NotFound("There is no such collection.")


async def _find_known(session: AsyncSession, collection_id: UUID, incoming: Sequence[Incoming]) -> dict[str, Document]:
    """Return the collection's documents by origin or by digest of their bytes, locked."""
    origins = [each.origin for each in incoming if each.origin]
    digests = [digest(each.content) for each in incoming if not each.origin]
    known: dict[str, Document] = {}
    for column, keys in ((Document.sha256, digests), (Document.origin, origins)):
        if keys:
            query = select(Document).where(
                Document.collection_id == collection_id, column == any_(literal(keys, ARRAY(TEXT)))
            )
            rows = await session.scalars(query.order_by(Document.id.desc()).with_for_update())
            known |= {getattr(row, column.key): row for row in rows}
    return known


def _new_document(project_id: UUID, collection_id: UUID, each: Incoming) -> Document:
    at = now()
    return new_row(
        Document,
        id=uuid7(),
        project_id=project_id,
        collection_id=collection_id,
        filename=each.filename,
        media_type=each.media_type,
        sha256=digest(each.content) if not each.url else "",
        size_bytes=len(each.content),
        source_url=each.url,
        origin=each.origin,
        status="queued",
        version=0,
        pending_version=1,
        meta=dict(each.metadata),
        profile=[],
        created_at=at,
        updated_at=at,
    )


def _ask_again(found: Document, each: Incoming) -> bool:
    """Make a known document ready to be read again, if it has to be; whether a new run is needed for it."""
    if not each.url:
        return found.status == "failed"
    busy, same = found.status in ("queued", "processing"), found.source_url == each.url
    if busy and same:
        return False
    found.source_url, found.filename, found.meta = each.url, each.filename, {**found.meta, **each.metadata}
    if found.status == "queued":
        return False
    found.pending_version = max(found.version, found.pending_version or 0) + 1
    found.status, found.error, found.updated_at = "queued", None, now()
    return True


async def save_fetched(session: AsyncSession, project_id: UUID, reading: Reading, fetched: Fetched) -> Reading:
    """Store the bytes a version was fetched as and return what is to be read. Raises NotFound."""
    locked = await lock_document(session, project_id, reading.document_id)
    row = DocumentContent(document_id=locked.id, version=reading.version, content=fetched.content)
    await session.merge(row)
    locked.media_type, locked.sha256 = fetched.media_type, digest(fetched.content)
    locked.size_bytes, locked.updated_at = len(fetched.content), now()
    await session.flush()
    return Reading(
        document_id=reading.document_id,
        collection_id=reading.collection_id,
        version=reading.version,
        filename=reading.filename,
        media_type=fetched.media_type,
        content=fetched.content,
    )
