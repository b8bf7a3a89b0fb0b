"""A document's levels: pages, insights, concepts, abstract, and how well it was read."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from app.api.deps import ProjectDep, SessionDep
from app.api.errors import problems
from app.api.pages import LimitQuery, Page, build_page
from app.db import Json
from app.errors import Invalid, NotFound
from app.knowledge import documents, entries
from app.knowledge.rows import document_view, page_view
from app.knowledge.types import DocumentView, EntryView, Level, PageView

router = APIRouter(prefix="/v1/documents/{document_id}", tags=["documents"])

PositionQuery = Annotated[int, Query(ge=-1, le=2**31 - 1, description="The `next_cursor` of the page before.")]
PageNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="Counts from 1, as citations do.")]


class SourcedEntry(BaseModel):
    """An entry and the ids of what it was made from."""

    entry: EntryView
    sources: list[UUID]


class Pyramid(BaseModel):
    """A document's levels above its pages, each entry with the ids of what it was made from."""

    document: DocumentView
    abstract: list[SourcedEntry]
    concepts: list[SourcedEntry]
    insights: list[SourcedEntry]


class PageQuality(BaseModel):
    """How well one page was read."""

    number: int
    label: str
    quality: Json


class Quality(BaseModel):
    """How well a document was read: the whole, and page by page."""

    document_id: UUID
    quality: Json
    pages: list[PageQuality]


@router.get("/pages/{number}", operation_id="get_page", summary="Get a page", responses=problems(NotFound, Invalid))
async def get_page(session: SessionDep, project_id: ProjectDep, document_id: UUID, number: PageNumber) -> PageView:
    found = await documents.get_document(session, project_id, document_id)
    return page_view(await documents.get_page(session, found, number), found.filename)


@router.get(
    "/pyramid", operation_id="get_pyramid", summary="Get all levels above the pages", responses=problems(NotFound)
)
async def get_pyramid(session: SessionDep, project_id: ProjectDep, document_id: UUID) -> Pyramid:
    found = await documents.get_document(session, project_id, document_id)
    sources = await entries.list_sources(session, document_id)
    levels: dict[Level, list[SourcedEntry]] = {}
    for level in ("abstract", "concept", "insight"):
        rows = await entries.list_level(session, project_id, document_id, level)
        levels[level] = [SourcedEntry(entry=entry, sources=sources.get(entry.id, [])) for _, entry in rows]
    return Pyramid(
        document=document_view(found),
        abstract=levels["abstract"],
        concepts=levels["concept"],
        insights=levels["insight"],
    )


@router.get(
    "/insights",
    operation_id="list_insights",
    summary="List insights, in page order",
    responses=problems(NotFound, Invalid),
)
async def list_insights(
    session: SessionDep, project_id: ProjectDep, document_id: UUID, limit: LimitQuery = 50, after: PositionQuery = -1
) -> Page[EntryView]:
    await documents.get_document(session, project_id, document_id)
    rows = await entries.list_level(session, project_id, document_id, "insight", after=after, limit=limit + 1)
    return _page(rows, limit)


@router.get("/concepts", operation_id="list_concepts", summary="List concepts", responses=problems(NotFound, Invalid))
async def list_concepts(
    session: SessionDep, project_id: ProjectDep, document_id: UUID, limit: LimitQuery = 50, after: PositionQuery = -1
) -> Page[EntryView]:
    await documents.get_document(session, project_id, document_id)
    rows = await entries.list_level(session, project_id, document_id, "concept", after=after, limit=limit + 1)
    return _page(rows, limit)


@router.get("/abstract", operation_id="get_abstract", summary="Get the abstract", responses=problems(NotFound))
async def get_abstract(session: SessionDep, project_id: ProjectDep, document_id: UUID) -> EntryView:
    await documents.get_document(session, project_id, document_id)
    rows = await entries.list_level(session, project_id, document_id, "abstract", limit=1)
    if not rows:
        raise NotFound("This document has no abstract yet.")
    return rows[0][1]


@router.get("/quality", operation_id="get_quality", summary="Get how well it was read", responses=problems(NotFound))
async def get_quality(session: SessionDep, project_id: ProjectDep, document_id: UUID) -> Quality:
    found = await documents.get_document(session, project_id, document_id)
    rows = await documents.list_page_quality(session, found)
    pages = [PageQuality(number=number, label=label, quality=quality) for number, label, quality in rows]
    return Quality(document_id=found.id, quality=found.quality, pages=pages)


@router.get(
    "/original",
    operation_id="get_original",
    summary="Get the file as uploaded",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}, **problems(NotFound)},
)
async def get_original(session: SessionDep, project_id: ProjectDep, document_id: UUID) -> Response:
    found = await documents.get_document(session, project_id, document_id)
    content = await documents.get_content(session, found.id, found.version or found.pending_version or 1)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.filename, safe='')}",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=found.media_type or "application/octet-stream", headers=headers)


def _page(rows: Sequence[tuple[int, EntryView]], limit: int) -> Page[EntryView]:
    return build_page(rows, limit=limit, view=lambda row: row[1], cursor=lambda row: row[0])
