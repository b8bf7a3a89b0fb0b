"""What the model layer costs over a bare HTTP client, and how well workers keep a rate together.

`python -m benchmarks.llm` starts the stub model server in a process of its own and calls it 64 at a time, in turns with
a bare client; then four processes share a limit of 600 requests a minute.
"""

import argparse
import asyncio
import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import httpx2
from pydantic import BaseModel
from redis.asyncio import Redis

from app.db import DEFAULT_PROJECT
from app.llm.failures import RequestFailed
from app.llm.limits import RateLimit, Rates
from app.llm.runner import RunRef, build_models
from app.llm.structured import strict_schema
from app.llm.task import Task
from app.resources import Resources
from benchmarks.support import open_service, report, say

WARM_UP = 8
LAG_STEP = 0.002
PROCESSES = 4
EAGER = 8


class Asked(BaseModel):
    text: str


class Told(BaseModel):
    reason: str
    found: bool


TASK = Task(
    name="benchmark.tell",
    version=1,
    role="extractor",
    instructions="Say whether the text names a figure.",
    input=Asked,
    output=Told,
    render=lambda asked: asked.text,
)
TEXT = "Net sales were $81,797 million in the three months ended July 1, 2023. " * 60


@contextlib.contextmanager
def run_stub(delay: float) -> Iterator[str]:
    """Run the stub server in a process of its own; give its address."""
    command = [sys.executable, "-m", "tests.support.stub_openai", "--delay", str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@contextlib.asynccontextmanager
async def watch_loop(lags: list[float]) -> AsyncIterator[None]:
    """Note in milliseconds how late the event loop comes back to a sleeper."""

    async def watch() -> None:
        while True:
            due = time.perf_counter() + LAG_STEP
            await asyncio.sleep(LAG_STEP)
            lags.append((time.perf_counter() - due) * 1000)

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()


async def time_round(call: Callable[[int], Awaitable[object]], calls: int) -> float:
    """Return the mean milliseconds of calls made all at once."""

    async def one(number: int) -> float:
        begun = time.perf_counter()
        await call(number)
        return (time.perf_counter() - begun) * 1000

    return statistics.mean(await asyncio.gather(*(one(number) for number in range(calls))))


async def measure_overhead(resources: Resources, url: str, *, calls: int, rounds: int) -> dict[str, float]:
    """Time the runner and the bare client in turns; return the means and the loop's lag."""
    models = build_models(
        resources.settings,
        offline={},
        sessions=resources.sessions,
        run=RunRef(project_id=DEFAULT_PROJECT, run_id=None),
        servers=resources.model_servers,
    )
    form = {"name": "told", "schema": strict_schema(Told), "strict": True}
    messages = [{"role": "system", "content": TASK.instructions}, {"role": "user", "content": TEXT}]
    body = {"model": "m", "messages": messages, "response_format": {"type": "json_schema", "json_schema": form}}
    async with httpx2.AsyncClient(timeout=60, limits=httpx2.Limits(max_connections=None)) as client:

        async def bare(_: int) -> None:
            (await client.post(f"{url}/chat/completions", json=body)).json()

        async def ours(number: int) -> None:
            await models.run(TASK, Asked(text=f"{number} {TEXT}"))

        await time_round(bare, WARM_UP)
        await time_round(ours, WARM_UP)
        lags: list[float] = []
        ours_ms, bare_ms = [], []
        for number in range(rounds):
            bare_ms.append(await time_round(bare, calls))
            async with watch_loop(lags):
                ours_ms.append(await time_round(ours, calls))
            say(f"round {number + 1}: bare {bare_ms[-1]:.1f} ms, ours {ours_ms[-1]:.1f} ms a call")
    ours_mean, bare_mean = statistics.median(ours_ms), statistics.median(bare_ms)
    return {
        "bare_ms": bare_mean,
        "ours_ms": ours_mean,
        "overhead_ms": ours_mean - bare_mean,
        "loop_lag_p99_ms": statistics.quantiles(lags, n=100)[98],
    }


async def keep_rate(redis_url: str, per_minute: int, seconds: float) -> int:
    """Return how many requests eager workers of one process were granted after the first burst."""
    async with Redis.from_url(redis_url) as redis:
        limit = RateLimit("benchmark", Rates(requests=per_minute), redis)
        await limit.wait(1)
        begun = time.monotonic()
        end, granted = begun + seconds, 0

        async def work() -> None:
            nonlocal granted
            with contextlib.suppress(RequestFailed):
                while True:
                    await limit.wait(1, deadline=end)
                    granted += time.monotonic() - begun > 2

        await asyncio.gather(*(work() for _ in range(EAGER)))
    return granted


async def measure_rate(redis_url: str, *, per_minute: int, seconds: float) -> float:
    """Return by what share the rate of four processes together is off the limit."""
    command = [sys.executable, "-m", "benchmarks.llm", "--worker", redis_url, str(per_minute), str(seconds)]
    processes = [
        await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE) for _ in range(PROCESSES)
    ]
    outputs = [(await process.communicate())[0] for process in processes]
    granted = sum(int(output.split()[-1]) for output in outputs)
    return granted / (per_minute / 60 * (seconds - 2)) - 1


async def measure(calls: int, rounds: int, delay: float, rate_seconds: float) -> None:
    """Measure both and print them."""
    with run_stub(delay) as url:
        chosen = {"engine": "openai", "openai_base_url": url, "model": "m", "model_concurrency": calls}
        async with open_service(**chosen) as resources:
            figures = await measure_overhead(resources, url, calls=calls, rounds=rounds)
            say("four processes share 600 requests a minute …")
            rate = await measure_rate(resources.redis_url, per_minute=600, seconds=rate_seconds)
    figures = {name: round(value, 2) for name, value in figures.items()} | {"rate_error": round(rate, 4)}
    report(figures.items(), {"calls": calls, **figures})


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(prog="benchmarks.llm", description=__doc__)
    parser.add_argument("--calls", type=int, default=64, help="at the same time")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--delay", type=float, default=0.2, help="seconds the stub takes for an answer")
    parser.add_argument("--rate-seconds", type=float, default=20)
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        url, per_minute, seconds = given.worker
        print(asyncio.run(keep_rate(url, int(per_minute), float(seconds))))
        return
    asyncio.run(measure(given.calls, given.rounds, given.delay, given.rate_seconds))


if __name__ == "__main__":
    main()
