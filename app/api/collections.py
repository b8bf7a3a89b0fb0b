"""Collections: named sets of documents."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.deps import ProjectDep, ServiceDep, SessionDep
from app.api.documents import end_runs
from app.api.errors import problems
from app.api.pages import AfterQuery, LimitQuery, Page, build_page
from app.api.submission import Answer, SubmissionDep, fingerprint_of
from app.api.texts import NO_NUL
from app.errors import Conflict, Invalid, NotFound
from app.knowledge import collections, documents
from app.knowledge.models import Collection
from app.knowledge.overview import Overview, get_overview

router = APIRouter(prefix="/v1/collections", tags=["collections"])

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^/\x00]*[^/\x00\s][^/\x00]*$"),
]


class NewCollection(BaseModel):
    """A collection to make."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"name": "filings", "description": "Quarterly reports of 2023"}}
    )

    name: Name
    description: str = Field("", max_length=2_000, pattern=NO_NUL)


class CollectionChange(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"description": "Reports of 2023 and 2024"}}
    )

    name: Name | None = None
    description: str | None = Field(None, max_length=2_000, pattern=NO_NUL)


class CollectionView(BaseModel):
    """A collection with how many documents it has, by status."""

    id: UUID
    name: str
    description: str
    documents: dict[str, int]
    created_at: datetime


@router.post(
    "",
    operation_id="create_collection",
    summary="Make a collection",
    status_code=201,
    response_model=CollectionView,
    responses=problems(Conflict, Invalid),
)
async def create(submission: SubmissionDep, body: NewCollection) -> JSONResponse:
    async def prepare(session: AsyncSession) -> Answer:
        made = await collections.create_collection(
            session, submission.project_id, name=body.name, description=body.description
        )
        view = (await _views(session, [made]))[0]
        headers = {"Location": f"/v1/collections/{made.id}"}
        return Answer(status=201, body=view.model_dump(mode="json"), headers=headers)

    return await submission.accept(fingerprint_of("collection", body.model_dump()), prepare)


@router.get("", operation_id="list_collections", summary="List collections, oldest first", responses=problems(Invalid))
async def list_all(
    session: SessionDep, project_id: ProjectDep, limit: LimitQuery = 50, after: AfterQuery = None
) -> Page[CollectionView]:
    await collections.ensure_default(session, project_id)
    rows = await collections.list_collections(session, project_id, after=after, limit=limit + 1)
    views = await _views(session, rows)
    return build_page(views, limit=limit, view=lambda view: view, cursor=lambda view: view.id)


@router.get(
    "/{collection}",
    operation_id="get_collection",
    summary="Get a collection by id or name",
    responses=problems(NotFound),
)
async def get_one(session: SessionDep, project_id: ProjectDep, collection: str) -> CollectionView:
    found = await collections.get_collection(session, project_id, collection)
    return (await _views(session, [found]))[0]


@router.get(
    "/{collection}/overview",
    operation_id="get_collection_overview",
    summary="Get what is in a collection and what to ask of it",
    responses=problems(NotFound),
)
async def overview(session: SessionDep, project_id: ProjectDep, collection: str) -> Overview:
    found = await collections.get_collection(session, project_id, collection)
    return await get_overview(session, found)


@router.patch(
    "/{collection}",
    operation_id="update_collection",
    summary="Change a collection's name or description",
    responses=problems(NotFound, Conflict, Invalid),
)
async def update(
    session: SessionDep, project_id: ProjectDep, collection: str, body: CollectionChange
) -> CollectionView:
    found = await collections.get_collection(session, project_id, collection)
    changed = await collections.update_collection(session, found, name=body.name, description=body.description)
    return (await _views(session, [changed]))[0]


@router.delete(
    "/{collection}",
    operation_id="delete_collection",
    summary="Delete a collection with all its documents",
    status_code=204,
    response_class=Response,
    responses=problems(NotFound, Conflict),
)
async def delete(service: ServiceDep, project_id: ProjectDep, collection: str) -> None:
    async with service.resources.sessions.begin() as session:
        found = await collections.get_collection(session, project_id, collection)
        unfinished = await documents.list_unfinished_runs(session, found.id)
        ended = await end_runs(session, service, project_id, unfinished)
        await documents.delete_collection(session, found)
    await ended.announce(service)


async def _views(session: AsyncSession, rows: list[Collection]) -> list[CollectionView]:
    counts = await collections.count_documents(session, [row.id for row in rows])
    return [
        CollectionView(
            id=row.id,
            name=row.name,
            description=row.description,
            documents=counts[row.id],
            created_at=row.created_at,
        )
        for row in rows
    ]
