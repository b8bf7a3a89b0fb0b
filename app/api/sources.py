"""Sources: those who may send documents by signed calls."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.deps import ProjectDep, SessionDep
from app.api.errors import problems
from app.api.pages import AfterQuery, LimitQuery, Page, list_page
from app.api.submission import Answer, SubmissionDep, fingerprint_of
from app.errors import Conflict, Invalid, NotFound
from app.knowledge import collections
from app.webhooks.models import Source
from app.webhooks.sources import SourceType, get_source, make_source_secret

router = APIRouter(prefix="/v1/sources", tags=["sources"])

SourceName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")
]


class NewSource(BaseModel):
    """A sender to let in."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"name": "Filings feed", "type": "standard"}}
    )

    name: SourceName
    type: SourceType = Field("standard", description="`standard`: Standard Webhooks 1.0; `github`: push events.")
    collection: str = Field("default", description="Id or name of the collection documents go to.")


class SourceView(BaseModel):
    """A sender, and the path it posts to."""

    id: UUID
    name: str
    type: SourceType
    collection: UUID
    path: str
    last_used_at: datetime | None
    created_at: datetime


class CreatedSource(SourceView):
    """A sender that was just let in; an answer given again has no `secret`."""

    secret: str | None = Field(None, description="What it signs with. It is not shown again.")


@router.post(
    "",
    operation_id="create_source",
    summary="Let a sender in; the answer has its secret, once",
    status_code=201,
    response_model=CreatedSource,
    responses=problems(NotFound, Conflict, Invalid),
)
async def create(submission: SubmissionDep, body: NewSource) -> JSONResponse:
    async def prepare(session: AsyncSession) -> Answer:
        collection = await collections.get_collection(session, submission.project_id, body.collection)
        made = Source(
            project_id=submission.project_id,
            name=body.name,
            type=body.type,
            secret=make_source_secret(body.type),
            collection_id=collection.id,
        )
        session.add(made)
        await session.flush()
        view = CreatedSource(**view_source(made).model_dump()).model_dump(mode="json")
        return Answer(status=201, body=view, once={"secret": made.secret})

    return await submission.accept(fingerprint_of("source", body.model_dump()), prepare)


@router.get("", operation_id="list_sources", summary="List sources, newest first", responses=problems(Invalid))
async def list_all(
    session: SessionDep, project_id: ProjectDep, limit: LimitQuery = 50, after: AfterQuery = None
) -> Page[SourceView]:
    query = select(Source).where(Source.project_id == project_id)
    return await list_page(session, query, key=Source.id, view=view_source, limit=limit, after=after)


@router.delete(
    "/{source_id}",
    operation_id="delete_source",
    summary="Let a sender in no more; its documents stay",
    status_code=204,
    response_class=Response,
    responses=problems(NotFound),
)
async def delete(session: SessionDep, project_id: ProjectDep, source_id: UUID) -> None:
    await session.delete(await get_source(session, source_id, project_id))


def view_source(source: Source) -> SourceView:
    """Return a source as it goes out, without its secret."""
    return SourceView(
        id=source.id,
        name=source.name,
        type=source.type,
        collection=source.collection_id,
        path=f"/v1/hooks/{source.id}",
        last_used_at=source.last_used_at,
        created_at=source.created_at,
    )
