"""The one place around every call: engine, memory of a crashed attempt, budget, ledger, totals."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from app.db import Json, Sessions
from app.errors import AppError
from app.llm.budget import Budget, Caps
from app.llm.calls import Call, Trace, describe_call, find_step, hash_request
from app.llm.ledger import FINISHED, CallKey, find_answer, list_finished, sum_usage
from app.llm.offline_engine import OfflineEngine
from app.llm.openai_engine import OpenAIEngine
from app.llm.retry import Retry
from app.llm.servers import ModelServers
from app.llm.task import I, O, OfflineFunctions, OnDelta, Task
from app.llm.usage import Totals
from app.settings import Settings


@dataclass(frozen=True, kw_only=True)
class RunRef:
    """Whose calls these are. Without `run_id` nothing is remembered across attempts."""

    project_id: UUID
    run_id: UUID | None
    attempt: int = 1


class ModelRunner:
    """Runs the tasks of one attempt of one run."""

    def __init__(
        self,
        engine: OpenAIEngine | OfflineEngine,
        *,
        servers: ModelServers,
        sessions: Sessions,
        run: RunRef,
        budget: Budget | None = None,
        store_prompts: bool = True,
    ) -> None:
        self.budget = budget or Budget()
        self._engine = engine
        self.servers = servers
        self._sessions = sessions
        self.run_ref = run
        self._store_prompts = store_prompts
        self._asked: Counter[tuple[str, str]] = Counter()
        self._finished: dict[CallKey, UUID] = {}
        self._totals = Totals()
        self._remembering = asyncio.Lock()
        self._remembers = run.run_id is None or run.attempt <= 1

    @property
    def engine(self) -> Literal["openai", "offline"]:
        """Return which engine answers."""
        return self._engine.name

    @property
    def usage(self) -> dict[str, Any]:
        """Return what the run used so far, earlier attempts included once a call was made or `remember` awaited."""
        return self._totals.as_dict()

    async def run(self, task: Task[I, O], input: I, *, on_delta: OnDelta | None = None) -> O:
        """Return the task's validated output, from the ledger when an earlier attempt of the run already got it.

        Raises ModelFailed and its kinds.
        """
        trace = self._begin(task, input)
        await self.remember()
        known = await self._recall(task, trace.key)
        return known if known is not None else await self._call(task, input, on_delta, trace)

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
        return None if answer is None else task.output.model_validate(answer)

    async def _call(self, task: Task[I, O], input: I, on_delta: OnDelta | None, trace: Trace) -> O:
        call = self._open_call(task)
        try:
            self.budget.count_call(final=task.final)
            output = await self._engine.answer(task, input, call, on_delta)
        except AppError as failed:
            await self._settle(task, call, trace, outcome=failed.code, error=failed.detail)
            raise
        except asyncio.CancelledError:
            self._settle(task, call, trace, outcome="cancelled")
            raise
        kept = output.model_dump(mode="json") if self.engine == "openai" else None
        await self._settle(task, call, trace, outcome=FINISHED, answer=kept)
        return output

    def _open_call(self, task: Task[I, O]) -> Call:
        model = self._engine.model_for(task.role)
        price = self.servers.prices.find(model)
        return Call(model=model, seed=self._engine.seed, price=price, budget=self.budget, final=task.final)

    def _settle(self, task: Task[I, O], call: Call, trace: Trace, **result: Any) -> asyncio.Future[None]:
        """Count a call and put its row on the ledger; the future is done when that row is safe.

        An offline call costs nothing to repeat: nobody waits for its row and its texts are not kept. A call that an
        earlier attempt noted already is neither counted nor noted again.
        """
        if trace.key in self._finished:
            return _done()
        self._totals.add(call.usage, requests=call.requests, cost=call.cost_usd)
        row = describe_call(task, call) | trace.as_row() | self._whose() | result
        if not self._store_prompts:
            row["prompt"] = None
        return self.servers.ledger.add(row, wait=self.engine == "openai")

    def _whose(self) -> Json:
        run = self.run_ref
        return {"project_id": run.project_id, "run_id": run.run_id, "run_attempt": run.attempt, "engine": self.engine}


def _done() -> asyncio.Future[None]:
    done = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done


def build_models(
    settings: Settings,
    *,
    offline: OfflineFunctions,
    sessions: Sessions,
    run: RunRef,
    servers: ModelServers,
    caps: Caps | None = None,
    seconds_used: float = 0.0,
) -> ModelRunner:
    """Return what a run's nodes call models with, within `caps` (the settings' where they name none).

    `seconds_used` is how long the run has been going, earlier attempts included.
    """
    allowed = (caps or Caps()).over(Caps.model_validate(settings.budget))
    deadline = None if allowed.seconds is None else time.monotonic() + allowed.seconds - seconds_used
    engine: OpenAIEngine | OfflineEngine = OfflineEngine(offline)
    if settings.uses_model_server:
        retry = Retry(tries=settings.model_tries, base_seconds=settings.model_retry_seconds, deadline=deadline)
        engine = OpenAIEngine(
            servers, retry=retry, silence_seconds=settings.model_silence_seconds, seed=settings.model_seed
        )
    return ModelRunner(
        engine,
        servers=servers,
        sessions=sessions,
        run=run,
        budget=Budget(caps=allowed, deadline=deadline),
        store_prompts=settings.store_prompts,
    )
