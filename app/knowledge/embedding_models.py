"""Which model the stored embeddings are of. One model at a time: vectors of two models can't be compared."""

from collections.abc import AsyncIterator

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Sessions
from app.errors import AppError
from app.knowledge.models import EmbeddingModel, Entry
from app.knowledge.passages import embed_texts
from app.knowledge.types import LEVELS
from app.llm.embedding import Embedder

HNSW_NEIGHBOURS = 16
HNSW_BUILD_WIDTH = 64
REGISTRATION_LOCK = 7_264_803


class EmbeddingMismatch(AppError):
    """The stored embeddings are of another model."""

    status, code, title = 503, "embedding_mismatch", "Embeddings of another model"


async def register_embedder(session: AsyncSession, embedder: Embedder) -> int:
    """Return the id of the embedder's model, registered with its vector indexes when new.

    Raises EmbeddingMismatch when entries carry embeddings of another model, or of another dimension.
    """
    found = await find_model(session, embedder.name)
    if found is None:
        await session.execute(select(func.pg_advisory_xact_lock(REGISTRATION_LOCK)))
        await session.execute(
            insert(EmbeddingModel)
            .values(name=embedder.name, dimension=embedder.dimension)
            .on_conflict_do_nothing(index_elements=["name"])
        )
        found = await find_model(session, embedder.name)
        assert found is not None
        await _create_indexes(session, found)
    await _refuse_mismatch(session, found, embedder)
    return found.id


async def begin_reembedding(session: AsyncSession, embedder: Embedder) -> int:
    """Return the id of the embedder's model as it is now; a model of that name in other dimensions is set aside."""
    found = await find_model(session, embedder.name)
    if found is not None and found.dimension != embedder.dimension:
        found.name = _set_aside(found.name, found.dimension)
        await session.flush()
        found = await find_model(session, _set_aside(embedder.name, embedder.dimension))
    if found is None:
        found = EmbeddingModel(dimension=embedder.dimension)
        session.add(found)
    found.name = embedder.name
    await session.flush()
    await _create_indexes(session, found)
    return found.id


def _set_aside(name: str, dimension: int) -> str:
    return f"{name}@{dimension}"


async def reembed(sessions: Sessions, embedder: Embedder, *, batch: int = 256) -> AsyncIterator[tuple[int, int]]:
    """Embed every entry of another model anew, yielding (done, all) after each batch; what is done stays done."""
    async with sessions.begin() as session:
        model_id = await begin_reembedding(session, embedder)
    stale = Entry.embedding_model_id.is_distinct_from(model_id)
    async with sessions() as session:
        total = await session.scalar(select(func.count()).select_from(Entry).where(stale)) or 0
    for done in range(0, total, batch):
        async with sessions() as session:
            rows = (await session.execute(select(Entry.id, Entry.text).where(stale).limit(batch))).all()
        vectors = await embed_texts(embedder, [row.text for row in rows])
        async with sessions.begin() as session:
            for row, vector in zip(rows, vectors, strict=True):
                values = {"embedding": vector, "embedding_model_id": model_id}
                await session.execute(update(Entry).where(Entry.id == row.id).values(values))
        yield min(done + batch, total), total


async def find_model(session: AsyncSession, name: str) -> EmbeddingModel | None:
    """Return a registered model by name, or None."""
    found: EmbeddingModel | None = await session.scalar(select(EmbeddingModel).where(EmbeddingModel.name == name))
    return found


async def _refuse_mismatch(session: AsyncSession, model: EmbeddingModel, embedder: Embedder) -> None:
    if model.dimension != embedder.dimension:
        raise EmbeddingMismatch(
            f"The store has {model.name} with {model.dimension} dimensions, the settings say {embedder.dimension}. "
            "Set the dimension back, or run `symposium reembed`."
        )
    query = (
        select(EmbeddingModel.name)
        .where(EmbeddingModel.id != model.id)
        .where(select(Entry.id).where(Entry.embedding_model_id == EmbeddingModel.id).limit(1).exists())
    )
    other = await session.scalar(query.limit(1))
    if other is not None:
        raise EmbeddingMismatch(
            f"The stored embeddings are of {other}, the settings name {embedder.name}. "
            "Set the embedding model back, or run `symposium reembed`."
        )


async def _create_indexes(session: AsyncSession, model: EmbeddingModel) -> None:
    for level in LEVELS:
        await session.execute(
            text(
                f"create index if not exists ix_entries_embedding_{model.id}_{level} on entries "
                f"using hnsw ((embedding::halfvec({model.dimension})) halfvec_cosine_ops) "
                f"with (m = {HNSW_NEIGHBOURS}, ef_construction = {HNSW_BUILD_WIDTH}) "
                f"where level = '{level}' and embedding_model_id = {model.id}"
            )
        )
