"""The one place around every call: engine, memory of a crashed attempt, budget, ledger, totals."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from uuid import UUID

from pydantic import ValidationError

from app.db import Json, Sessions
from app.errors import AppError, BudgetExceeded, ReplayDiverged
from app.llm.budget import Budget, Caps
from app.llm.cache import evict_cached, find_cached, store_cached
from app.llm.calls import Call, Trace, describe_call, find_step, hash_request
from app.llm.ledger import EMBEDDER, FINISHED, CallKey, find_answer, list_finished, sum_usage
from app.llm.offline_engine import OfflineEngine
from app.llm.openai_engine import OpenAIEngine
from app.llm.replay import ReplayEngine
from app.llm.retry import Retry
from app.llm.servers import ModelServers
from app.llm.spans import open_span
from app.llm.task import I, O, OfflineFunctions, OnDelta, Task
from app.llm.usage import Totals
from app.settings import Settings

EVICT_EVERY = 50


class Engine(Protocol):
    """What answers tasks: a model server, the offline functions, or the record of another run."""

    @property
    def name(self) -> Literal["openai", "offline"]: ...

    @property
    def seed(self) -> int | None: ...

    async def prepare(self) -> None: ...

    def model_for(self, role: str) -> str: ...

    async def answer(self, task: Task[I, O], input: I, call: Call, on_delta: OnDelta | None = None) -> O: ...


@dataclass(frozen=True, kw_only=True)
class RunRef:
    """Whose calls these are. Without `run_id` nothing is remembered across attempts.

    `seed` goes with every request in place of the settings'.
    `replays` is the run whose record answers instead of an engine, `recorded_engine` the engine it had.
    `rank` sorts its calls among those that wait for a server, lowest first.
    """

    project_id: UUID
    run_id: UUID | None
    attempt: int = 1
    seed: int | None = None
    replays: UUID | None = None
    recorded_engine: Literal["openai", "offline"] = "openai"
    rank: str = ""


class ModelRunner:
    """Runs the tasks of one attempt of one run."""

    def __init__(
        self,
        engine: Engine,
        *,
        servers: ModelServers,
        sessions: Sessions,
        run: RunRef,
        budget: Budget | None = None,
        store_prompts: bool = True,
        cache_bytes: int | None = None,
        seconds_used: float = 0.0,
    ) -> None:
        self.budget = budget or Budget()
        self._engine = engine
        self.servers = servers
        self._sessions = sessions
        self.run_ref = run
        self._store_prompts = store_prompts
        self._cache_bytes = None if run.replays else cache_bytes
        self._asked: Counter[tuple[str, str]] = Counter()
        self._finished: dict[CallKey, UUID] = {}
        self._stored = 0
        self._totals = Totals()
        self._remembering = asyncio.Lock()
        self._remembers = run.run_id is None or run.attempt <= 1
        self._diverged: ReplayDiverged | None = None
        self._began = time.monotonic() - seconds_used

    @property
    def engine(self) -> Literal["openai", "offline"]:
        """Return which engine answers."""
        return self._engine.name

    @property
    def usage(self) -> dict[str, Any]:
        """Return what the run used so far; earlier attempts are included once a call was made."""
        seconds = round(time.monotonic() - self._began, 3)
        return self._totals.as_dict() | {"searches": self.budget.searches, "seconds": seconds}

    async def count_usage(self) -> dict[str, Any]:
        """Return what the run used so far, earlier attempts included."""
        await self.remember()
        return self.usage

    async def run(self, task: Task[I, O], input: I, *, on_delta: OnDelta | None = None) -> O:
        """Return the task's validated output, from the ledger when an earlier attempt of the run already got it.

        Raises ModelFailed and its kinds, ReplayDiverged in a replay.
        """
        await self.remember()
        self.verify()
        trace = self._begin(task, input)
        known = await self._recall(task, trace.key)
        if known is None and self._caches(trace):
            known = await self._find_cached(task, trace)
        return known if known is not None else await self._call(task, input, on_delta, trace)

    def verify(self) -> None:
        """Raise what a replay diverged at, for nodes that go on without an answer."""
        if self._diverged is not None:
            raise self._diverged

    def _begin(self, task: Task[I, O], input: I) -> Trace:
        step = find_step()
        model = self._engine.model_for(task.role)
        request_hash = hash_request(task, input, engine=self.engine, model=model, seed=self._engine.seed)
        asked = (step.scope, request_hash)
        key = CallKey(scope=step.scope, request_hash=request_hash, ordinal=self._asked[asked])
        self._asked[asked] += 1
        return Trace(key=key, node=step.node)

    async def remember(self) -> None:
        """Load what earlier attempts of the run finished and used; once, and only when there were any."""
        await self._engine.prepare()
        async with self._remembering:
            if self._remembers or self.run_ref.run_id is None:
                return
            async with self._sessions() as session:
                self._finished = await list_finished(session, self.run_ref.run_id)
                self._totals = await sum_usage(session, self.run_ref.run_id)
            self.budget.start_from(self._totals)
            self._remembers = True

    async def _recall(self, task: Task[I, O], key: CallKey) -> O | None:
        call_id = self._finished.get(key)
        if call_id is None:
            return None
        async with self._sessions() as session:
            answer = await find_answer(session, call_id)
        return read_answer(task, answer)

    def _caches(self, trace: Trace) -> bool:
        """Say whether the cache may answer: never a request that is made a second time in one step, on purpose."""
        return self._cache_bytes is not None and self.engine == "openai" and trace.key.ordinal == 0

    async def _find_cached(self, task: Task[I, O], trace: Trace) -> O | None:
        async with self._sessions.begin() as session:
            answer = await find_cached(session, self.run_ref.project_id, trace.key.request_hash)
        output = read_answer(task, answer)
        if output is not None:
            call = self._open_call(task, trace)
            call.served_by = "cache"
            await self.settle(task, call, trace, outcome=FINISHED, answer=answer)
        return output

    async def _store_cached(self, task: Task[I, O], call: Call, answer: Json) -> None:
        project_id = self.run_ref.project_id
        async with self._sessions.begin() as session:
            await store_cached(session, project_id, call.request_hash, task=task.name, model=call.model, answer=answer)
            if self._stored % EVICT_EVERY == 0:
                await evict_cached(session, project_id, max_bytes=self._cache_bytes or 0)
        self._stored += 1

    async def _call(self, task: Task[I, O], input: I, on_delta: OnDelta | None, trace: Trace) -> O:
        call = self._open_call(task, trace)
        try:
            if trace.key not in self._finished:
                self.budget.count_call(final=task.final)
            with open_span(self.servers.tracer, task, call, engine=self.engine, node=trace.node):
                output = await self._engine.answer(task, input, call, on_delta)
        except AppError as failed:
            if isinstance(failed, ReplayDiverged):
                self._diverged = self._diverged or failed
            await self.settle(task, call, trace, outcome=failed.code, error=failed.detail)
            raise
        except asyncio.CancelledError:
            self.settle(task, call, trace, outcome="cancelled")
            raise
        kept = output.model_dump(mode="json") if self.engine == "openai" else None
        await self.settle(task, call, trace, outcome=FINISHED, answer=kept)
        if kept is not None and self._caches(trace):
            await self._store_cached(task, call, kept)
        return output

    def _open_call(self, task: Task[I, O], trace: Trace) -> Call:
        model = self._engine.model_for(task.role)
        return Call(
            model=model,
            request_hash=trace.key.request_hash,
            seed=self._engine.seed,
            price=self.servers.prices.find(model),
            budget=self.budget,
            final=task.final,
        )

    def settle(self, task: Task[I, O], call: Call, trace: Trace, **result: Any) -> asyncio.Future[None]:
        """Count a call and put its row on the ledger, `result` its other columns; the future is done when it is safe.

        An offline call costs nothing to repeat: nobody waits for its row and its texts are not kept. A call that an
        earlier attempt noted already is neither counted nor noted again; one the budget refused is noted only.
        """
        if trace.key in self._finished:
            return _done()
        if task.role == EMBEDDER:
            self._totals.add_cost(call.cost_usd)
            self.budget.charge(call.cost_usd)
        elif call.requests or result["outcome"] != BudgetExceeded.code:
            self._totals.add(call.usage, requests=call.requests, cost=call.cost_usd)
        row = describe_call(task, call) | trace.as_row() | self._whose() | result
        if not self._store_prompts:
            row["prompt"] = None
        return self.servers.ledger.add(row, wait=self.engine == "openai" and task.role != EMBEDDER)

    def _whose(self) -> Json:
        run = self.run_ref
        return {"project_id": run.project_id, "run_id": run.run_id, "run_attempt": run.attempt, "engine": self.engine}


def _done() -> asyncio.Future[None]:
    done = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done


def read_answer(task: Task[I, O], answer: Json | None) -> O | None:
    """Return a stored answer as the task's output, None when it no longer has that form."""
    try:
        return None if answer is None else task.output.model_validate(answer)
    except ValidationError:
        return None


