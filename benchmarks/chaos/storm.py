"""A storm over a house full of guests, and the audit after it."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import httpx2

from app.db import Json, Sessions, build_engine, build_sessions
from app.webhooks.outbox import EVENT_TYPES
from benchmarks.chaos.audit import Hook, audit, count_untold
from benchmarks.chaos.guests import Guests, Visit, build_visits
from benchmarks.chaos.house import House, open_house
from benchmarks.chaos.weather import Weather
from benchmarks.support import say
from tests.support.listener import Received, reply

LOOK_SECONDS = 5.0
TOLD_SECONDS = 120.0
"""How long after the last run's end webhooks may still be under way: more than a lease and a failed first try."""
REFUSED = 0.1


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How many runs over how many workers, for how many guests at a time.

    Guests come and accidents happen for `storm_seconds` at most; runs not ended `calm_seconds` later are lost.
    """

    runs: int = 300
    workers: int = 4
    guests: int = 40
    delay: float = 0.05
    storm_seconds: float = 3600.0
    calm_seconds: float = 600.0
    seed: int = 1


async def weather(plan: Plan, folder: Path) -> Json:
    """Let a storm pass over a service in a folder and return the figures of the audit."""
    random = Random(plan.seed)
    async with open_house(folder, workers=plan.workers, delay=plan.delay, random=random) as house:
        hook = await _watch(house, random)
        guests, accidents = Guests(house.apis, random), Weather(house, random)
        visits, over = build_visits(plan.runs), asyncio.Event()
        began = time.monotonic()
        library = await _read_library(guests)
        asyncio.get_running_loop().call_later(plan.storm_seconds, over.set)
        raging = asyncio.create_task(accidents.rage(over))
        watching = asyncio.create_task(_tell(visits, accidents))
        with suppress(TimeoutError):
            async with asyncio.timeout(plan.storm_seconds + plan.calm_seconds):
                await _receive(plan, guests, visits, over)
        over.set()
        await raging
        watching.cancel()
        accepted = [visit for visit in visits if visit.run_ids]
        figures = await _examine(house, [library, *accepted], hook)
    seconds = round(time.monotonic() - began, 1)
    counts = {**accidents.counts, **guests.counts}
    return {"runs": len(accepted), **figures, **counts, "seconds": seconds, "seed": plan.seed}


async def _watch(house: House, random: Random) -> Hook:
    """Register a webhook for every run's end whose receiver refuses some of the first tries."""
    seen: set[str] = set()

    def answer(request: Received) -> bytes:
        message_id = request.headers["webhook-id"]
        known = message_id in seen
        seen.add(message_id)
        return reply(503 if not known and random.random() < REFUSED else 204)

    house.listener.answers["/ends"] = answer
    ends = [kind for kind in EVENT_TYPES if kind.startswith("run.")]
    async with httpx2.AsyncClient(base_url=house.apis[0]) as http:
        made = await http.post("/v1/webhooks", json={"url": house.listener.url("/ends"), "events": ends})
    return Hook(secret=made.raise_for_status().json()["secret"], requests=house.listener.requests)


async def _read_library(guests: Guests) -> Visit:
    """Have a document read that questions find something in."""
    body = {"text": "Apple's total net sales were $81,797 million in 2023.", "filename": "apple.md"}
    visit = Visit(number=-1, path="/v1/documents", body=body)
    await guests.visit(visit)
    return visit


async def _receive(plan: Plan, guests: Guests, visits: Sequence[Visit], over: asyncio.Event) -> None:
    """Let guests in, so many at a time, until it is over."""
    room = asyncio.Semaphore(plan.guests)

    async def receive(visit: Visit) -> None:
        async with room:
            if not over.is_set():
                await guests.visit(visit)

    async with asyncio.TaskGroup() as group:
        for visit in visits:
            group.create_task(receive(visit))


async def _tell(visits: Sequence[Visit], accidents: Weather) -> None:
    began = time.monotonic()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        ended, seconds = sum(visit.ended for visit in visits), time.monotonic() - began
        say(f"{seconds:.0f} s: {ended} of {len(visits)} runs ended; {accidents.counts.total()} accidents")


async def _examine(house: House, visits: Sequence[Visit], hook: Hook) -> Json:
    """Wait until webhooks have gone out and upkeep has tidied, then hold everything against each other."""
    engine = build_engine(house.settings.database_url or "")
    sessions = build_sessions(engine)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(TOLD_SECONDS):
                while await _are_untold(sessions):
                    await asyncio.sleep(house.settings.webhook_poll_seconds)
        await asyncio.sleep(2 * house.settings.upkeep_seconds)
        async with sessions() as session:
            return await audit(session, visits, hook, house.stub)
    finally:
        await engine.dispose()


async def _are_untold(sessions: Sessions) -> bool:
    async with sessions() as session:
        return await count_untold(session) > 0
