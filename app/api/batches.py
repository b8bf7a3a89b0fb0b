"""Batches: hundreds of documents with one progress, and another try for those that failed."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from app.api.archives import ReadFile, read_members
from app.api.deps import ProjectDep, Service, ServiceDep, SessionDep
from app.api.documents import max_upload
from app.api.errors import problems
from app.api.hooks import SentDocument
from app.api.incoming import Sender, by_url, ingest, start_reading
from app.api.pages import AfterQuery, LimitQuery, Page, build_page
from app.api.runs import EVENT_STREAM, FRAME_SCHEMA, STREAM_HEADERS, frames
from app.api.submission import Answer, Submission, SubmissionDep, fingerprint_of
from app.api.texts import NO_NUL
from app.api.uploads import FORM_SLACK, Upload, cap, check_content, parse, read_body, safe_filename
from app.convert.unpack import MEDIA_TYPE as ARCHIVE
from app.db import Json, Sessions
from app.errors import ConversionFailed, Invalid, NotFound, TooLarge, Unavailable, UnsupportedMedia
from app.fetch import check_url
from app.knowledge import batches, collections
from app.knowledge.intake import Incoming
from app.knowledge.models import Batch
from app.knowledge.rows import document_view
from app.knowledge.types import BatchProgress, DocumentView
from app.runs.bus import EventBus
from app.runs.dispatch import Delivery
from app.runs.models import Run

router = APIRouter(prefix="/v1/batches", tags=["batches"])

MAX_DOCUMENTS = 1_000
FOLLOW_SECONDS = 0.5
HEARTBEAT_SECONDS = 15.0
NOTHING_SENT = "Send a form with `file`s, or JSON with `documents`."


class NewBatch(BaseModel):
    """A batch, with documents or to be filled file by file."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"name": "filings", "documents": [{"text": "# Minutes\n\nWe met.", "filename": "minutes.md"}]}
        },
    )

    collection: str = Field("default", description="Id or name of a collection.")
    name: str = Field("", max_length=200, pattern=NO_NUL)
    documents: list[SentDocument] = Field(default_factory=list, max_length=MAX_DOCUMENTS)


class MoreDocuments(BaseModel):
    """Documents to add, as texts or by their URLs."""

    model_config = ConfigDict(extra="forbid")

    documents: list[SentDocument] = Field(min_length=1, max_length=MAX_DOCUMENTS)


class BatchView(BaseModel):
    """A batch and how far it is; `done` once every document is read or has failed."""

    id: UUID
    collection_id: UUID
    name: str
    status: Literal["reading", "done"]
    progress: BatchProgress
    created_at: datetime


class BatchItemView(BaseModel):
    """One file of a batch: its document, or the problem that kept it from being one."""

    filename: str
    document: DocumentView | None
    problem: str


class RetriedBatch(BaseModel):
    """The batch, and how many documents are read again."""

    batch: BatchView
    retried: int


FILES: Json = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}}},
}
BODY_SCHEMA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": FILES},
            "application/json": {"schema": {"$ref": "#/components/schemas/MoreDocuments"}},
        },
    }
}


@router.post(
    "",
    operation_id="create_batch",
    summary="Hand in many documents at once, or open a batch to be filled",
    status_code=202,
    response_model=BatchView,
    responses=problems(NotFound, Invalid, TooLarge, Unavailable),
)
async def create(submission: SubmissionDep, body: NewBatch) -> JSONResponse:
    items = [read_sent(each, submission.service) for each in body.documents]
    runs: list[Run] = []

    async def prepare(session: AsyncSession) -> Answer:
        home = await collections.get_collection(session, submission.project_id, body.collection)
        batch = await batches.create_batch(session, submission.project_id, home.id, name=body.name)
        return await _fill(session, submission, batch, items, runs)

    answer = await submission.accept(fingerprint_of("batch", body.model_dump(mode="json")), prepare)
    await submission.service.dispatcher.enqueue_many([Delivery.of(run) for run in runs])
    return answer


@router.post(
    "/{batch_id}/documents",
    operation_id="add_batch_documents",
    summary="Add files, texts or URLs to a batch",
    status_code=202,
    response_model=BatchView,
    openapi_extra=BODY_SCHEMA,
    responses=problems(NotFound, Invalid, TooLarge, Unavailable),
)
async def add(request: Request, submission: SubmissionDep, batch_id: UUID) -> JSONResponse:
    items, runs = await read_items(request, submission), list[Run]()

    async def prepare(session: AsyncSession) -> Answer:
        batch = await batches.get_batch(session, submission.project_id, batch_id)
        return await _fill(session, submission, batch, items, runs)

    contents = [each.incoming.content if each.incoming else b"" for each in items]
    told = [[each.path, each.incoming.url if each.incoming else each.problem] for each in items]
    answer = await submission.accept(fingerprint_of("more", str(batch_id), {"items": told}, *contents), prepare)
    await submission.service.dispatcher.enqueue_many([Delivery.of(run) for run in runs])
    return answer


