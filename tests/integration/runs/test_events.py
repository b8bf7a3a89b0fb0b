"""Reading a run's events while it runs, cut off or not."""

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import delete, text
from uuid_utils.compat import uuid7

from app.api.deps import Service
from app.db import Json, Sessions
from app.runs.events import PART, follow
from app.runs.models import RunEvent
from tests.integration.runs.conftest import read_log, wait_for

ADD_EVENTS = text("""
insert into run_events (run_id, seq, type, data)
select :id, seq, 'steps.counted', '{}' from generate_series((select last_seq + 1 from runs where id = :id), :last) seq
""")

pytestmark = pytest.mark.usefixtures("worker")


async def collect(service: Service, run_id: str, *, after: int = 0, limit: int | None = None) -> list[Json]:
    """Return the stored events a reader gets, the first `limit` of them."""
    taken: list[Json] = []
    events = follow(service.resources.sessions, service.bus, UUID(run_id), after=after, heartbeat=5)
    async with aclosing(events):
        async for event in events:
            if event is not None and "seq" in event:
                taken.append(event)
            if limit is not None and len(taken) >= limit:
                break
    return taken


async def test_stream_cut_at_every_index_and_resumed_equals_the_uncut_one(
    service: Service, http: httpx2.AsyncClient
) -> None:
    run: dict[str, Any] = (await http.post("/v1/steps", json={"steps": 6})).json()
    whole = await collect(service, run["id"])
    assert [event["seq"] for event in whole] == list(range(1, len(whole) + 1))
    assert whole[-1]["type"] == "run.succeeded"
    for cut in range(len(whole) + 1):
        head = await collect(service, run["id"], limit=cut) if cut else []
        assert head + await collect(service, run["id"], after=cut) == whole


