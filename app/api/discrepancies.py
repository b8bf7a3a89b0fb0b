"""Discrepancies: where documents of a collection say different things about the same."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from app.api.deps import ProjectDep, SessionDep
from app.api.errors import problems
from app.api.pages import Page
from app.api.texts import NO_NUL
from app.errors import Invalid, NotFound
from app.knowledge import collections, discrepancies
from app.knowledge.models import Discrepancy
from app.knowledge.types import DiscrepancyView

router = APIRouter(prefix="/v1/discrepancies", tags=["discrepancies"])


class DiscrepancyQuery(BaseModel):
    """Which discrepancies to list."""

    model_config = ConfigDict(extra="forbid")

    collection: str | None = Field(None, description="Id or name of a collection.")
    document_id: UUID | None = Field(None, description="Those one side of which is of this document.")
    entry_id: UUID | None = Field(None, description="Those one side of which is this entry.")
    kind: Literal["restated", "unit_slip", "conflict", "text"] | None = None
    settled: bool | None = Field(None, description="Only settled ones, or only open ones.")
    limit: int = Field(50, ge=1, le=200, description="At most so many.")
    after: UUID | None = Field(None, description="The `next_cursor` of the page before.")


class Settlement(BaseModel):
    """A person's decision. Both entries stay; answers no longer mention a settled discrepancy."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"settled": True, "note": "The later report restates the segment."}},
    )

    settled: StrictBool = Field(True, description="False opens it again.")
    right_entry_id: UUID | None = Field(None, description="Which of the two entries is right, if one is.")
    note: Annotated[str, StringConstraints(max_length=1_000, pattern=NO_NUL)] = ""
    actor: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"\S")] = (
        "person"
    )


@router.get(
    "",
    operation_id="list_discrepancies",
    summary="List discrepancies, newest first",
    responses=problems(NotFound, Invalid),
)
async def list_all(
    session: SessionDep, project_id: ProjectDep, asked: Annotated[DiscrepancyQuery, Query()]
) -> Page[DiscrepancyView]:
    homes = []
    if asked.collection is not None:
        homes = [(await collections.get_collection(session, project_id, asked.collection)).id]
    query = discrepancies.select_discrepancies(
        project_id,
        collection_ids=homes,
        document_ids=[asked.document_id] if asked.document_id else [],
        entry_ids=[asked.entry_id] if asked.entry_id else [],
        kind=asked.kind,
        settled=asked.settled,
    )
    if asked.after is not None:
        query = query.where(Discrepancy.id < asked.after)
    rows = list(await session.scalars(query.order_by(Discrepancy.id.desc()).limit(asked.limit + 1)))
    shown, more = rows[: asked.limit], len(rows) > asked.limit
    views = await discrepancies.view_discrepancies(session, project_id, shown)
    return Page(data=views, has_more=more, next_cursor=str(shown[-1].id) if more else None)


@router.get(
    "/{discrepancy_id}",
    operation_id="get_discrepancy",
    summary="Get a discrepancy",
    responses=problems(NotFound, Invalid),
)
async def get_one(session: SessionDep, project_id: ProjectDep, discrepancy_id: UUID) -> DiscrepancyView:
    found = await discrepancies.get_discrepancy(session, project_id, discrepancy_id)
    return await _view(session, project_id, found)


@router.patch(
    "/{discrepancy_id}",
    operation_id="settle_discrepancy",
    summary="Settle a discrepancy, or open it again",
    responses=problems(NotFound, Invalid),
)
async def settle(
    session: SessionDep, project_id: ProjectDep, discrepancy_id: UUID, body: Settlement
) -> DiscrepancyView:
    found = await discrepancies.get_discrepancy(session, project_id, discrepancy_id, lock=True)
    await discrepancies.settle_discrepancy(
        session,
        found,
        settled=body.settled,
        right_entry_id=body.right_entry_id,
        note=body.note,
        actor=body.actor,
    )
    return await _view(session, project_id, found)


async def _view(session: SessionDep, project_id: UUID, found: Discrepancy) -> DiscrepancyView:
    views = await discrepancies.view_discrepancies(session, project_id, [found])
    if not views:
        raise NotFound("There is no such discrepancy.")
    return views[0]
