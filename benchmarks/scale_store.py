"""The store that `benchmarks.scale` measures: generated filings, loaded first and indexed after, kept if asked."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from app.convert.document import Converted
from app.db import DEFAULT_PROJECT, Json
from app.errors import Conflict
from app.knowledge.collections import create_collection
from app.knowledge.documents import create_document
from app.knowledge.effort import Effort
from app.knowledge.embedding_models import find_current, register_embedder
from app.knowledge.knowledge import Knowledge
from app.knowledge.models import EmbeddingModel
from app.knowledge.search import SearchWeights
from app.knowledge.types import Filters
from app.knowledge.vector_indexes import HnswShape, build_indexes, drop_indexes
from app.migrate import migrate
from app.resources import Resources, open_resources
from benchmarks.generated import Filing, PerturbedEmbedder, make_filings
from benchmarks.support import WEIGHTS, say
from benchmarks.timing import Search
from benchmarks.vectors import CachedEmbedder

DATABASE = "/symposium?"
INDEX_BYTES = """
select sum(pg_relation_size(indexrelid)) from pg_stat_user_indexes where indexrelname like 'ix_entries_embedding%'
"""


@dataclass(frozen=True, kw_only=True)
class Store:
    """A generated store and what is asked of it."""

    resources: Resources
    embedder: PerturbedEmbedder
    questions: Sequence[str]
    model: EmbeddingModel

    def knowledge(self, *, lexical: float = 1, vector: float = 1, effort: Effort | None = None) -> Knowledge:
        """Return the store with the legs weighted so; a leg that weighs nothing is not run."""
        weights = SearchWeights(lexical=lexical, vector=vector)
        return Knowledge(self.resources.sessions, self.embedder, DEFAULT_PROJECT, weights=weights, effort=effort)

    def searching(self, filters: Filters | None = None, *, lexical: float = 1, vector: float = 1) -> Search:
        """Return a search for ten entries."""
        knowledge = self.knowledge(lexical=lexical, vector=vector)
        return lambda question: knowledge.search(question, filters=filters or Filters(), limit=10)

    def sql(self, statement: str) -> str:
        """Return a statement with the model's id and dimension filled in."""
        return statement.format(model_id=self.model.id, dimension=self.model.dimension)


async def open_embedder(resources: Resources, distinct: int, questions: Sequence[str]) -> PerturbedEmbedder:
    """Embed the questions and the first `distinct` insights, or take them from the disk."""
    needed = -(-distinct // 600)
    insights = [entry.text for filing in make_filings(needed) for entry in filing.entries if entry.level == "insight"]
    known = [*dict.fromkeys(insights)][:distinct]
    cached = CachedEmbedder(resources.embedder, WEIGHTS.expanduser())
    say(f"{len(known)} distinct texts; embedding what is not cached")
    vectors = await cached.embed([*known, *questions])
    return PerturbedEmbedder(cached, [*known, *questions], vectors)


@asynccontextmanager
async def open_second(resources: Resources, name: str) -> AsyncIterator[Resources]:
    """Open resources on another database of the same server, made if need be."""
    async with resources.engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        if not await connection.scalar(text("select 1 from pg_database where datname = :name"), {"name": name}):
            await connection.execute(text(f"create database {name}"))
    url = str(resources.settings.database_url).replace(DATABASE, f"/{name}?")
    await asyncio.to_thread(migrate, url)
    async with open_resources(resources.settings.model_copy(update={"database_url": url})) as opened:
        yield opened


async def open_store(
    resources: Resources, embedder: PerturbedEmbedder, questions: Sequence[str], filings: Sequence[Filing]
) -> Store:
    """Load what is not there of the filings; the vector indexes are dropped before."""
    async with resources.sessions.begin() as session:
        await register_embedder(session, embedder)
        model = await find_current(session)
        assert model is not None
        there = await session.scalar(text("select count(*) from documents where version > 0"))
        if there < len(filings):
            await drop_indexes(session, model)
    store = Store(resources=resources, embedder=embedder, questions=questions, model=model)
    await _load(store, filings[there:], first=there)
    return store


async def _load(store: Store, filings: Sequence[Filing], *, first: int) -> None:
    """Store filings, those of odd number in a second collection."""
    knowledge = store.knowledge()
    homes = [*await knowledge.resolve_collections(["default"]), await _ensure_collection(store, "half")]
    for number, filing in enumerate(filings, first):
        async with store.resources.sessions.begin() as session:
            made = await create_document(
                session,
                DEFAULT_PROJECT,
                homes[number % 2],
                filename=filing.filename,
                media_type="text/plain",
                content=f"{number} {filing.filename}".encode(),
            )
        await knowledge.begin_reading(made.id)
        await knowledge.save_pages(made.id, 1, Converted(media_type="text/plain", pages=filing.pages))
        await knowledge.publish(
            made.id, 1, filing.entries, title="", card={}, metadata=filing.metadata, quality={}, page_quality={}
        )
        if number % 10 == 9:
            say(f"{number + 1} documents loaded")


async def _ensure_collection(store: Store, name: str) -> UUID:
    try:
        async with store.resources.sessions.begin() as session:
            await create_collection(session, DEFAULT_PROJECT, name=name)
    except Conflict:
        pass
    [found] = await store.knowledge().resolve_collections([name])
    return found


async def index(store: Store, keep: Path | None) -> Json:
    """Build the vector indexes unless they are there; return the seconds it took and their size in megabytes."""
    async with store.resources.sessions() as session:
        built = float(await session.scalar(text(INDEX_BYTES)) or 0)
    kept = keep / f"index-{store.resources.engine.url.database}.json" if keep else None
    if built and kept and kept.exists():
        noted: Json = json.loads(kept.read_text())
        return noted
    began = time.perf_counter()
    async for level in build_indexes(store.resources.engine, store.model, HnswShape(), memory_mb=1024):
        say(f"built the index of {level}s")
    seconds = time.perf_counter() - began
    async with store.resources.sessions() as session:
        built = float(await session.scalar(text(INDEX_BYTES)) or 0)
    figures = {"index_seconds": round(seconds, 1), "index_mb": round(built / 2**20, 1)}
    if kept:
        kept.write_text(json.dumps(figures))
    return figures