async def test_streams_cut_while_the_run_runs_lose_nothing(
    service: Service, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    body = {"steps": 8, "gate": str(gate), "gate_at": 4}
    run = (await http.post("/v1/steps", json=body)).json()

    async def read_in_pieces(size: int) -> list[Json]:
        taken: list[Json] = []
        while not taken or taken[-1]["type"] != "run.succeeded":
            taken += await collect(service, run["id"], after=len(taken), limit=size)
        return taken

    readers = [asyncio.create_task(read_in_pieces(size)) for size in (1, 2, 3, 5, 100)]
    await wait_for(http, run["id"], "running")
    gate.touch()
    streams = await asyncio.gather(*readers)
    assert all(stream == streams[0] for stream in streams)
    assert [event["seq"] for event in streams[0]] == list(range(1, len(streams[0]) + 1))


async def test_stream_over_http_ends_with_the_run(http: httpx2.AsyncClient) -> None:
    run = (await http.post("/v1/steps", json={"steps": 2}, headers={"Prefer": "wait=20"})).json()
    response = await http.get(f"/v1/runs/{run['id']}/events")
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-accel-buffering"] == "no"
    ids = [line.removeprefix("id: ") for line in response.text.splitlines() if line.startswith("id: ")]
    assert ids == [str(event["seq"]) for event in await read_log(http, run["id"])]


async def test_last_event_id_outranks_after(http: httpx2.AsyncClient) -> None:
    run = (await http.post("/v1/steps", json={"steps": 2}, headers={"Prefer": "wait=20"})).json()
    response = await http.get(f"/v1/runs/{run['id']}/events?after=1", headers={"Last-Event-ID": "4"})
    assert response.text.startswith(": open\n\nid: 5\n")
    ended = await http.get(f"/v1/runs/{run['id']}/events", headers={"Last-Event-ID": "6"})
    assert ended.text == ": open\n\n"


async def test_log_comes_in_pages(http: httpx2.AsyncClient) -> None:
    run = (await http.post("/v1/steps", json={"steps": 3}, headers={"Prefer": "wait=20"})).json()
    path, headers = f"/v1/runs/{run['id']}/events", {"Accept": "application/json"}
    first = (await http.get(f"{path}?limit=5", headers=headers)).json()
    assert first["has_more"] is True
    rest = (await http.get(f"{path}?after={first['next_cursor']}", headers=headers)).json()
    assert (rest["has_more"], rest["next_cursor"]) == (False, None)
    assert [event["seq"] for event in first["data"] + rest["data"]] == list(range(1, 9))


async def test_deltas_are_sent_between_events_and_not_stored(
    service: Service, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    gate, deltas = tmp_path / "gate", []
    run = (await http.post("/v1/steps", json={"steps": 3, "gate": str(gate), "gate_at": 1})).json()
    events = follow(service.resources.sessions, service.bus, UUID(run["id"]), heartbeat=5)
    async for event in events:
        if event is not None and event["type"] == "steps.counted":
            gate.touch()
        if event is not None and event["type"] == "delta":
            deltas.append(event["data"])
    assert {"section": "count", "text": "3 "} in deltas
    assert "delta" not in [event["type"] for event in await read_log(http, run["id"])]


async def test_quiet_stream_sends_heartbeats(service: Service, http: httpx2.AsyncClient, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    run = (await http.post("/v1/steps", json={"gate": str(gate), "gate_at": 1})).json()
    events = follow(service.resources.sessions, service.bus, UUID(run["id"]), heartbeat=0.05)
    async with aclosing(events):
        async for event in events:
            if event is None:
                break
    gate.touch()
    await wait_for(http, run["id"])


async def test_waiting_streams_hold_no_database_connection(
    service: Service, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    run = (await http.post("/v1/steps", json={"gate": str(gate), "gate_at": 1})).json()
    await wait_for(http, run["id"], "running")
    readers = [asyncio.create_task(collect(service, run["id"])) for _ in range(60)]
    assert (await asyncio.wait_for(http.get("/v1/runs?limit=1"), 5)).status_code == 200
    gate.touch()
    streams = await asyncio.gather(*readers)
    assert all(stream == streams[0] for stream in streams)


async def test_a_long_log_is_read_without_a_pause(
    service: Service, http: httpx2.AsyncClient, sessions: Sessions
) -> None:
    run = (await http.post("/v1/steps", json={"steps": 1}, headers={"Prefer": "wait=20"})).json()
    async with sessions.begin() as session:
        more = {"id": run["id"], "last": 2 * PART + 1}
        await session.execute(ADD_EVENTS, more)
        await session.execute(text("update runs set last_seq = :last where id = :id"), more)
    for _ in range(2):
        events = follow(service.resources.sessions, service.bus, UUID(run["id"]), heartbeat=0.05)
        taken = [event and event["seq"] async for event in events]
        assert taken == list(range(1, 2 * PART + 2))


async def test_a_log_that_was_dropped_is_an_empty_stream(http: httpx2.AsyncClient, sessions: Sessions) -> None:
    run = (await http.post("/v1/steps", json={"steps": 1}, headers={"Prefer": "wait=20"})).json()
    async with sessions.begin() as session:
        await session.execute(delete(RunEvent).where(RunEvent.run_id == UUID(run["id"])))
    async with asyncio.timeout(10):
        assert (await http.get(f"/v1/runs/{run['id']}/events")).text == ": open\n\n"


async def test_a_cancellation_amid_a_publish_is_heard_and_the_message_goes_out(service: Service) -> None:
    run_id, numbers = uuid7(), range(1, 40)
    async with service.bus.listen(run_id) as listener:
        assert await listener.get(10) is None
        for number in numbers:
            task = asyncio.create_task(service.bus.publish(run_id, [{"number": number}]))
            for _ in range(number):
                await asyncio.sleep(0)
            if task.cancel():
                with pytest.raises(asyncio.CancelledError):
                    await task
        arrived = [await listener.get(10) for _ in numbers]
    assert {message["number"] for message in arrived if message} == set(numbers)
