"""What a run did, step by step, with the model calls made in each step: a waterfall."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.deps import ProjectDep, SessionDep
from app.api.errors import problems
from app.api.pages import AfterQuery, LimitQuery
from app.errors import NotFound
from app.llm.models import LlmCall
from app.runs.models import Run, RunStep
from app.runs.repository import get_run

router = APIRouter(prefix="/v1/runs", tags=["runs"])

LOST = "lost"
"""The outcome of a step that never ended: its worker died."""


class CallView(BaseModel):
    """One model call; tokens are null when the server did not tell them, the cost when the price is unknown.

    Prompt and answer are null where they are not kept: offline, or with `store_prompts` off.
    """

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    task: str
    task_version: int
    role: str
    engine: str
    model: str
    outcome: str
    served_by: str
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    reasoning_tokens: int | None
    started_at: datetime
    duration_ms: int
    tries: int
    cost_usd: Decimal | None
    seed: int | None
    temperature: float | None
    system_fingerprint: str | None
    error: str | None
    prompt: str | None
    answer: dict[str, Any] | None


class StepView(BaseModel):
    """A step: a node of the agent's graph in one attempt, with its calls in the order they began.

    `outcome` is `ok`, `waiting` (a person was asked), `lost` (its worker died) or the code of an error.
    """

    id: UUID
    node: str
    attempt: int
    outcome: str
    started_at: datetime
    offset_ms: int = Field(description="from the first step's start")
    duration_ms: int
    calls: list[CallView]


class Trace(BaseModel):
    """A run's steps in the order they began."""

    run_id: UUID
    started_at: datetime | None
    duration_ms: int
    steps: list[StepView]
    has_more: bool
    next_cursor: str | None


@router.get(
    "/{run_id}/trace",
    operation_id="get_run_trace",
    summary="Show a run's steps and model calls",
    responses=problems(NotFound),
)
async def get_trace(
    session: SessionDep, project_id: ProjectDep, run_id: UUID, limit: LimitQuery = 200, after: AfterQuery = None
) -> Trace:
    run = await get_run(session, project_id, run_id)
    steps, calls = await list_steps(session, run)
    began = min((step.started_at for step in steps), default=None)
    begin = next((place for place, step in enumerate(steps, start=1) if step.id == after), 0)
    shown = steps[begin : begin + limit]
    views = await load_calls(session, [id for step in shown for id in calls[step.id]])
    for step in shown:
        step.offset_ms = round((step.started_at - (began or step.started_at)) / timedelta(milliseconds=1))
        step.calls = [views[id] for id in calls[step.id] if id in views]
    more = len(steps) > begin + limit
    return Trace(
        run_id=run.id,
        started_at=began,
        duration_ms=measure_span(steps),
        steps=shown,
        has_more=more,
        next_cursor=str(shown[-1].id) if more else None,
    )


async def list_steps(session: AsyncSession, run: Run) -> tuple[list[StepView], dict[UUID, list[UUID]]]:
    """Return a run's steps without their calls, and the ids of each step's calls.

    Calls whose step has no row make one: it was under way when its worker died, or still is.
    """
    rows = await session.scalars(select(RunStep).where(RunStep.run_id == run.id))
    steps = {(row.attempt, row.scope): view_step(row) for row in rows}
    columns = (LlmCall.id, LlmCall.run_attempt, LlmCall.scope, LlmCall.node, LlmCall.started_at, LlmCall.duration_ms)
    query = select(*columns).where(LlmCall.run_id == run.id).order_by(LlmCall.started_at, LlmCall.id)
    groups: dict[tuple[int, str], list[Any]] = defaultdict(list)
    for call in await session.execute(query):
        groups[call.run_attempt, call.scope].append(call)
    for key in groups.keys() - steps.keys():
        steps[key] = infer_step(groups[key], under_way=run.status == "running" and key[0] == run.attempt)
    calls = {step.id: [call.id for call in groups.get(key, ())] for key, step in steps.items()}
    return sorted(steps.values(), key=lambda step: (step.started_at, step.id)), calls


def view_step(row: RunStep) -> StepView:
    """Return a step as it goes out, its calls and offset still to be filled in."""
    return StepView(
        id=row.id,
        node=row.node,
        attempt=row.attempt,
        outcome=row.outcome,
        started_at=row.started_at,
        offset_ms=0,
        duration_ms=row.duration_ms,
        calls=[],
    )


def infer_step(calls: Sequence[Any], *, under_way: bool) -> StepView:
    """Return a step as its calls show it."""
    first = calls[0]
    end = max(call.started_at + timedelta(milliseconds=call.duration_ms) for call in calls)
    return StepView(
        id=first.id,
        node=first.node,
        attempt=first.run_attempt,
        outcome="running" if under_way else LOST,
        started_at=first.started_at,
        offset_ms=0,
        duration_ms=round((end - first.started_at) / timedelta(milliseconds=1)),
        calls=[],
    )


async def load_calls(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, CallView]:
    """Return calls by id, prompts and answers included."""
    rows = await session.scalars(select(LlmCall).where(LlmCall.id.in_(ids)))
    return {row.id: CallView.model_validate(row) for row in rows}


def measure_span(steps: Sequence[StepView]) -> int:
    """Return the milliseconds from the first step's start to the last one's end."""
    if not steps:
        return 0
    end = max(step.started_at + timedelta(milliseconds=step.duration_ms) for step in steps)
    return round((end - steps[0].started_at) / timedelta(milliseconds=1))
