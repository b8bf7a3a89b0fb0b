"""Carrying out runs: each delivered id becomes one attempt, from the graph's last finished step to an ending."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from uuid import UUID

import psycopg
from langgraph.errors import GraphDrained, GraphRecursionError
from langgraph.runtime import RunControl
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import bound_contextvars

from app.agents.base import Agent
from app.db import Json, Sessions, open_single
from app.errors import AppError, RunPoisoned
from app.llm.ledger import sum_usage
from app.log import get_logger
from app.resources import CheckpointPool
from app.runs import repository
from app.runs.bus import EventBus
from app.runs.checkpoints import drop_checkpoints
from app.runs.context import Prepare, Prepared
from app.runs.dispatch import Delivery, Dispatcher
from app.runs.events import publish
from app.runs.models import TERMINAL, Run, RunEvent
from app.runs.recorder import DELTA
from app.runs.repository import AttemptLost, Ending, NewEvent
from app.runs.steps import take_steps

log = get_logger(__name__)


Result = TypeVar("Result")
Reason = Literal["cancel", "lost", "drain"]

OUTAGES = (OperationalError, InterfaceError, psycopg.OperationalError, PoolTimeout, RedisError)
"""The database or Redis is away: the run is left for another attempt."""


class UnknownAgent(AppError):
    """The agent of this run is not installed here."""

    code, title = "unknown_agent", "Unknown agent"


class RanTooLong(AppError):
    """The run took more steps than its input allows."""

    code, title = "step_limit", "Too many steps"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """When a silent worker counts as lost, how often an attempt may fail, how often a worker says it lives."""

    lost_after: float
    max_attempts: int
    heartbeat_seconds: float


@dataclass(kw_only=True, eq=False)
class Active:
    """An attempt this process is working on; `reason` says why its task was cancelled."""

    run: Run
    control: RunControl = field(default_factory=RunControl)
    task: asyncio.Task[Ending] | None = None
    reason: Reason | None = None
    prepared: Prepared | None = None

    def stop(self, reason: Reason) -> None:
        """Cancel the attempt's task, again if it did not hear; the first reason stands."""
        if self.task is not None and not self.task.done():
            self.reason = self.reason or reason
            self.task.cancel()


