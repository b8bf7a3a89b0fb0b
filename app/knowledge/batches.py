"""Batches: many documents handed in together, with one progress.

Every function takes the session first and leaves the commit to its caller. A batch names its
items; what became of each is told by its document, or by the problem that kept it from being one.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.errors import NotFound
from app.knowledge.models import Batch, BatchItem, Document
from app.knowledge.types import BatchProgress

UNREAD = ("queued", "processing")


async def create_batch(session: AsyncSession, project_id: UUID, collection_id: UUID, *, name: str) -> Batch:
    """Add an empty batch to a collection."""
    made = Batch(id=uuid7(), project_id=project_id, collection_id=collection_id, name=name)
    session.add(made)
    await session.flush()
    await session.refresh(made)
    return made


async def get_batch(session: AsyncSession, project_id: UUID, batch_id: UUID) -> Batch:
    """Return a batch. Raises NotFound."""
    query = select(Batch).where(Batch.id == batch_id, Batch.project_id == project_id)
    found: Batch | None = await session.scalar(query)
    if found is None:
        raise NotFound("There is no such batch.")
    return found


async def add_items(session: AsyncSession, batch: Batch, items: Sequence[tuple[str, UUID | None, str]]) -> None:
    """Add items: file name, its document, or the problem that kept it from being one. A document counts once."""
    rows = [
        {
            "id": uuid7(),
            "project_id": batch.project_id,
            "batch_id": batch.id,
            "filename": filename,
            "document_id": document_id,
            "problem": problem,
        }
        for filename, document_id, problem in items
    ]
    if rows:
        await session.execute(insert(BatchItem).on_conflict_do_nothing(), rows)


async def count_progress(session: AsyncSession, batch_ids: Sequence[UUID]) -> dict[UUID, BatchProgress]:
    """Return how far each batch is. A document deleted since counts no more."""
    failed = (BatchItem.problem != "") | (func.coalesce(Document.status, "") == "failed")
    query = (
        select(
            BatchItem.batch_id,
            func.count().label("total"),
            func.count().filter(func.coalesce(Document.status, "").not_in(UNREAD)).label("done"),
            func.count().filter(failed).label("failed"),
            func.coalesce(func.sum(Document.page_count), 0).label("pages"),
        )
        .outerjoin(Document, Document.id == BatchItem.document_id)
        .where(BatchItem.batch_id.in_(batch_ids))
        .group_by(BatchItem.batch_id)
    )
    found = {batch_id: BatchProgress(done=0, total=0, failed=0, pages=0) for batch_id in batch_ids}
    for batch_id, total, done, failures, pages in await session.execute(query):
        found[batch_id] = BatchProgress(done=done, total=total, failed=failures, pages=pages)
    return found


async def list_items(
    session: AsyncSession, batch_id: UUID, *, status: str | None, after: UUID | None, limit: int
) -> list[tuple[BatchItem, Document | None]]:
    """Return a batch's items in the order they came, each with its document: all, or those of one status."""
    query = select(BatchItem, Document).outerjoin(Document, Document.id == BatchItem.document_id)
    query = query.where(BatchItem.batch_id == batch_id)
    if status == "failed":
        query = query.where((BatchItem.problem != "") | (Document.status == "failed"))
    elif status is not None:
        query = query.where(Document.status == status)
    if after is not None:
        query = query.where(BatchItem.id > after)
    rows = await session.execute(query.order_by(BatchItem.id).limit(limit))
    return [(item, document) for item, document in rows]


async def lock_failed(session: AsyncSession, batch_id: UUID) -> list[Document]:
    """Return a batch's documents that could not be read, locked to be read again."""
    query = select(Document).join(BatchItem, BatchItem.document_id == Document.id)
    query = query.where(BatchItem.batch_id == batch_id, Document.status == "failed")
    return list(await session.scalars(query.order_by(Document.id).with_for_update(of=Document)))