@router.get("", operation_id="list_batches", summary="List batches, newest first", responses=problems(NotFound))
async def list_all(
    session: SessionDep,
    project_id: ProjectDep,
    collection: Annotated[str | None, Query(description="Id or name of a collection.")] = None,
    limit: LimitQuery = 50,
    after: AfterQuery = None,
) -> Page[BatchView]:
    query = select(Batch).where(Batch.project_id == project_id)
    if collection is not None:
        home = await collections.get_collection(session, project_id, collection)
        query = query.where(Batch.collection_id == home.id)
    if after is not None:
        query = query.where(Batch.id < after)
    rows = list(await session.scalars(query.order_by(Batch.id.desc()).limit(limit + 1)))
    views = await view_batches(session, rows)
    return build_page(views, limit=limit, view=lambda view: view, cursor=lambda view: view.id)


@router.get("/{batch_id}", operation_id="get_batch", summary="Get a batch", responses=problems(NotFound))
async def get_one(session: SessionDep, project_id: ProjectDep, batch_id: UUID) -> BatchView:
    return (await view_batches(session, [await batches.get_batch(session, project_id, batch_id)]))[0]


@router.get(
    "/{batch_id}/documents",
    operation_id="list_batch_documents",
    summary="List a batch's files with what became of them",
    responses=problems(NotFound, Invalid),
)
async def list_documents(
    session: SessionDep,
    project_id: ProjectDep,
    batch_id: UUID,
    status: Annotated[Literal["queued", "processing", "ready", "failed"] | None, Query()] = None,
    limit: LimitQuery = 50,
    after: AfterQuery = None,
) -> Page[BatchItemView]:
    batch = await batches.get_batch(session, project_id, batch_id)
    rows = await batches.list_items(session, batch.id, status=status, after=after, limit=limit + 1)
    return build_page(
        rows,
        limit=limit,
        view=lambda row: BatchItemView(
            filename=row[0].filename, document=document_view(row[1]) if row[1] else None, problem=row[0].problem
        ),
        cursor=lambda row: row[0].id,
    )


@router.post(
    "/{batch_id}/retry",
    operation_id="retry_batch",
    summary="Read the documents that failed again, and no others",
    status_code=202,
    response_model=RetriedBatch,
    responses=problems(NotFound, Invalid, Unavailable),
)
async def retry(submission: SubmissionDep, batch_id: UUID) -> JSONResponse:
    runs: list[Run] = []

    async def prepare(session: AsyncSession) -> Answer:
        batch = await batches.get_batch(session, submission.project_id, batch_id)
        failed = await batches.lock_failed(session, batch.id)
        runs.extend(await start_reading(session, submission.service, _sender(submission), failed))
        view = (await view_batches(session, [batch]))[0]
        return Answer(status=202, body=RetriedBatch(batch=view, retried=len(runs)).model_dump(mode="json"))

    answer = await submission.accept(fingerprint_of("retry batch", str(batch_id)), prepare)
    await submission.service.dispatcher.enqueue_many([Delivery.of(run) for run in runs])
    return answer


@router.get(
    "/{batch_id}/events",
    operation_id="get_batch_events",
    summary="Follow a batch's progress until it is done",
    response_model=None,
    responses={
        200: {"description": "Server-sent events.", "content": {EVENT_STREAM: {"schema": FRAME_SCHEMA}}},
        **problems(NotFound),
    },
)
async def get_events(service: ServiceDep, project_id: ProjectDep, batch_id: UUID) -> Response:
    async with service.resources.sessions() as session:
        await batches.get_batch(session, project_id, batch_id)
    events = follow_batch(service.resources.sessions, service.bus, batch_id)
    return StreamingResponse(frames(events), media_type=EVENT_STREAM, headers=STREAM_HEADERS)


