"""The vector indexes: one HNSW a level and model, over half-precision vectors (Malkov and Yashunin 2018)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.knowledge.models import EmbeddingModel
from app.knowledge.types import LEVELS, Level


@dataclass(frozen=True, kw_only=True)
class HnswShape:
    """How an index is built: neighbours a vector keeps (m), candidates looked at for them (ef_construction)."""

    neighbours: int = 24
    build_width: int = 128


async def create_indexes(session: AsyncSession, model: EmbeddingModel) -> None:
    """Create the indexes of a model that are not there."""
    for level in LEVELS:
        await session.execute(text(_create(model, level, HnswShape(), "if not exists")))


async def drop_indexes(session: AsyncSession, model: EmbeddingModel) -> None:
    """Drop the indexes of a model, before very many entries come; searches compare everything until they are back."""
    for level in LEVELS:
        await session.execute(text(f"drop index if exists {_name(model, level)}"))


async def build_indexes(
    engine: AsyncEngine, model: EmbeddingModel, shape: HnswShape, *, memory_mb: int = 512
) -> AsyncIterator[Level]:
    """Build the indexes of a model anew while the service runs, yielding each level as it is done.

    An index in use is replaced when its successor is whole; one left half-built by an earlier try is dropped first.
    """
    async with engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(f"set maintenance_work_mem = '{memory_mb}MB'"))
        for level in LEVELS:
            name = _name(model, level)
            await connection.execute(text(f"drop index concurrently if exists {name}_next"))
            await connection.execute(text(_create(model, level, shape, "concurrently", suffix="_next")))
            await connection.execute(text(f"drop index concurrently if exists {name}"))
            await connection.execute(text(f"alter index {name}_next rename to {name}"))
            yield level
        await connection.execute(text("reset maintenance_work_mem"))
        await connection.execute(text("analyze entries"))


def _name(model: EmbeddingModel, level: Level) -> str:
    return f"ix_entries_embedding_{model.id}_{level}"


def _create(model: EmbeddingModel, level: Level, shape: HnswShape, how: str, *, suffix: str = "") -> str:
    return (
        f"create index {how} {_name(model, level)}{suffix} on entries "
        f"using hnsw ((embedding::halfvec({model.dimension})) halfvec_cosine_ops) "
        f"with (m = {shape.neighbours}, ef_construction = {shape.build_width}) "
        f"where level = '{level}' and embedding_model_id = {model.id}"
    )
