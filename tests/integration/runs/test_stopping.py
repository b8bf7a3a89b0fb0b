"""An API process that is told to stop while clients wait: each gets a proper end, and the log has no traceback."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from app.settings import Settings
from tests.support.processes import ApiProcess, running_api_process

HALF = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{"


@pytest.fixture
def api(settings: Settings, tmp_path: Path) -> Iterator[ApiProcess]:
    with running_api_process(settings.model_copy(update={"stop_seconds": 0.5}), tmp_path) as api:
        yield api


@asynccontextmanager
async def half_a_request(api: ApiProcess) -> AsyncIterator[asyncio.StreamReader]:
    """Begin a request whose body never comes to its end."""
    host, port = api.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(HALF)
    await writer.drain()
    yield reader
    writer.close()
    await writer.wait_closed()


async def test_streams_end_waits_are_answered_and_the_rest_gets_503(api: ApiProcess) -> None:
    async with half_a_request(api) as stuck, httpx2.AsyncClient(base_url=api.address, timeout=20) as http:
        run = (await http.post("/v1/steps", json={"steps": 1})).json()
        waiting = asyncio.create_task(http.post("/v1/steps", json={"steps": 1}, headers={"Prefer": "wait=60"}))
        async with http.stream("GET", f"/v1/runs/{run['id']}/events") as stream:
            lines = stream.aiter_lines()
            assert await anext(lines) == ": open"
            while (await http.get("/v1/runs?limit=2")).json()["data"][0]["id"] == run["id"]:
                await asyncio.sleep(0.02)
            api.process.send_signal(signal.SIGTERM)
            assert [line async for line in lines if line] == []
        waited, refused = await waiting, (await asyncio.wait_for(stuck.read(), 20)).decode()
    assert (waited.status_code, waited.json()["status"]) == (202, "queued")
    assert refused.startswith("HTTP/1.1 503 ")
    assert "retry-after: 1" in refused.lower()
    assert '"code":"unavailable"' in refused
    assert await asyncio.to_thread(api.process.wait, 20) == -signal.SIGTERM
    said = api.log.read_text()
    assert "Traceback" not in said
    assert "CancelledError" not in said