def build_engine(
    settings: Settings,
    *,
    offline: OfflineFunctions,
    sessions: Sessions,
    run: RunRef,
    servers: ModelServers,
    deadline: float | None,
) -> Engine:
    """Return what answers a run's tasks: its record, a model server, or the offline functions."""
    if run.replays is not None:
        return ReplayEngine(run.replays, run.recorded_engine, offline, sessions)
    if not settings.uses_model_server:
        return OfflineEngine(offline)
    retry = Retry(tries=settings.model_tries, base_seconds=settings.model_retry_seconds, deadline=deadline)
    silence = settings.model_silence_seconds
    seed = run.seed or settings.model_seed
    return OpenAIEngine(servers, retry=retry, silence_seconds=silence, seed=seed, rank=run.rank)


def build_models(
    settings: Settings,
    *,
    offline: OfflineFunctions,
    sessions: Sessions,
    run: RunRef,
    servers: ModelServers,
    caps: Caps | None = None,
    seconds_used: float = 0.0,
    searches_used: int = 0,
) -> ModelRunner:
    """Return what a run's nodes call models with, within `caps` (the settings' where they name none).

    `seconds_used` and `searches_used` are those of earlier attempts. A replay is held to its record, which
    has what the budget refused; only searches are counted again.
    """
    allowed = (caps or Caps()).over(servers.default_caps)
    if run.replays is not None:
        allowed = Caps(searches=allowed.searches)
    deadline = None if allowed.seconds is None else time.monotonic() + allowed.seconds - seconds_used
    return ModelRunner(
        build_engine(settings, offline=offline, sessions=sessions, run=run, servers=servers, deadline=deadline),
        servers=servers,
        sessions=sessions,
        run=run,
        budget=Budget(caps=allowed, deadline=deadline, searches=searches_used),
        store_prompts=settings.store_prompts,
        cache_bytes=settings.model_cache_mb * 2**20 if settings.model_cache else None,
        seconds_used=seconds_used,
    )
