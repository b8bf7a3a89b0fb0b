"""Changing the embedding model under a running service: vectors are made beside those in use, then take their place."""

from collections.abc import AsyncGenerator

from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Json, Sessions
from app.knowledge.embedding_models import begin_reembedding
from app.knowledge.models import EmbeddingModel, Entry, NextEmbedding
from app.knowledge.passages import embed_texts
from app.llm.embedding import Embedder

DIGEST = func.md5(Entry.text)


async def reembed(sessions: Sessions, embedder: Embedder, *, batch: int = 256) -> AsyncGenerator[tuple[int, int]]:
    """Give every entry a vector of the embedder's model, yielding (done, all) after each batch.

    Until the last step searches read the vectors they read before; then, in one transaction, all read the new ones.
    What was made is kept when this is broken off, and not made again.
    """
    async with sessions.begin() as session:
        model_id = await begin_reembedding(session, embedder)
    async with sessions() as session:
        total = await _count(session, _is_stale(model_id))
        done = total - await _count(session, _is_missing(model_id))
    while not await switch(sessions, model_id):
        made = await _embed_batch(sessions, embedder, model_id, batch)
        done, total = done + made, max(total, done + made)
        yield done, total


async def switch(sessions: Sessions, model_id: int) -> bool:
    """Let searches read a model's vectors from now on; False, and nothing done, while entries lack one.

    Writers of entries wait for this transaction, and choose their model anew after it.
    """
    async with sessions.begin() as session:
        await session.execute(select(EmbeddingModel.id).with_for_update())
        if await _count(session, _is_missing(model_id)):
            return False
        await session.execute(
            update(Entry)
            .where(NextEmbedding.entry_id == Entry.id, NextEmbedding.model_id == model_id, _is_stale(model_id))
            .values(embedding=NextEmbedding.embedding, embedding_model_id=model_id)
            .execution_options(synchronize_session=False)
        )
        await session.execute(delete(NextEmbedding))
        await session.execute(update(EmbeddingModel).values(is_current=False))
        await session.execute(update(EmbeddingModel).where(EmbeddingModel.id == model_id).values(is_current=True))
    return True


async def _embed_batch(sessions: Sessions, embedder: Embedder, model_id: int, batch: int) -> int:
    query = select(Entry.id, Entry.text, DIGEST.label("digest")).where(_is_missing(model_id)).limit(batch)
    async with sessions() as session:
        rows = (await session.execute(query)).all()
    if not rows:
        return 0
    vectors = await embed_texts(embedder, [row.text for row in rows])
    made = [
        {"entry_id": row.id, "model_id": model_id, "digest": row.digest, "embedding": vector}
        for row, vector in zip(rows, vectors, strict=True)
    ]
    async with sessions.begin() as session:
        await _store(session, made)
    return len(rows)


async def _store(session: AsyncSession, made: list[Json]) -> None:
    """Keep vectors of entries that are still there."""
    query = select(Entry.id).where(Entry.id.in_([each["entry_id"] for each in made]))
    there = set(await session.scalars(query.with_for_update(read=True, key_share=True)))
    if kept := [each for each in made if each["entry_id"] in there]:
        statement = insert(NextEmbedding)
        renewed = {"digest": statement.excluded.digest, "embedding": statement.excluded.embedding}
        keys = [NextEmbedding.entry_id, NextEmbedding.model_id]
        await session.execute(statement.on_conflict_do_update(index_elements=keys, set_=renewed), kept)


def _is_stale(model_id: int) -> ColumnElement[bool]:
    return Entry.embedding_model_id.is_distinct_from(model_id)


def _is_missing(model_id: int) -> ColumnElement[bool]:
    made = exists().where(
        NextEmbedding.entry_id == Entry.id, NextEmbedding.model_id == model_id, NextEmbedding.digest == DIGEST
    )
    return _is_stale(model_id) & ~made


async def _count(session: AsyncSession, condition: ColumnElement[bool]) -> int:
    return await session.scalar(select(func.count()).select_from(Entry).where(condition)) or 0
