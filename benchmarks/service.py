"""The service as clients see it: how soon a run speaks, how many runs and streams two cores bear, search under load.

`python -m benchmarks.service` starts Postgres, Redis, one API process and one worker in a temporary folder, and asks
them over HTTP. Every part prints a line; the last line is JSON.
"""

import argparse
import asyncio
import itertools
import os
import resource
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import psutil
from sqlalchemy import text

from app.db import Json, Sessions, build_engine, build_sessions
from app.embedded import open_embedded
from app.migrate import migrate
from app.settings import Settings
from benchmarks.support import WEIGHTS, report, say
from benchmarks.wire import Refused, Wire
from tests.support.processes import running_api, running_worker

WAIT = 300.0
PAUSE = 0.05
RUNS_WATCHED = 20
AT_ONCE = 50
"""Streams opened at the same instant."""
GATE_PAUSE = 0.1
CLIENTS = (1, 2, 4, 8, 16)
CAPACITY_SECONDS = 4.0
IN_TIME_MS = 250.0
API_NAME = "symposium-api"
API_POOL = 5
"""Connections the API process keeps; it opens as many again at most."""
UNREAD = "select count(*) from documents where status <> 'ready'"
TOPICS = ("harbour", "turbine", "orchard", "railway", "lighthouse", "foundry", "observatory", "cannery")


@dataclass(frozen=True, kw_only=True)
class House:
    """A running service: its address, its database, where its files are, and a client."""

    address: str
    sessions: Sessions
    folder: Path
    settings: Settings
    http: httpx2.AsyncClient
    wire: Wire
    asked: Iterator[int] = field(default_factory=itertools.count)

    async def post(self, path: str, body: Json) -> Json:
        """Post and return the answer; raises for a refusal."""
        answer = await self.http.post(path, json=body)
        answer.raise_for_status()
        made: Json = answer.json()
        return made

    async def search(self) -> float:
        """Ask what nobody has asked before and return the milliseconds. Raises Refused, OSError, EOFError."""
        number, began = next(self.asked), time.perf_counter()
        topic = TOPICS[number % len(TOPICS)]
        query = f"output of the {topic} in {1900 + number % 90}, report {number}"
        await self.wire.post("/v1/search", {"query": query, "limit": 10})
        return (time.perf_counter() - began) * 1000

    async def count(self, query: str) -> int:
        """Return a figure of the database."""
        async with self.sessions() as session:
            return int(await session.scalar(text(query)) or 0)

    async def wait_for_runs(self, agent: str) -> None:
        """Return when every run of an agent has ended. Raises TimeoutError."""
        unfinished = f"select count(*) from runs where agent = '{agent}' and finished_at is null"
        async with asyncio.timeout(WAIT):
            while await self.count(unfinished):
                await asyncio.sleep(PAUSE)


