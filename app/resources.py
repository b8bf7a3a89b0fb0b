"""What one process opens once and hands down."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from opentelemetry.trace import Tracer
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

import app.projects.models  # noqa: F401  every table refers to its projects
from app.convert.guard import GuardedConverter, build_converter
from app.db import Sessions, build_engine, build_sessions
from app.errors import Invalid, Unavailable
from app.fetch import Fetcher
from app.llm.embedders import Embedders
from app.llm.embedding import CountingEmbedder
from app.llm.servers import ModelServers
from app.metrics import Metrics, build_metrics
from app.settings import Settings
from app.telemetry import open_tracer

CheckpointPool = AsyncConnectionPool[AsyncConnection[DictRow]]


@dataclass(frozen=True, kw_only=True)
class Resources:
    """All that is open in this process; `open_resources` closes it."""

    settings: Settings
    engine: AsyncEngine
    sessions: Sessions
    checkpoint_pool: CheckpointPool
    redis_url: str
    redis: Redis
    tracer: Tracer
    model_servers: ModelServers
    embedder: CountingEmbedder
    embedders: Embedders
    converter: GuardedConverter
    metrics: Metrics
    fetcher: Fetcher


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Open everything the settings name. Raises Invalid without addresses, Unavailable without a database."""
    if settings.database_url is None or settings.redis_url is None:
        raise Invalid("Set DATABASE_URL and REDIS_URL, or start everything at once with `symposium up`.")
    async with AsyncExitStack() as stack:
        engine = build_engine(
            settings.database_url, pool_size=settings.database_pool_size, pooler=settings.database_pooler
        )
        stack.push_async_callback(engine.dispose)
        await _check_database(engine)
        sessions = build_sessions(engine)
        redis = Redis.from_url(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        tracer = await stack.enter_async_context(open_tracer(settings.otlp_endpoint))
        model_servers = ModelServers(settings, sessions, redis, tracer=tracer)
        stack.push_async_callback(model_servers.aclose)
        converter = _build_converter(settings)
        stack.push_async_callback(converter.close)
        fetcher = _build_fetcher(settings)
        stack.push_async_callback(fetcher.aclose)
        embedders = Embedders(model_servers, cache_dir=settings.data_dir.expanduser() / "cache")
        stack.callback(embedders.close)
        yield Resources(
            settings=settings,
            engine=engine,
            sessions=sessions,
            checkpoint_pool=await stack.enter_async_context(_build_checkpoint_pool(settings.database_url, settings)),
            redis_url=settings.redis_url,
            redis=redis,
            tracer=tracer,
            model_servers=model_servers,
            embedder=await embedders.open_chosen(settings),
            embedders=embedders,
            converter=converter,
            metrics=build_metrics(),
            fetcher=fetcher,
        )


async def _check_database(engine: AsyncEngine) -> None:
    try:
        async with engine.connect() as connection:
            await connection.execute(text("select 1"))
    except OperationalError as error:
        host = engine.url.host or engine.url.query.get("host", "")
        raise Unavailable(f"The database at {host} can't be reached: {str(error.orig).splitlines()[0]}") from error


def _build_checkpoint_pool(url: str, settings: Settings) -> CheckpointPool:
    """Return the pool LangGraph's saver works on, which wants autocommit and rows as dicts."""
    return AsyncConnectionPool(
        f"postgresql://{url.partition('://')[2]}",
        connection_class=AsyncConnection[DictRow],
        kwargs={
            "autocommit": True,
            "prepare_threshold": None if settings.database_pooler else 0,
            "row_factory": dict_row,
        },
        min_size=0,
        max_size=settings.database_pool_size,
        check=AsyncConnectionPool.check_connection,
        open=False,
    )


def _build_converter(settings: Settings) -> GuardedConverter:
    return build_converter(
        processes=settings.convert_processes,
        seconds=settings.convert_seconds,
        memory_mb=settings.convert_memory_mb,
        max_pages=settings.max_pages,
    )


def _build_fetcher(settings: Settings) -> Fetcher:
    return Fetcher(
        max_bytes=settings.max_upload_mb * 2**20,
        seconds=settings.fetch_seconds,
        private_networks=settings.fetch_private_networks,
    )
