"""Fixtures every test may ask for: real servers once a session, a fresh database and Redis once a module."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import Sessions, build_engine, build_sessions
from app.resources import Resources, open_resources
from app.settings import Settings
from tests.support.services import Services, open_services


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    with open_services() as running:
        yield running


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty data folder; not under `tmp_path`, which pytest closes to the account Postgres runs as under root."""
    with tempfile.TemporaryDirectory(prefix="symposium-test-") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def database_url(services: Services) -> str:
    return services.fresh_database()


@pytest.fixture(scope="module")
def redis_url(services: Services) -> str:
    return services.fresh_redis()


@pytest.fixture(scope="module")
def settings(database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a service with the offline engine and quick timers; no `.env` is read."""
    return Settings(
        _env_file=None,
        data_dir=tmp_path_factory.getbasetemp() / "data",
        database_url=database_url,
        redis_url=redis_url,
        engine="offline",
        embedder="local",
        heartbeat_seconds=0.2,
        redelivery_seconds=2,
        upkeep_seconds=0.5,
        drain_seconds=5,
        worker_niceness=0,
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = build_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="module")
def sessions(engine: AsyncEngine) -> Sessions:
    return build_sessions(engine)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def resources(settings: Settings) -> AsyncIterator[Resources]:
    async with open_resources(settings) as opened:
        yield opened
