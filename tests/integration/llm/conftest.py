"""A stub model server, and runners whose calls go there and into a real ledger."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Literal
from uuid import UUID

import pytest
import pytest_asyncio
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from app.db import DEFAULT_PROJECT, Sessions
from app.llm.budget import Caps
from app.llm.ledger import list_calls
from app.llm.models import LlmCall
from app.llm.runner import ModelRunner, RunRef, build_models
from app.llm.servers import ModelServers
from app.llm.task import OfflineFunctions
from app.runs.models import Run
from app.settings import Settings
from tests.support.stub_openai import StubOpenAI

KEY = "sk-test-very-secret-0123456789"
MakeRunner = Callable[..., Awaitable[ModelRunner]]
ReadLedger = Callable[[UUID], Awaitable[list[LlmCall]]]


@pytest.fixture(scope="module")
def running_stub() -> Iterator[StubOpenAI]:
    with StubOpenAI(models=["stub-model"]) as stub:
        yield stub


@pytest.fixture
def stub(running_stub: StubOpenAI) -> StubOpenAI:
    running_stub.reset()
    return running_stub


@pytest.fixture
def model_settings(settings: Settings, stub: StubOpenAI) -> Settings:
    """Settings that point at the stub, with pauses too short to notice."""
    return settings.model_copy(
        update={
            "engine": "openai",
            "openai_base_url": stub.url,
            "openai_api_key": SecretStr(KEY),
            "model": "stub-model",
            "model_retry_seconds": 0.001,
            "model_timeout_seconds": 5.0,
            "model_silence_seconds": 5.0,
        }
    )


@pytest_asyncio.fixture(loop_scope="session")
async def make_runner(model_settings: Settings, sessions: Sessions) -> AsyncIterator[MakeRunner]:
    """Build a runner for a new run, or for a further attempt of `run_id`; keyword arguments change settings."""
    opened: list[ModelServers] = []

    async def make(
        *,
        run_id: UUID | None = None,
        attempt: int = 1,
        offline: OfflineFunctions | None = None,
        caps: Caps | None = None,
        replays: UUID | None = None,
        recorded_engine: Literal["openai", "offline"] = "openai",
        **changes: Any,
    ) -> ModelRunner:
        changed = model_settings.model_copy(update=changes)
        servers = ModelServers(changed, sessions)
        opened.append(servers)
        run = RunRef(
            project_id=DEFAULT_PROJECT,
            run_id=run_id or await add_run(sessions),
            attempt=attempt,
            replays=replays,
            recorded_engine=recorded_engine,
        )
        return build_models(
            changed,
            offline=offline or {},
            sessions=sessions,
            run=run,
            servers=servers,
            caps=caps,
        )

    yield make
    for servers in opened:
        await servers.aclose()


async def add_run(sessions: Sessions) -> UUID:
    async with sessions.begin() as session:
        run = Run(
            project_id=DEFAULT_PROJECT,
            agent="test",
            queue="interactive",
            thread_id=uuid7(),
            input={},
            engine="openai",
        )
        session.add(run)
    return run.id


@pytest.fixture
def read_ledger(sessions: Sessions) -> ReadLedger:
    async def read(run_id: UUID) -> list[LlmCall]:
        async with sessions() as session:
            return list(await list_calls(session, run_id))

    return read