class Executor:
    """Works on the runs it is handed, and knows which ones it holds."""

    def __init__(
        self,
        *,
        agents: Mapping[str, Agent[Any, Any]],
        sessions: Sessions,
        checkpoint_pool: CheckpointPool,
        bus: EventBus,
        prepare: Prepare,
        policy: Policy,
    ) -> None:
        self._agents = agents
        self._sessions = sessions
        self._pool = checkpoint_pool
        self._bus = bus
        self._prepare = prepare
        self._policy = policy
        self._active: dict[UUID, Active] = {}
        self._draining = False
        self.dispatcher: Dispatcher | None = None

    async def take(self, run_id: UUID) -> asyncio.Task[None] | None:
        """Begin an attempt at a run, if it is to be had, and return the work on it; an outage is waited out."""
        while not self._draining and run_id not in self._active:
            try:
                async with self._sessions.begin() as session:
                    begun = await repository.begin_attempt(session, run_id, lost_after=self._policy.lost_after)
            except OUTAGES as error:
                log.warning("attempt_not_begun", run_id=str(run_id), error=repr(error))
                await asyncio.sleep(self._policy.heartbeat_seconds)
                continue
            if begun is None:
                return None
            run, events = begun
            active = self._active[run_id] = Active(run=run)
            return asyncio.create_task(self._work_on(active, events), name=f"attempt at {run_id}")
        return None

    async def _work_on(self, active: Active, events: list[RunEvent]) -> None:
        run = active.run
        with bound_contextvars(run_id=str(run.id), request_id=run.request_id):
            await publish(self._bus, run.id, events)
            await self._attempt(active)

    async def beat(self) -> None:
        """Say every few seconds that the held attempts live; stop those that are lost or to be cancelled."""
        while True:
            await asyncio.sleep(self._policy.heartbeat_seconds)
            try:
                await self._beat_once()
            except OUTAGES as error:
                log.warning("heartbeat_failed", error=repr(error))

    def drain(self) -> None:
        """Take no new run and stop every held one at its next step."""
        self._draining = True
        for active in self._active.values():
            active.control.request_drain()

    def abandon(self) -> None:
        """Stop every held run where it is; its unfinished step is taken again by the next attempt."""
        for active in list(self._active.values()):
            active.stop("drain")

    def cancel(self, run_id: UUID) -> None:
        """Stop a run for good, if it is held here."""
        if active := self._active.get(run_id):
            active.stop("cancel")

    async def _attempt(self, active: Active) -> None:
        """Carry an attempt to its end; a run put back goes on its queue once it is no longer held here."""
        if self._draining:
            active.control.request_drain()
        ended: Run | None = None
        try:
            ending = await self._run_to_ending(active)
            if ending is not None:
                ended = await asyncio.shield(self._end(active, ending))
        except AttemptLost:
            log.info("attempt_lost")
        except OUTAGES as error:
            log.warning("attempt_interrupted", error=repr(error))
            ended = await self._put_back(active)
        finally:
            self._active.pop(active.run.id, None)
        if ended is not None and ended.status == "queued" and self.dispatcher is not None:
            await self.dispatcher.enqueue_many([Delivery.of(ended)])

    async def _put_back(self, active: Active) -> Run | None:
        """Queue a run that an outage interrupted, without charging the attempt, as soon as the database answers."""
        while not self._draining:
            try:
                return await asyncio.shield(self._end(active, Ending(status="queued")))
            except AttemptLost:
                return None
            except OUTAGES:
                await asyncio.sleep(self._policy.heartbeat_seconds)
        return None

    async def _run_to_ending(self, active: Active) -> Ending | None:
        """Return how the attempt ends, or None when it is not for this process to say."""
        if (foregone := self._find_foregone(active.run)) is not None:
            return foregone
        active.task = asyncio.create_task(self._take_steps(active), name=f"run {active.run.id}")
        try:
            ending = await contain(active.task)
        except GraphDrained:
            return Ending(status="queued")
        except asyncio.CancelledError:
            return await self._interrupted(active)
        return failed(ending) if isinstance(ending, Exception) else ending

    def _find_foregone(self, run: Run) -> Ending | None:
        """Return the ending of a run that is not to be tried."""
        if run.cancel_requested_at is not None:
            return Ending(status="cancelled")
        if run.failures >= self._policy.max_attempts:
            return failed(RunPoisoned())
        if run.agent not in self._agents:
            return failed(UnknownAgent(f"There is no agent {run.agent!r} here."))
        return None

    async def _take_steps(self, active: Active) -> Ending:
        run, agent = active.run, self._agents[active.run.agent]
        active.prepared = self._prepare(agent, run)
        ending = await take_steps(
            agent,
            run,
            sessions=self._sessions,
            checkpoint_pool=self._pool,
            context=active.prepared.context,
            control=active.control,
            record=self._record,
            trace=active.prepared.trace,
        )
        active.prepared.verify()
        return ending

    async def _interrupted(self, active: Active) -> Ending | None:
        if active.reason is None:
            if active.task is not None:
                active.task.cancel()
            raise asyncio.CancelledError
        if active.reason == "lost":
            raise AttemptLost
        return Ending(status="cancelled" if active.reason == "cancel" else "queued")

    async def _record(self, run: Run, events: Sequence[NewEvent]) -> None:
        """Append events and send them out; deltas, which come by themselves, are only sent."""
        if events[0].type == DELTA:
            await self._bus.publish(run.id, [{"type": DELTA, "data": event.data} for event in events])
            return
        async with open_single(self._sessions) as session:
            rows = await repository.append_events(session, run.id, run.attempt, events)
        await publish(self._bus, run.id, rows)

    async def _end(self, active: Active, ending: Ending) -> Run:
        run = active.run
        usage, agent = await self._count_usage(active), self._agents.get(run.agent)
        path = agent.path if agent else None
        async with self._sessions.begin() as session:
            ended, events = await repository.finish(session, run.id, run.attempt, ending, usage=usage, path=path)
            if ending.status in TERMINAL:
                await self._settle(session, run, ending)
        log.info("run_ended", status=ending.status)
        await publish(self._bus, run.id, events)
        if ending.status in TERMINAL:
            async with self._sessions.begin() as session:
                await drop_checkpoints(session, run.id)
        return ended

    async def _count_usage(self, active: Active) -> Json:
        if active.prepared is not None:
            return await active.prepared.count_usage()
        async with self._sessions() as session:
            return (await sum_usage(session, active.run.id)).as_dict()

    async def _settle(self, session: AsyncSession, run: Run, ending: Ending) -> None:
        """Let the agent change what must change with the run's end; its own error does not keep the run from ending."""
        agent = self._agents.get(run.agent)
        if agent is None or agent.settle is None:
            return
        async with session.begin_nested() as part:
            if await contain(agent.settle(session, run.input, ending.status, ending.error)) is not None:
                await part.rollback()

    async def _beat_once(self) -> None:
        held = dict(self._active)
        if not held:
            return
        async with self._sessions.begin() as session:
            ours = await repository.beat(session, {run_id: active.run.attempt for run_id, active in held.items()})
        for run_id, active in held.items():
            if run_id not in ours:
                active.stop("lost")
            elif ours[run_id]:
                active.stop("cancel")


async def contain(work: Awaitable[Result]) -> Result | Exception:
    """Return what some work of an agent comes to, or its error, logged; what is not the agent's to cause is raised."""
    try:
        return await work
    except (AttemptLost, GraphDrained, *OUTAGES):
        raise
    except Exception as error:
        log.warning("run_failed", error=repr(error), exc_info=not isinstance(error, AppError))
        return error


def failed(error: BaseException) -> Ending:
    """Return the ending for an error: its problem when it is one of ours, no detail of it when it is not."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, GraphRecursionError):
        error = RanTooLong()
    if not isinstance(error, AppError):
        error = AppError("Something went wrong inside the service; it has been logged.")
    return Ending(status="failed", error=error.problem())
