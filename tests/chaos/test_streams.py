"""Event streams over real HTTP, from one process to another, while clients are cut off and a worker is killed."""

import asyncio
from pathlib import Path
from typing import Any

import httpx2

from app.settings import Settings
from tests.chaos.test_runs import reach
from tests.support.processes import running_api, running_worker

ENDS = ("run.succeeded", "run.failed", "run.cancelled")
Line = tuple[int, str, Any]


async def read_some(http: httpx2.AsyncClient, run_id: str, after: int, limit: int) -> list[Line]:
    """Return the next stored events of a stream, then hang up."""
    taken: list[Line] = []
    headers = {"Last-Event-ID": str(after), "Accept": "text/event-stream"}
    async with http.stream("GET", f"/v1/runs/{run_id}/events", headers=headers) as response:
        event: dict[str, str] = {}
        async for line in response.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                event[name] = value
                continue
            if "id" in event:
                taken.append((int(event["id"]), event["event"], event["data"]))
            event = {}
            if len(taken) >= limit or (taken and taken[-1][1] in ENDS):
                break
    return taken


async def read_in_pieces(http: httpx2.AsyncClient, run_id: str, size: int) -> list[Line]:
    """Return a whole stream, cut off and resumed after every `size` events."""
    taken: list[Line] = []
    while not taken or taken[-1][1] not in ENDS:
        taken += await read_some(http, run_id, len(taken), size)
    return taken


async def test_cut_streams_equal_the_uncut_one_though_a_worker_dies(
    settings: Settings, tmp_path: Path, trace: Path
) -> None:
    gate = tmp_path / "gate"
    body = {"steps": 4, "trace": str(trace), "gate": str(gate), "gate_at": 3}
    with running_api(settings, tmp_path) as address, running_worker(settings, tmp_path) as worker:
        async with httpx2.AsyncClient(base_url=address, timeout=60) as http:
            run_id = (await http.post("/v1/steps", json=body)).json()["id"]
            readers = [asyncio.create_task(read_in_pieces(http, run_id, size)) for size in (1, 2, 3, 1000)]
            await reach(trace, "begin 3")
            worker.kill()
            gate.touch()
            with running_worker(settings, tmp_path):
                streams = await asyncio.gather(*readers)
            log = (await http.get(f"/v1/runs/{run_id}/events", headers={"Accept": "application/json"})).json()["data"]
    assert all(stream == streams[0] for stream in streams)
    assert [(seq, kind) for seq, kind, _ in streams[0]] == [(event["seq"], event["type"]) for event in log]
    assert [event["data"] for event in log if event["type"] == "run.started"] == [{"attempt": 1}, {"attempt": 2}]
    assert log[-1]["type"] == "run.succeeded"
