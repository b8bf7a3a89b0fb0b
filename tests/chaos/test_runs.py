"""Workers are killed, Redis is wiped, processes are told to go: no accepted run is lost, none ends twice."""

import asyncio
import signal
from pathlib import Path
from uuid import UUID

import redis.asyncio

from app.settings import Settings
from tests.chaos.conftest import Desk
from tests.support.agents.steps import StepsInput
from tests.support.processes import running_command, running_worker
from tests.support.waiting import eventually, wait_until

ENDS = ("run.succeeded", "run.failed", "run.cancelled")


def count_lines(trace: Path, line: str) -> int:
    """Return how often a step left a line."""
    return sum(each.startswith(f"{line} ") for each in trace.read_text().splitlines()) if trace.exists() else 0


async def reach(trace: Path, line: str) -> None:
    """Wait until a step has left its line."""

    async def is_there() -> bool:
        return count_lines(trace, line) > 0

    await eventually(is_there)


async def check_log(desk: Desk, run_id: UUID) -> list[str]:
    """Check that a log has no gap and one end, and return its types."""
    events = await desk.log_of(run_id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    types = [event.type for event in events]
    assert [kind for kind in types if kind in ENDS] == types[-1:]
    return types


async def test_another_worker_finishes_what_a_killed_one_began(
    desk: Desk, settings: Settings, tmp_path: Path, trace: Path
) -> None:
    gate = tmp_path / "gate"
    run_id = await desk.admit(StepsInput(steps=5, trace=trace, gate=gate, gate_at=4))
    with running_worker(settings, tmp_path) as first, running_worker(settings, tmp_path) as second:
        await reach(trace, "begin 4")
        holder = int(trace.read_text().split()[-1])
        (first if first.pid == holder else second).kill()
        gate.touch()
        run = await desk.wait_for(run_id)
    assert (run.status, run.attempt, run.failures) == ("succeeded", 2, 1)
    assert [count_lines(trace, f"begin {number}") for number in range(1, 6)] == [1, 1, 1, 2, 1]
    assert [count_lines(trace, f"end {number}") for number in range(1, 6)] == [1, 1, 1, 1, 1]
    types = await check_log(desk, run_id)
    assert types.count("steps.counted") == 5


async def test_every_accepted_run_ends_after_redis_is_wiped(
    desk: Desk, settings: Settings, redis_url: str, tmp_path: Path, trace: Path
) -> None:
    gate = tmp_path / "gate"
    held = await desk.admit(StepsInput(steps=3, trace=trace, gate=gate, gate_at=2))
    with running_worker(settings, tmp_path):
        await reach(trace, "begin 2")
        queued = [await desk.admit(StepsInput(steps=2, gate=gate, gate_at=1)) for _ in range(20)]
        async with redis.asyncio.Redis.from_url(redis_url) as client:
            await client.flushall()
        later = [await desk.admit(StepsInput(steps=1)) for _ in range(3)]
        gate.touch()
        runs = [await desk.wait_for(run_id) for run_id in (held, *queued, *later)]
    assert {run.status for run in runs} == {"succeeded"}
    assert {run.failures for run in runs} == {0}
    assert [count_lines(trace, f"end {number}") for number in range(1, 4)] == [1, 1, 1]
    for run in runs:
        await check_log(desk, run.id)


async def test_sigterm_puts_runs_back_without_charging_an_attempt(
    desk: Desk, settings: Settings, tmp_path: Path, trace: Path
) -> None:
    gate, stuck = tmp_path / "gate", tmp_path / "never"
    hurried = settings.model_copy(update={"drain_seconds": 1.0})
    patient = await desk.admit(StepsInput(steps=4, trace=trace, gate=gate, gate_at=2))
    stubborn = await desk.admit(StepsInput(steps=2, gate=stuck, gate_at=2))
    with running_worker(hurried, tmp_path) as worker:
        await reach(trace, "begin 2")
        await desk.wait_for(stubborn, "running")
        worker.signal_end()
        wait_until(lambda: worker.says("worker_draining"))
        gate.touch()
        assert worker.wait() == 0
    runs = [await desk.get(run_id) for run_id in (patient, stubborn)]
    assert [(run.status, run.failures) for run in runs] == [("queued", 0), ("queued", 0)]
    assert count_lines(trace, "end 2") == 1
    assert count_lines(trace, "begin 3") == 0
    stuck.touch()
    with running_worker(settings, tmp_path):
        runs = [await desk.wait_for(run_id) for run_id in (patient, stubborn)]
    assert [(run.status, run.failures) for run in runs] == [("succeeded", 0), ("succeeded", 0)]
    assert [count_lines(trace, f"begin {number}") for number in range(1, 5)] == [1, 1, 1, 1]
    for run in runs:
        await check_log(desk, run.id)


async def test_run_that_kills_its_workers_is_given_up(
    desk: Desk, settings: Settings, tmp_path: Path, trace: Path
) -> None:
    twice = settings.model_copy(update={"max_attempts": 2})
    run_id = await desk.admit(StepsInput(steps=2, trace=trace, accident="kill", accident_at=1))
    for _ in range(2):
        with running_worker(twice, tmp_path) as victim:
            await asyncio.to_thread(victim.wait)
    with running_worker(twice, tmp_path):
        run = await desk.wait_for(run_id)
    assert run.error is not None
    assert (run.status, run.error["code"], run.failures) == ("failed", "run_poisoned", 2)
    assert count_lines(trace, "begin 1") == 2
    assert (await check_log(desk, run_id))[-1] == "run.failed"


async def test_second_sigterm_ends_a_worker_at_once(
    desk: Desk, settings: Settings, tmp_path: Path, trace: Path
) -> None:
    gate = tmp_path / "gate"
    run_id = await desk.admit(StepsInput(steps=1, trace=trace, gate=gate, gate_at=1))
    with running_worker(settings.model_copy(update={"drain_seconds": 600}), tmp_path) as worker:
        await reach(trace, "begin 1")
        worker.signal_end()
        wait_until(lambda: worker.says("worker_draining"))
        worker.signal_end()
        assert worker.wait() == -signal.SIGTERM
    gate.touch()
    with running_worker(settings, tmp_path):
        assert (await desk.wait_for(run_id)).status == "succeeded"


def test_worker_runs_as_a_module(settings: Settings, tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    with running_command(settings, log, "-m", "app.worker") as process:
        wait_until(lambda: "worker_ready" in log.read_text(), seconds=60)
        process.terminate()
        assert process.wait(30) == 0
    assert "worker_stopped" in log.read_text()
