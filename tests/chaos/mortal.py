"""Workers that die at every step of a graph, and what their runs leave on the ledger."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from app.llm.ledger import FINISHED
from app.llm.metering import EMBED
from app.llm.models import LlmCall
from app.settings import Settings
from tests.chaos.conftest import Desk
from tests.support.processes import WorkerProcess


@asynccontextmanager
async def two_workers(settings: Settings, folder: Path, graves: Path) -> AsyncIterator[list[WorkerProcess]]:
    """Keep two workers alive, a new one in the place of each that dies; give all that ever were."""
    ever: list[WorkerProcess] = []

    async def replace_the_dead() -> None:
        while True:
            for _ in range(2 - sum(worker.lives for worker in ever)):
                ever.append(WorkerProcess(settings, folder / f"mortal-{len(ever)}.log", graves))
            await asyncio.sleep(0.02)

    keeper = asyncio.create_task(replace_the_dead())
    try:
        yield ever
    finally:
        keeper.cancel()
        for worker in ever:
            worker.kill()


async def list_calls(desk: Desk, run_id: UUID) -> Counter[tuple[str, str]]:
    """Count a run's finished calls by node and request, but for embeddings, which searches side by side share."""
    query = select(LlmCall.node, LlmCall.request_hash).where(
        LlmCall.run_id == run_id, LlmCall.outcome == FINISHED, LlmCall.task != EMBED.name
    )
    async with desk.sessions() as session:
        return Counter((node, request) for node, request in await session.execute(query))