@asynccontextmanager
async def open_house() -> AsyncIterator[House]:
    """Start everything in a temporary folder; connections of the API carry its name in Postgres."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="symposium-benchmark-")))
        addresses = stack.enter_context(open_embedded(folder))
        migrate(addresses.database_url)
        settings = Settings(
            _env_file=None,
            database_url=addresses.database_url,
            redis_url=addresses.redis_url,
            data_dir=WEIGHTS,
            engine="offline",
            interactive_concurrency=RUNS_WATCHED + 4,
        )
        few = settings.model_copy(update={"database_pool_size": API_POOL})
        os.environ["PGAPPNAME"] = API_NAME
        api = stack.enter_context(running_api(few, folder))
        del os.environ["PGAPPNAME"]
        engine = build_engine(addresses.database_url, pool_size=2)
        stack.push_async_callback(engine.dispose)
        http = await stack.enter_async_context(httpx2.AsyncClient(base_url=api, timeout=60))
        wire = Wire(api)
        stack.callback(wire.close)
        yield House(
            address=api, sessions=build_sessions(engine), folder=folder, settings=settings, http=http, wire=wire
        )


async def measure_first_event(house: House, runs: int) -> Json:
    """Time from an accepted run to the first event on its stream, one run at a time."""
    delays = []
    for _ in range(runs):
        run = await house.post("/v1/steps", {"steps": 1})
        accepted = time.perf_counter()
        async with house.http.stream("GET", f"/v1/runs/{run['id']}/events") as answer:
            async for line in answer.aiter_lines():
                if line.startswith("event:"):
                    delays.append((time.perf_counter() - accepted) * 1000)
                    break
    await house.wait_for_runs("steps")
    return {"first_event_p50_ms": percentile(delays, 50), "first_event_p95_ms": percentile(delays, 95)}


async def measure_runs(house: House, runs: int) -> Json:
    """Runs a second of an agent that does next to nothing, from the first request to the last end."""
    began = time.perf_counter()
    for start in range(0, runs, 20):
        posts = [house.post("/v1/steps", {"steps": 1}) for _ in range(start, min(start + 20, runs))]
        await asyncio.gather(*posts)
    await house.wait_for_runs("steps")
    return {"runs_per_second": round(runs / (time.perf_counter() - began), 1)}


async def measure_streams(house: House, streams: int) -> Json:
    """Open streams on waiting runs, then let the runs end one after another: memory, connections, lag."""
    gates = [house.folder / f"gate-{number}" for number in range(RUNS_WATCHED)]
    bodies = [{"steps": 2, "gate": str(gate), "gate_at": 2} for gate in gates]
    runs = [(await house.post("/v1/steps", body))["id"] for body in bodies]
    process, seen = api_process(house.address), list[tuple[str, int, float]]()
    before = process.memory_info().rss
    async with asyncio.timeout(WAIT):
        watching: list[asyncio.Task[bool]] = []
        for start in range(0, streams, AT_ONCE):
            opened = [asyncio.Event() for _ in range(start, min(start + AT_ONCE, streams))]
            watching += [
                asyncio.create_task(watch(house.address, runs[number % RUNS_WATCHED], seen, each))
                for number, each in enumerate(opened, start)
            ]
            for each in opened:
                await each.wait()
        memory = process.memory_info().rss - before
        connections = await house.count(f"select count(*) from pg_stat_activity where application_name = '{API_NAME}'")
        at = time.time()
        for gate in gates:
            gate.touch()
            await asyncio.sleep(GATE_PAUSE)
        ended = await asyncio.gather(*watching)
    lags = await read_lags(house.sessions, [event for event in seen if event[2] > at])
    return {
        "streams": sum(ended),
        "db_connections": connections,
        "kb_per_stream": round(memory / 1024 / streams, 1),
        "event_lag_p95_ms": percentile(lags, 95),
        "events_timed": len(lags),
    }


async def watch(address: str, run_id: str, seen: list[tuple[str, int, float]], opened: asyncio.Event) -> bool:
    """Read a stream to its end, noting when each event came; whether the last one was the run's end."""
    url = urlsplit(address)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(f"GET /v1/runs/{run_id}/events HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
    line = b""
    try:
        async for line in reader:
            if line.startswith(b"id: "):
                seen.append((run_id, int(line[4:]), time.time()))
                opened.set()
            elif line.startswith(b"event: run.succeeded"):
                return True
    finally:
        opened.set()
        writer.close()
    return False


async def read_lags(sessions: Sessions, seen: Sequence[tuple[str, int, float]]) -> list[float]:
    """Return the milliseconds from each event's writing to its arrival."""
    async with sessions() as session:
        rows = await session.execute(text("select run_id::text, seq, extract(epoch from at) from run_events"))
        written = {(run_id, seq): float(at) for run_id, seq, at in rows}
    return [(came - written[run_id, seq]) * 1000 for run_id, seq, came in seen]


async def measure_search(house: House, *, per_second: int, seconds: int, ingestions: int) -> Json:
    """Ask for so many searches a second, whether or not earlier ones were answered, while documents are read."""
    await ingest(house, "before", 20)
    await house.wait_for_runs("pyramid")
    alone = await measure_capacity(house, "alone")
    await ingest(house, "during", ingestions)
    took: list[float] = []
    failed: list[str] = []

    async def ask() -> None:
        try:
            took.append(await house.search())
        except (Refused, OSError, EOFError) as error:
            failed.append(repr(error))

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(per_second * seconds):
            await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
            group.create_task(ask())
    rate = len(took) / (time.perf_counter() - began)
    still_read = await house.count(UNREAD)
    await house.wait_for_runs("pyramid")
    await ingest(house, "beside", ingestions)
    beside = await measure_capacity(house, "beside")
    left = await house.count(UNREAD)
    await house.wait_for_runs("pyramid")
    return {
        "search_p50_ms_under_load": percentile(took, 50),
        "search_p95_ms_under_load": percentile(took, 95),
        "searches_per_second": round(rate, 1),
        "search_failures": len(failed),
        "ingestions_under_way_at_the_end": still_read,
        **alone,
        **beside,
        "ingestions_under_way_beside": left,
        "ingestions_unread": await house.count(UNREAD),
    }


async def measure_capacity(house: House, name: str) -> Json:
    """Let more and more clients ask one search after another: the most a second with 95 of 100 in time."""
    best: Json = {}
    for clients in CLIENTS:
        ends, took = time.perf_counter() + CAPACITY_SECONDS, list[float]()

        async def ask(*, ends: float = ends, took: list[float] = took) -> None:
            while time.perf_counter() < ends:
                took.append(await house.search())

        await asyncio.gather(*(ask() for _ in range(clients)))
        rate, p95 = round(len(took) / CAPACITY_SECONDS, 1), percentile(took, 95)
        say(f"searches {name}, {clients} clients: {rate} a second, p95 {p95} ms")
        if p95 <= IN_TIME_MS and rate > best.get(f"searches_in_time_{name}", 0):
            best = {f"searches_in_time_{name}": rate, f"search_p95_ms_{name}": p95}
    return best


async def ingest(house: House, name: str, documents: int) -> None:
    """Hand in so many documents, and go on when they are accepted."""
    await asyncio.gather(*(house.post("/v1/documents", document(f"{name}-{each}")) for each in range(documents)))


async def measure_restart(house: House, runs: int, restart: "Restart") -> Json:
    """Stop the worker in the middle of its runs and start another; none may be lost."""
    made = [(await house.post("/v1/steps", {"steps": 25}))["id"] for _ in range(runs)]
    restart()
    await house.wait_for_runs("steps")
    ids = ", ".join(f"'{run_id}'" for run_id in made)
    kept = await house.count(f"select count(*) from runs where status = 'succeeded' and id in ({ids})")
    return {"lost_at_restart": runs - kept}


class Restart:
    """Ends the worker in order and starts another."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._worker = running_worker(house.settings, house.folder)

    def __enter__(self) -> "Restart":
        self._process = self._worker.__enter__()
        return self

    def __call__(self) -> None:
        self._process.signal_end()
        self._process.wait()
        self._worker = running_worker(self._house.settings, self._house.folder)
        self._process = self._worker.__enter__()

    def __exit__(self, *raised: object) -> None:
        self._worker.__exit__(None, None, None)


def document(name: str) -> Json:
    """Return a text of some pages with figures in it, a different one for each name."""
    lines = [
        f"In {1900 + number} the {TOPICS[number % len(TOPICS)]} of {name} made {number * 37 + len(name)} tonnes."
        for number in range(60)
    ]
    return {"text": "\n\n".join(lines), "filename": f"{name}.md"}


def api_process(address: str) -> psutil.Process:
    """Return the process that listens at an address."""
    port = str(urlsplit(address).port)
    children = psutil.Process().children(recursive=True)
    return next(child for child in children if port in child.cmdline())


def percentile(values: Sequence[float], share: int) -> float:
    """Return a percentile, to a tenth."""
    return round(statistics.quantiles(values, n=100, method="inclusive")[share - 1], 1)


async def run(options: argparse.Namespace) -> Json:
    """Measure every part on one service."""
    figures: Json = {}
    async with open_house() as house:
        with Restart(house) as restart:
            for measuring in (
                measure_first_event(house, options.first_events),
                measure_runs(house, options.runs),
                measure_streams(house, options.streams),
                measure_search(
                    house,
                    per_second=options.searches_per_second,
                    seconds=options.seconds,
                    ingestions=options.ingestions,
                ),
                measure_restart(house, options.restarted_runs, restart),
            ):
                found = await measuring
                say(", ".join(f"{name} {value}" for name, value in found.items()))
                figures |= found
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first-events", type=int, default=100)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--searches-per-second", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--ingestions", type=int, default=50)
    parser.add_argument("--restarted-runs", type=int, default=60)
    figures = asyncio.run(run(parser.parse_args()))
    report(figures.items(), figures)


if __name__ == "__main__":
    main()
