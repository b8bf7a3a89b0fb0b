"""A run's model calls, as the ledger has them."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select

from app.api.deps import ProjectDep, SessionDep
from app.api.errors import problems
from app.api.pages import AfterQuery, LimitQuery, build_page
from app.errors import NotFound
from app.llm.models import LlmCall
from app.runs.repository import get_run

router = APIRouter(prefix="/v1/runs", tags=["runs"])


class CallView(BaseModel):
    """One model call; tokens are null when the server did not tell them, the cost when the price is unknown."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    run_attempt: int
    node: str
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
    duration_ms: int
    tries: int
    cost_usd: Decimal | None
    error: str | None
    started_at: datetime
    prompt: str | None
    answer: dict[str, Any] | None


class Trace(BaseModel):
    """A run's calls in order; prompts and answers are null where they are not kept (offline, `store_prompts` off)."""

    calls: list[CallView]
    has_more: bool
    next_cursor: str | None


@router.get(
    "/{run_id}/trace", operation_id="get_run_trace", summary="List a run's model calls", responses=problems(NotFound)
)
async def get_trace(
    session: SessionDep, project_id: ProjectDep, run_id: UUID, limit: LimitQuery = 200, after: AfterQuery = None
) -> Trace:
    await get_run(session, project_id, run_id)
    query = select(LlmCall).where(LlmCall.run_id == run_id, LlmCall.project_id == project_id)
    if after is not None:
        query = query.where(LlmCall.id > after)
    rows = (await session.scalars(query.order_by(LlmCall.id).limit(limit + 1))).all()
    page = build_page(rows, limit=limit, view=CallView.model_validate, cursor=lambda row: row.id)
    return Trace(calls=page.data, has_more=page.has_more, next_cursor=page.next_cursor)
