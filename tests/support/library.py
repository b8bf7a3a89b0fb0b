"""Documents put into the store by hand, as an ingestion would."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.convert.document import Converted, Page
from app.db import DEFAULT_PROJECT, Sessions
from app.knowledge import collections, documents
from app.knowledge.knowledge import Knowledge
from app.knowledge.types import NewEntry
from app.llm.embedding import Embedder


async def add_document(
    sessions: Sessions, filename: str, *, collection: str = "default", project_id: UUID = DEFAULT_PROJECT
) -> UUID:
    """Add a queued document without pages."""
    async with sessions.begin() as session:
        found = await collections.get_collection(session, project_id, collection)
        made = await documents.create_document(
            session, project_id, found.id, filename=filename, media_type="text/plain", content=filename.encode()
        )
        return made.id


async def publish_pages(
    knowledge: Knowledge,
    document_id: UUID,
    pages: Sequence[str],
    entries: Sequence[NewEntry] = (),
    *,
    metadata: dict[str, Any] | None = None,
) -> None:
    """Read a queued document as these pages and publish it with these entries."""
    reading = await knowledge.begin_reading(document_id)
    converted = Converted(
        media_type="text/plain", pages=tuple(Page(number=n, markdown=text) for n, text in enumerate(pages, 1))
    )
    await knowledge.save_pages(document_id, reading.version, converted)
    await knowledge.publish(
        document_id,
        reading.version,
        entries,
        title="",
        card={},
        metadata=metadata or {},
        quality={},
        page_quality={},
    )


async def add_pages(
    sessions: Sessions,
    embedder: Embedder,
    filename: str,
    pages: Sequence[str],
    entries: Sequence[NewEntry] = (),
    *,
    collection: str = "default",
    project_id: UUID = DEFAULT_PROJECT,
) -> UUID:
    """Add and publish a document of these pages and entries."""
    document_id = await add_document(sessions, filename, collection=collection, project_id=project_id)
    await publish_pages(Knowledge(sessions, embedder, project_id), document_id, pages, entries)
    return document_id


def insight(key: str, text: str, *pages: int) -> NewEntry:
    """Return an insight of these pages."""
    return NewEntry(key=key, level="insight", text=text, pages=pages, sources=tuple(f"p{page}" for page in pages))
