"""A service whose workers are processes that can be killed, with timers short enough for tests."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from pydantic import BaseModel
from sqlalchemy import select

from app.agents.base import Agent
from app.db import DEFAULT_PROJECT, Sessions
from app.runs.admit import admit
from app.runs.dispatch import Delivery, Dispatcher, open_dispatcher
from app.runs.models import TERMINAL, Run, RunEvent
from app.runs.repository import list_events
from app.settings import Settings
from tests.support.agents.steps import AGENT
from tests.support.waiting import eventually


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Admits runs and looks at them from outside, as the API does."""

    sessions: Sessions
    dispatcher: Dispatcher

    async def admit(self, input: BaseModel, agent: Agent[Any, Any] = AGENT) -> UUID:
        """Accept a run and put it on the queue."""
        async with self.sessions.begin() as session:
            run = await admit(session, project_id=DEFAULT_PROJECT, agent=agent, input=input, engine="offline")
        await self.dispatcher.enqueue_many([Delivery.of(run)])
        return run.id

    async def get(self, run_id: UUID) -> Run:
        """Return a run as it is now."""
        async with self.sessions() as session:
            return (await session.scalars(select(Run).where(Run.id == run_id))).one()

    async def log_of(self, run_id: UUID) -> Sequence[RunEvent]:
        """Return a run's events."""
        async with self.sessions() as session:
            return await list_events(session, run_id, after=0)

    async def wait_for(self, run_id: UUID, *statuses: str, seconds: float = 60) -> Run:
        """Return the run once it has one of these statuses, by default an end."""
        wanted = statuses or tuple(TERMINAL)

        async def has_come() -> bool:
            return (await self.get(run_id)).status in wanted

        try:
            await eventually(has_come, seconds=seconds)
        except TimeoutError:
            run, log = await self.get(run_id), await self.log_of(run_id)
            pytest.fail(f"{run.status}, attempt {run.attempt}, {run.progress}, {[event.type for event in log]}")
        return await self.get(run_id)


@pytest_asyncio.fixture(loop_scope="session")
async def desk(sessions: Sessions, redis_url: str) -> AsyncIterator[Desk]:
    async with open_dispatcher(redis_url) as dispatcher:
        yield Desk(sessions=sessions, dispatcher=dispatcher)


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    """The timers of a service in a hurry: a silent worker counts as lost after a second. Nothing is embedded."""
    hurried = {"redelivery_seconds": 2.0, "heartbeat_seconds": 0.1, "upkeep_seconds": 0.3, "embedder": "openai"}
    return settings.model_copy(update=hurried)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """The file the steps leave their lines in."""
    return tmp_path / "trace"
