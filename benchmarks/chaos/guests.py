"""Clients that lose their connections, say things twice, change their minds, and remember all they were told."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from random import Random

import httpx2

from app.db import Json

ENDS = frozenset({"run.succeeded", "run.failed", "run.cancelled"})
PAUSE_SECONDS = 0.2
TIMEOUT = httpx2.Timeout(20, read=20)
DUPLICATED, CANCELLED, CUT = 0.25, 0.12, 0.3
CANCEL_WITHIN_SECONDS = 4.0

Line = tuple[int, str]


@dataclass(kw_only=True)
class Visit:
    """One run as its client saw it: the ids it was given, and the stream put together from all its pieces."""

    number: int
    path: str
    body: Json
    run_ids: set[str] = field(default_factory=set)
    lines: list[Line] = field(default_factory=list)

    @property
    def run_id(self) -> str:
        """The run's id."""
        return min(self.run_ids)

    @property
    def ended(self) -> bool:
        """Whether the client saw the run's end."""
        return bool(self.lines) and self.lines[-1][1] in ENDS


def build_visits(runs: int) -> list[Visit]:
    """Return as many requests, a third to each agent, no two about the same."""
    build = (_document, _question, _debate)
    return [Visit(number=number, **build[number % 3](number)) for number in range(runs)]


def _document(number: int) -> Json:
    lines = [f"Harbour {number} moved {number * 100 + line} tonnes in month {line} of 2023." for line in range(1, 13)]
    return {"path": "/v1/documents", "body": {"text": "\n\n".join(lines), "filename": f"harbour {number}.md"}}


def _question(number: int) -> Json:
    return {"path": "/v1/research", "body": {"question": f"How much did harbour {number - 1} move in 2023?"}}


def _debate(number: int) -> Json:
    text = f"The storm closed the northern harbour for {number} days. Ferries ran late all week."
    sources = [{"title": "log.txt", "text": text}]
    topic = f"Storms at harbour {number} grow worse"
    return {"path": "/v1/debates", "body": {"topic": topic, "collection": None, "sources": sources, "judges": 1}}


class Guests:
    """All clients, talking to either API process; `counts` has what they did to it."""

    def __init__(self, apis: list[str], random: Random) -> None:
        self._apis = apis
        self._random = random
        self.counts: Counter[str] = Counter(duplicates=0, cancels=0, disconnects=0)

    async def visit(self, visit: Visit) -> None:
        """Ask for a run, follow it to its end, and perhaps cancel it on the way."""
        async with httpx2.AsyncClient(timeout=TIMEOUT) as http, asyncio.TaskGroup() as group:
            await self._ask(http, visit)
            if self._random.random() < CANCELLED:
                group.create_task(self._cancel(http, visit))
            while not visit.ended:
                await self._follow(http, visit)

    async def _ask(self, http: httpx2.AsyncClient, visit: Visit) -> None:
        times = self._random.choice((2, 3)) if self._random.random() < DUPLICATED else 1
        self.counts["duplicates"] += times - 1
        headers = {"Idempotency-Key": f"visit {visit.number}"}
        asked = [self._post(http, visit.path, visit.body, headers) for _ in range(times)]
        for answer in await asyncio.gather(*asked):
            visit.run_ids.add(answer["run"]["id"] if "run" in answer else answer["id"])

    async def _cancel(self, http: httpx2.AsyncClient, visit: Visit) -> None:
        await asyncio.sleep(self._random.uniform(0, CANCEL_WITHIN_SECONDS))
        self.counts["cancels"] += 1
        await self._post(http, f"/v1/runs/{visit.run_id}/cancel")

    async def _post(
        self, http: httpx2.AsyncClient, path: str, body: Json | None = None, headers: dict[str, str] | None = None
    ) -> Json:
        """Post until it is accepted: what failed on the way is said again under the same key."""
        while True:
            try:
                response = await http.post(self._pick() + path, json=body, headers=headers)
            except httpx2.TransportError:
                response = httpx2.Response(503)
            if response.is_success:
                answer: Json = response.json()
                return answer
            if response.status_code not in (409, 429) and response.status_code < 500:
                raise AssertionError(f"{path}: {response.status_code} {response.text}")
            await asyncio.sleep(PAUSE_SECONDS)

    async def _follow(self, http: httpx2.AsyncClient, visit: Visit) -> None:
        """Read on where the stream was left, from either API process, perhaps not for long."""
        cut = self._random.randint(1, 8) if self._random.random() < CUT else None
        after = str(visit.lines[-1][0]) if visit.lines else "0"
        headers = {"Last-Event-ID": after, "Accept": "text/event-stream"}
        try:
            async with http.stream("GET", f"{self._pick()}/v1/runs/{visit.run_id}/events", headers=headers) as response:
                if response.is_success and not await _read(response, visit, cut):
                    self.counts["disconnects"] += 1
        except httpx2.TransportError:
            pass
        if not visit.ended:
            await asyncio.sleep(PAUSE_SECONDS)

    def _pick(self) -> str:
        return self._random.choice(self._apis)


async def _read(response: httpx2.Response, visit: Visit, cut: int | None) -> bool:
    """Add stored events to a visit until the stream ends (True) or `cut` of them were read (False)."""
    taken, event = 0, {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            event[name] = value
            continue
        if "id" in event:
            json.loads(event["data"])
            visit.lines.append((int(event["id"]), event["event"]))
            taken += 1
        event = {}
        if taken == cut:
            return False
    return True
