"""Recollections: what people state and runs learn, with who, why, before and after."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.deps import KnowledgeDep, ProjectDep, ResourcesDep, SessionDep
from app.api.errors import problems
from app.api.pages import AfterQuery, LimitQuery, Page, build_page
from app.api.submission import Answer, SubmissionDep, fingerprint_of
from app.api.texts import NO_NUL
from app.db import Json
from app.errors import Conflict, Invalid, NotFound
from app.knowledge import collections, recollections
from app.knowledge.models import Recollection
from app.knowledge.recollection_history import Author, list_history
from app.knowledge.rows import recollection_view
from app.knowledge.types import RecollectionKind, RecollectionView

router = APIRouter(prefix="/v1/recollections", tags=["recollections"])

VIEW = TypeAdapter(RecollectionView)
PERSON = "person"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000, pattern=r"\S")]
Actor = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")
]
Reason = Annotated[str, StringConstraints(max_length=1_000, pattern=NO_NUL)]


class NewRecollection(BaseModel):
    """Something to remember."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"text": "Northgate is the house name of the Durham plant.", "actor": "J. Reyes"}
        },
    )

    text: Text
    collection: str | None = Field(None, description="Id or name; without one, that of the sources, else `default`.")
    kind: RecollectionKind = Field("stated", description="A person's word, or learned from at least two passages.")
    sources: list[UUID] = Field(default_factory=list, max_length=100, description="Entries of documents it rests on.")
    actor: Actor = Field(PERSON, description="Who says it.")
    reason: Reason = ""


