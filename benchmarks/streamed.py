"""How soon a report speaks: the time from the request to its plan, its first section and its end, over HTTP."""

import json
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx2

from app.db import Json
from app.settings import Settings
from benchmarks.support import say
from tests.support.processes import running_api, running_worker

TIMED = ("research.planned", "research.section_written", "run.succeeded")


async def measure_streams(settings: Settings, questions: Sequence[str]) -> Json:
    """Ask for a report on each question, one at a time, of an API process and a worker of their own.

    Return milliseconds from the request: the plan's (of the first report, when nothing is warm, and the slowest of the
    others), the first section's and the end's medians, and how many sections came before the end.
    """
    with tempfile.TemporaryDirectory(prefix="symposium-benchmark-") as name:
        folder = Path(name)
        with running_api(settings, folder) as address, running_worker(settings, folder):
            async with httpx2.AsyncClient(base_url=address, timeout=300) as http:
                reports = [await _time_report(http, question) for question in questions]
    planned, first, ended = (sorted(times[kind][0] for times in reports[1:]) for kind in TIMED)
    sections = [len(times["research.section_written"]) for times in reports]
    return {
        "cold_planned_ms": reports[0]["research.planned"][0],
        "planned_max_ms": planned[-1],
        "planned_p50_ms": planned[len(planned) // 2],
        "first_section_p50_ms": first[len(first) // 2],
        "end_p50_ms": ended[len(ended) // 2],
        "sections": sum(sections),
    }


async def _time_report(http: httpx2.AsyncClient, question: str) -> dict[str, list[int]]:
    begun = time.perf_counter()
    asked = await http.post("/v1/research", json={"question": question, "format": "report", "remember": False})
    asked.raise_for_status()
    times: dict[str, list[int]] = {kind: [] for kind in TIMED}
    async for kind in _event_types(http, asked.json()["id"]):
        if kind in times:
            times[kind].append(round((time.perf_counter() - begun) * 1000))
    say(f"{json.dumps(times)} {question[:60]}")
    return times


async def _event_types(http: httpx2.AsyncClient, run_id: str) -> AsyncIterator[str]:
    async with http.stream("GET", f"/v1/runs/{run_id}/events") as answer:
        async for line in answer.aiter_lines():
            if line.startswith("event:"):
                yield line.removeprefix("event:").strip()
