"""The API over ASGI with the real debate agent, a worker beside it, and a small collection to argue from."""

from collections.abc import AsyncIterator

import httpx2
import pytest_asyncio

from app.agents.debate import AGENT
from app.db import Sessions
from app.resources import Resources
from app.settings import Settings
from tests.support.asgi import open_client, running_app, working
from tests.support.library import add_pages, insight

AGENTS = {AGENT.name: AGENT}
APPLE = [
    "Apple's total net sales were $81,797 million in the three months ended July 1, 2023.",
    "Apple's iPhone net sales decreased 2% in the three months ended July 1, 2023.",
    "Apple's Services net sales increased 8% in the three months ended July 1, 2023.",
    "Apple's Wearables net sales increased 2% in the three months ended July 1, 2023.",
]
MICROSOFT = [
    "Microsoft's Intelligent Cloud revenue increased 15% in the three months ended June 30, 2023.",
    "Microsoft's Windows OEM revenue decreased 12% in the three months ended June 30, 2023.",
    "Microsoft's Office Commercial revenue increased 12% in the three months ended June 30, 2023.",
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def library(sessions: Sessions, resources: Resources) -> None:
    for filename, sentences in (("apple.pdf", APPLE), ("microsoft.pdf", MICROSOFT)):
        entries = [insight(f"i{number}", text, number) for number, text in enumerate(sentences, start=1)]
        await add_pages(sessions, resources.embedder, filename, sentences, entries)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def worker(settings: Settings) -> AsyncIterator[None]:
    async with working(settings, AGENTS):
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def http(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    async with running_app(settings, AGENTS) as app, open_client(app) as client:
        yield client
