"""What a run's nodes are given, put together from the process's resources."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.agents.base import Agent, Context
from app.db import Json
from app.knowledge.opening import open_knowledge
from app.llm.budget import Caps
from app.llm.metering import MeteredEmbedder
from app.llm.runner import ModelRunner, RunRef, build_models
from app.resources import Resources
from app.runs.models import Run
from app.runs.repository import list_thread_outputs
from app.runs.tracing import StepTrace
from app.webhooks.outbox import append_events


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A context, what the run's model calls took so far, and whether they were those of the run it replays."""

    context: Context
    count_usage: Callable[[], Awaitable[Json]]
    verify: Callable[[], None]
    """Raises ReplayDiverged."""
    trace: StepTrace


Prepare = Callable[[Agent[Any, Any], Run], Prepared]


def build_prepare(resources: Resources) -> Prepare:
    """Return what puts a run's context together."""
    options = {
        "window_segments": resources.settings.window_segments,
        "web_search": resources.settings.web_search and resources.settings.uses_model_server,
    }

    def prepare(agent: Agent[Any, Any], run: Run) -> Prepared:
        models = open_models(resources, agent, run)
        trace = StepTrace(run, ledger=resources.model_servers.ledger, tracer=resources.tracer)

        async def tell_discrepancies(session: AsyncSession, ids: Sequence[UUID]) -> None:
            told = [told_of_discrepancy(run, discrepancy_id) for discrepancy_id in ids]
            await append_events(session, run.project_id, "discrepancy.found", told)

        async def list_earlier() -> Sequence[Json]:
            async with resources.sessions() as session:
                return await list_thread_outputs(session, run)

        context = Context(
            project_id=run.project_id,
            run_id=run.id,
            thread_id=run.thread_id,
            knowledge=open_knowledge(
                resources,
                run.project_id,
                meter=lambda embedder: MeteredEmbedder(embedder, models, resources.sessions),
                on_search=models.budget.count_search,
                on_discrepancies=tell_discrepancies,
            ),
            models=models,
            converter=resources.converter,
            options=options,
            list_earlier=list_earlier,
        )
        return Prepared(context=context, count_usage=models.count_usage, verify=models.verify, trace=trace)

    return prepare


def open_models(resources: Resources, agent: Agent[Any, Any], run: Run) -> ModelRunner:
    """Return what an attempt's nodes call models with, in the run's budget, from its record when it is a replay."""
    return build_models(
        resources.settings,
        offline=agent.offline,
        sessions=resources.sessions,
        run=RunRef(
            project_id=run.project_id,
            run_id=run.id,
            attempt=run.attempt,
            seed=run.input.get("seed"),
            replays=run.replays,
            recorded_engine="offline" if run.engine == "offline" else "openai",
            rank=rank_of(run),
        ),
        servers=resources.model_servers,
        caps=Caps.model_validate(run.input.get("budget") or {}),
        seconds_used=run.usage.get("seconds", 0.0),
        searches_used=run.usage.get("searches", 0),
    )


def rank_of(run: Run) -> str:
    """Return a run's place among those that wait for a model: before what is read in bulk, and older ones first.

    So of many documents the first are ready while the last are read, not all at the end.
    """
    return f"{run.queue == 'bulk':d} {run.id}"


def told_of_discrepancy(run: Run, discrepancy_id: UUID) -> Json:
    """Return what a webhook tells of a discrepancy that a run found."""
    links = {"self": f"/v1/discrepancies/{discrepancy_id}", "run": f"/v1/runs/{run.id}"}
    return {"discrepancy_id": str(discrepancy_id), "run_id": str(run.id), "links": links}
