"""The service under test: two API processes and some workers on servers of its own, all of which may be killed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from random import Random

from app.settings import Settings
from tests.support.listener import Listener, open_listener
from tests.support.processes import WorkerProcess, running_api
from tests.support.scripted_server import Answers
from tests.support.services import Services, open_services
from tests.support.stub_openai import StubOpenAI

APIS = 2
DOWN_SECONDS = (0.2, 2.0)
LOOK_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class House:
    """Everything that runs, and where it is."""

    settings: Settings
    services: Services
    apis: list[str]
    crew: "Crew"
    stub: StubOpenAI
    listener: Listener


class Crew:
    """Workers, each in a place of its own that is filled again when its worker has died."""

    def __init__(self, settings: Settings, folder: Path, *, places: int, random: Random) -> None:
        self._settings = settings
        self._folder = folder
        self._random = random
        self._workers: list[WorkerProcess | None] = [None] * places
        self._hired = 0

    async def tend(self) -> None:
        """Fill empty places, after a pause like that of any supervisor, until cancelled."""
        try:
            await asyncio.gather(*(self._tend_place(place) for place in range(len(self._workers))))
        finally:
            for worker in self._workers:
                if worker is not None:
                    worker.kill()

    async def kill_one(self) -> None:
        """SIGKILL some worker."""
        alive = [worker for worker in self._workers if worker is not None and worker.lives]
        if alive:
            await asyncio.to_thread(self._random.choice(alive).kill)

    async def _tend_place(self, place: int) -> None:
        while True:
            self._hired += 1
            self._workers[place] = worker = WorkerProcess(self._settings, self._folder / f"worker-{self._hired}.log")
            while worker.lives:
                await asyncio.sleep(LOOK_SECONDS)
            await asyncio.sleep(self._random.uniform(*DOWN_SECONDS))


def build_settings(services: Services, folder: Path, stub: StubOpenAI) -> Settings:
    """Return the settings of a service in a hurry on a model server that is slow enough to be caught at work."""
    return Settings(
        _env_file=None,
        data_dir=folder,
        database_url=services.fresh_database(),
        redis_url=services.fresh_redis(),
        engine="openai",
        openai_base_url=stub.url,
        model="stub-model",
        embedder="openai",
        heartbeat_seconds=0.5,
        redelivery_seconds=8,
        upkeep_seconds=2,
        drain_seconds=5,
        max_attempts=50,
        interactive_concurrency=4,
        bulk_concurrency=2,
        webhook_poll_seconds=0.2,
        webhook_seconds=3,
        fetch_private_networks=[ip_network("127.0.0.1/32")],
    )


@asynccontextmanager
async def open_house(folder: Path, *, workers: int, delay: float, random: Random) -> AsyncIterator[House]:
    """Start everything in a folder, `delay` seconds to each answer of the model server; stop it on the way out."""
    async with AsyncExitStack() as stack:
        stub = stack.enter_context(StubOpenAI(delay=delay))
        stub.answer_with(Answers())
        services = stack.enter_context(open_services())
        settings = build_settings(services, folder, stub)
        apis = [stack.enter_context(running_api(settings, folder)) for _ in range(APIS)]
        crew = Crew(settings, folder, places=workers, random=random)
        tending = asyncio.create_task(crew.tend())
        stack.push_async_callback(_end, tending)
        listener = await stack.enter_async_context(open_listener())
        yield House(settings=settings, services=services, apis=apis, crew=crew, stub=stub, listener=listener)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