async def follow_batch(sessions: Sessions, bus: EventBus, batch_id: UUID) -> AsyncGenerator[Json | None]:
    """Yield an event whenever the progress has changed, None as a heartbeat; the last one tells that all is done."""
    last: BatchProgress | None = None
    quiet = 0.0
    while not bus.stopping:
        async with sessions() as session:
            progress = (await batches.count_progress(session, [batch_id]))[batch_id]
        done = progress.done == progress.total
        if progress != last:
            type = "batch.done" if done else "batch.progressed"
            yield {"seq": progress.done, "type": type, "data": asdict(progress)}
            last, quiet = progress, 0.0
        if done:
            return
        await asyncio.sleep(FOLLOW_SECONDS)
        quiet += FOLLOW_SECONDS
        if quiet >= HEARTBEAT_SECONDS:
            quiet = 0.0
            yield None


async def view_batches(session: AsyncSession, rows: Sequence[Batch]) -> list[BatchView]:
    """Return batches with their progress."""
    progress = await batches.count_progress(session, [row.id for row in rows])
    return [
        BatchView(
            id=row.id,
            collection_id=row.collection_id,
            name=row.name,
            status="done" if progress[row.id].done == progress[row.id].total else "reading",
            progress=progress[row.id],
            created_at=row.created_at,
        )
        for row in rows
    ]


async def read_items(request: Request, submission: Submission) -> list[ReadFile]:
    """Return what a request adds: the files of a form, those of archives within, or the texts and URLs of a JSON body.

    Raises Invalid, TooLarge.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    most = max_upload(submission.service)
    if kind == "application/json":
        body = parse(MoreDocuments, await read_body(request, most))
        return [read_sent(each, submission.service) for each in body.documents]
    if kind != "multipart/form-data":
        raise Invalid(NOTHING_SENT)
    capped = Request(request.scope, cap(request.receive, most + FORM_SLACK))
    async with capped.form(max_files=MAX_DOCUMENTS, max_fields=10) as form:
        files = [each for each in form.getlist("file") if isinstance(each, UploadFile)]
        if not files:
            raise Invalid(NOTHING_SENT)
        read = [await _read_file(each, most) for each in files]
    return [item for items in read for item in items]


async def _read_file(file: UploadFile, max_bytes: int) -> list[ReadFile]:
    item = read_content(file.filename or "", await file.read(), file.content_type or "", max_bytes)
    if item.incoming is None or item.incoming.media_type != ARCHIVE:
        return [item]
    archive = Upload(filename=item.path, media_type=ARCHIVE, content=item.incoming.content)
    try:
        return await asyncio.to_thread(lambda: list(read_members(archive, max_bytes)))
    except ConversionFailed as problem:
        return [ReadFile(path=item.path, problem=problem.detail)]


def read_sent(sent: SentDocument, service: Service) -> ReadFile:
    """Return one document of a JSON body; one that can't be read is told by its problem."""
    if sent.url is None:
        content = (sent.text or "").encode("utf-8", "replace")
        return read_content(sent.filename or "note.md", content, "text/markdown", max_upload(service), sent.metadata)
    try:
        check_url(sent.url, service.resources.fetcher.private_networks)
    except Invalid as problem:
        return ReadFile(path=sent.filename or sent.url[:200], problem=problem.detail)
    incoming = by_url(sent.url, sent.filename, sent.metadata)
    return ReadFile(path=incoming.filename, incoming=incoming)


def read_content(
    given: str, content: bytes, declared: str, max_bytes: int, metadata: Mapping[str, str] = MappingProxyType({})
) -> ReadFile:
    """Return a file's bytes under a safe name; bytes that can't be read are told by their problem."""
    filename = safe_filename(given)
    try:
        media_type = check_content(content, filename, declared, max_bytes)
    except (TooLarge, UnsupportedMedia, ConversionFailed) as problem:
        return ReadFile(path=filename, problem=problem.detail)
    incoming = Incoming(filename=filename, media_type=media_type, content=content, metadata=dict(metadata))
    return ReadFile(path=filename, incoming=incoming)


async def _fill(
    session: AsyncSession, submission: Submission, batch: Batch, items: Sequence[ReadFile], runs: list[Run]
) -> Answer:
    incoming = [each.incoming for each in items if each.incoming is not None]
    taken, admitted = await ingest(session, submission.service, _sender(submission), batch.collection_id, incoming)
    runs.extend(admitted)
    documents = iter(taken)
    rows = [
        (each.path, next(documents).document.id if each.incoming is not None else None, each.problem or "")
        for each in items
    ]
    await batches.add_items(session, batch, rows)
    view = (await view_batches(session, [batch]))[0]
    headers = {"Location": f"/v1/batches/{batch.id}"}
    return Answer(status=202, body=view.model_dump(mode="json"), headers=headers)


def _sender(submission: Submission) -> Sender:
    return Sender(project_id=submission.project_id, request_id=submission.request_id)