class RecollectionChange(BaseModel):
    """What to change; without a text, a stale or retired one is confirmed as it is."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"text": "Northgate is the Leeds plant.", "reason": "It moved."}}
    )

    text: Text | None = None
    actor: Actor = PERSON
    reason: Reason = ""


class HistoryStep(BaseModel):
    """One step of a recollection: what it was before and after, who did it, and why."""

    id: UUID
    action: Literal["created", "confirmed", "changed", "became_stale", "retired"]
    actor: str
    run_id: UUID | None
    reason: str
    before: Json
    after: Json
    created_at: datetime


class Retired(BaseModel):
    """How many recollections were retired."""

    retired: int


@router.post(
    "",
    operation_id="create_recollection",
    summary="Remember something",
    status_code=201,
    response_model=RecollectionView,
    responses={
        200: {"model": RecollectionView, "description": "One that says the same was there; it is confirmed."},
        **problems(NotFound, Conflict, Invalid),
    },
)
async def create(submission: SubmissionDep, knowledge: KnowledgeDep, body: NewRecollection) -> JSONResponse:
    wording = await knowledge.word_recollection(body.text)

    async def prepare(session: AsyncSession) -> Answer:
        home = await _find_home(session, submission.project_id, body)
        made, new = await recollections.add_recollection(
            session,
            submission.project_id,
            wording,
            author=Author(actor=body.actor, reason=body.reason),
            kind=body.kind,
            sources=body.sources,
            collection_id=home,
        )
        view = VIEW.dump_python(await _view(session, made), mode="json")
        headers = {"Location": f"/v1/recollections/{made.id}"}
        return Answer(status=201 if new else 200, body=view, headers=headers)

    return await submission.accept(fingerprint_of("recollection", body.model_dump(mode="json")), prepare)


@router.get(
    "",
    operation_id="list_recollections",
    summary="List recollections, newest first",
    responses=problems(NotFound, Invalid),
)
async def list_all(
    session: SessionDep,
    project_id: ProjectDep,
    collection: Annotated[str | None, Query(description="Id or name of a collection.")] = None,
    kind: Annotated[RecollectionKind | None, Query()] = None,
    status: Annotated[
        Literal["current", "stale", "retired"] | None, Query(description="Without one, all but the retired.")
    ] = None,
    run_id: Annotated[UUID | None, Query(description="Those a run has made or confirmed last.")] = None,
    limit: LimitQuery = 50,
    after: AfterQuery = None,
) -> Page[RecollectionView]:
    query = select(Recollection).where(Recollection.project_id == project_id)
    if collection is not None:
        found = await collections.get_collection(session, project_id, collection)
        query = query.where(Recollection.collection_id == found.id)
    if kind is not None:
        query = query.where(Recollection.kind == kind)
    query = query.where(Recollection.status == status if status else Recollection.status != "retired")
    if run_id is not None:
        query = query.where(Recollection.run_id == run_id)
    if after is not None:
        query = query.where(Recollection.id < after)
    rows = list(await session.scalars(query.order_by(Recollection.id.desc()).limit(limit + 1)))
    sources = await recollections.list_sources(session, [row.id for row in rows])
    return build_page(
        rows, limit=limit, view=lambda row: recollection_view(row, sources[row.id]), cursor=lambda row: row.id
    )


@router.delete(
    "",
    operation_id="retire_run_recollections",
    summary="Take back all that a run made or confirmed last",
    responses=problems(Invalid),
)
async def retire_run(
    session: SessionDep,
    project_id: ProjectDep,
    run_id: Annotated[UUID, Query(description="The run to take back.")],
    actor: Annotated[Actor, Query()] = PERSON,
    reason: Annotated[Reason, Query()] = "",
) -> Retired:
    author = Author(actor=actor, run_id=run_id, reason=reason)
    return Retired(retired=await recollections.retire_run(session, project_id, run_id, author))


@router.get(
    "/{recollection_id}",
    operation_id="get_recollection",
    summary="Get a recollection",
    responses=problems(NotFound, Invalid),
)
async def get_one(session: SessionDep, project_id: ProjectDep, recollection_id: UUID) -> RecollectionView:
    return await _view(session, await recollections.get_recollection(session, project_id, recollection_id))


@router.patch(
    "/{recollection_id}",
    operation_id="update_recollection",
    summary="Say it anew, or confirm that it holds",
    responses=problems(NotFound, Conflict, Invalid),
)
async def update(
    resources: ResourcesDep,
    knowledge: KnowledgeDep,
    project_id: ProjectDep,
    recollection_id: UUID,
    body: RecollectionChange,
) -> RecollectionView:
    async with resources.sessions() as session:
        known = await recollections.get_recollection(session, project_id, recollection_id)
    wording = await knowledge.word_recollection(body.text or known.text)
    async with resources.sessions.begin() as session:
        found = await recollections.get_recollection(session, project_id, recollection_id, lock=True)
        author = Author(actor=body.actor, reason=body.reason)
        await recollections.change_recollection(session, found, wording, author)
        return await _view(session, found)


@router.delete(
    "/{recollection_id}",
    operation_id="retire_recollection",
    summary="Take a recollection out of every search; its history stays",
    status_code=204,
    response_class=Response,
    responses=problems(NotFound, Invalid),
)
async def retire(
    session: SessionDep,
    project_id: ProjectDep,
    recollection_id: UUID,
    actor: Annotated[Actor, Query()] = PERSON,
    reason: Annotated[Reason, Query()] = "",
) -> None:
    found = await recollections.get_recollection(session, project_id, recollection_id, lock=True)
    await recollections.retire_recollection(session, found, Author(actor=actor, reason=reason))


@router.get(
    "/{recollection_id}/history",
    operation_id="get_recollection_history",
    summary="Get every step of a recollection, oldest first",
    responses=problems(NotFound, Invalid),
)
async def history(session: SessionDep, project_id: ProjectDep, recollection_id: UUID) -> list[HistoryStep]:
    found = await recollections.get_recollection(session, project_id, recollection_id)
    names: Any = HistoryStep.model_fields
    return [
        HistoryStep.model_validate({name: getattr(step, name) for name in names})
        for step in await list_history(session, found)
    ]


async def _find_home(session: AsyncSession, project_id: UUID, body: NewRecollection) -> UUID | None:
    if body.collection is None and body.sources:
        return None
    return (await collections.get_collection(session, project_id, body.collection or "")).id


async def _view(session: AsyncSession, found: Recollection) -> RecollectionView:
    return recollection_view(found, (await recollections.list_sources(session, [found.id]))[found.id])
