"""Which model the stored embeddings are of. Searches read one model's: vectors of two models can't be compared."""

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Sessions
from app.errors import AppError
from app.knowledge.models import EmbeddingModel, Entry
from app.knowledge.vector_indexes import create_indexes
from app.llm.embedding import CountingEmbedder, Embedder

REGISTRATION_LOCK = 7_264_803


class EmbeddingMismatch(AppError):
    """The stored embeddings are of another model."""

    status, code, title = 503, "embedding_mismatch", "Embeddings of another model"


class ModelSwitched(Exception):
    """The store answers from another model's vectors by now: make them anew."""


async def start_embedder(sessions: Sessions, embedder: CountingEmbedder) -> None:
    """See at a process's start that the settings' model is the store's. Raises EmbeddingMismatch, Invalid."""
    async with sessions.begin() as session:
        await register_embedder(session, embedder)
    await embedder.check_dimension()


async def register_embedder(session: AsyncSession, embedder: Embedder) -> int:
    """Return the id of the embedder's model, registered with its vector indexes when new.

    In a store without embeddings it becomes the current one. Raises EmbeddingMismatch when entries carry embeddings of
    another model, or of another dimension.
    """
    found, current = await find_model(session, embedder.name), await find_current(session)
    if found is None or current is None:
        await session.execute(select(func.pg_advisory_xact_lock(REGISTRATION_LOCK)))
        found = await find_model(session, embedder.name) or await _add_model(session, embedder)
        current = await find_current(session)
    await _refuse_mismatch(session, found, embedder)
    if current is None or current.id != found.id:
        await session.execute(update(EmbeddingModel).values(is_current=False))
        found.is_current = True
        await session.flush()
    return found.id


async def find_current(session: AsyncSession) -> EmbeddingModel | None:
    """Return the model whose vectors searches read, None before the first."""
    found: EmbeddingModel | None = await session.scalar(select(EmbeddingModel).where(EmbeddingModel.is_current))
    return found


async def hold_current(session: AsyncSession, model_id: int) -> None:
    """Keep a model current until the transaction ends. Raises ModelSwitched when it no longer is."""
    query = select(EmbeddingModel.id).where(EmbeddingModel.id == model_id, EmbeddingModel.is_current)
    if await session.scalar(query.with_for_update(read=True)) is None:
        raise ModelSwitched


async def _add_model(session: AsyncSession, embedder: Embedder) -> EmbeddingModel:
    made = EmbeddingModel(name=embedder.name, dimension=embedder.dimension)
    session.add(made)
    await session.flush()
    await create_indexes(session, made)
    return made


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
    await create_indexes(session, found)
    return found.id


def _set_aside(name: str, dimension: int) -> str:
    return f"{name}@{dimension}"


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
