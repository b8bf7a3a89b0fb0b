"""Documents: upload, list, replace, delete."""

import json
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.archives import ArchiveIngestion, ingest_archive
from app.api.deps import ProjectDep, Service, ServiceDep, SessionDep
from app.api.errors import problems
from app.api.incoming import Sender, by_url, ingest
from app.api.pages import AfterQuery, LimitQuery, Page, list_page
from app.api.submission import Answer, Submission, SubmissionDep, fingerprint_of
from app.api.uploads import BODY_SCHEMA, NEW_BODY_SCHEMA, UrlDocument, read_new, read_upload
from app.convert.unpack import MEDIA_TYPE as ARCHIVE
from app.db import Json
from app.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable, UnsupportedMedia
from app.fetch import check_url
from app.knowledge import collections, documents
from app.knowledge.models import Document
from app.knowledge.rows import document_view
from app.knowledge.types import DocumentView
from app.runs.admit import admit, request_cancel
from app.runs.events import publish
from app.runs.models import TERMINAL, Run, RunEvent
from app.runs.schemas import RunView

router = APIRouter(prefix="/v1/documents", tags=["documents"])

AGENT = "pyramid"
ABOUT_THE_RUN = ("Location", "Retry-After", "Preference-Applied")
VIEW = TypeAdapter(DocumentView)


class Ingestion(BaseModel):
    """A document and the run that reads it; no run when these very bytes are there already."""

    document: DocumentView
    run: RunView | None


@dataclass(kw_only=True)
class EndedRuns:
    """Runs asked to end in a transaction; announce them after its commit."""

    events: list[tuple[UUID, list[RunEvent]]] = field(default_factory=list)
    working: list[UUID] = field(default_factory=list)

    async def announce(self, service: Service) -> None:
        """Tell the workers and those who listen."""
        for run_id, events in self.events:
            await publish(service.bus, run_id, events)
        for run_id in self.working:
            await service.bus.publish_cancel(run_id)


async def end_runs(session: AsyncSession, service: Service, project_id: UUID, run_ids: list[UUID]) -> EndedRuns:
    """Ask runs to end; those that are gone or have ended are left as they are."""
    ended = EndedRuns()
    known = select(Run.id).where(Run.id.in_(run_ids), Run.project_id == project_id, Run.status.not_in(TERMINAL))
    for run_id in list(await session.scalars(known.order_by(Run.id))):
        run, events = await request_cancel(session, project_id, run_id, service.agents.get(AGENT))
        ended.events.append((run_id, events))
        if run.status not in TERMINAL:
            ended.working.append(run_id)
    return ended


@router.post(
    "",
    operation_id="create_document",
    summary="Upload a document and start reading it; of a ZIP archive, each file within",
    status_code=202,
    response_model=Ingestion | ArchiveIngestion,
    openapi_extra=NEW_BODY_SCHEMA,
    responses={
        200: {
            "model": Ingestion,
            "description": "These bytes are in the collection already, or they were read within `Prefer: wait`.",
        },
        **problems(NotFound, TooLarge, UnsupportedMedia, Invalid, Unavailable),
    },
)
async def create(request: Request, service: ServiceDep, submission: SubmissionDep) -> Response:
    upload = await read_new(request, max_bytes=max_upload(service))
    if isinstance(upload, UrlDocument):
        return await create_by_url(submission, upload)
    if upload.media_type == ARCHIVE:
        return await ingest_archive(submission, upload, max_bytes=max_upload(service))
    made: dict[str, Document] = {}

    async def prepare(session: AsyncSession) -> Run | Answer:
        collection = await collections.get_collection(session, submission.project_id, upload.collection)
        found = await documents.find_duplicate(session, collection.id, upload.content)
        if found is not None and found.status != "failed":
            return Answer(status=200, body={"document": view_json(found), "run": None})
        made["document"] = found or await documents.create_document(
            session,
            submission.project_id,
            collection.id,
            filename=upload.filename,
            media_type=upload.media_type,
            content=upload.content,
            metadata=upload.metadata,
        )
        return await start_reading(session, submission, made["document"])

    fingerprint = fingerprint_of("document", upload.collection, upload.filename, dict(upload.metadata), upload.content)
    return await submit(submission, fingerprint, prepare, made)


@router.put(
    "/{document_id}/content",
    operation_id="replace_document_content",
    summary="Upload a new version; the old one is shown until it is read",
    status_code=202,
    response_model=Ingestion,
    openapi_extra=BODY_SCHEMA,
    responses={
        200: {
            "model": Ingestion,
            "description": "The document has these bytes already, or they were read within `Prefer: wait`.",
        },
        **problems(NotFound, Conflict, TooLarge, UnsupportedMedia, Invalid),
    },
)
async def replace(request: Request, service: ServiceDep, submission: SubmissionDep, document_id: UUID) -> Response:
    upload = await read_upload(request, max_bytes=max_upload(service))
    made: dict[str, Document] = {}

    async def prepare(session: AsyncSession) -> Run | Answer:
        found = await documents.lock_document(session, submission.project_id, document_id)
        if found.status == "ready" and documents.digest(upload.content) == found.sha256:
            return Answer(status=200, body={"document": view_json(found), "run": None})
        made["document"] = await documents.replace_content(
            session, found, filename=upload.filename, media_type=upload.media_type, content=upload.content
        )
        return await start_reading(session, submission, made["document"])

    fingerprint = fingerprint_of("content", str(document_id), upload.filename, upload.content)
    return await submit(submission, fingerprint, prepare, made)


@router.get("", operation_id="list_documents", summary="List documents, newest first", responses=problems(NotFound))
async def list_all(
    session: SessionDep,
    project_id: ProjectDep,
    collection: Annotated[str | None, Query(description="Id or name of a collection.")] = None,
    status: Annotated[Literal["queued", "processing", "ready", "failed"] | None, Query()] = None,
    limit: LimitQuery = 50,
    after: AfterQuery = None,
) -> Page[DocumentView]:
    query = select(Document).where(Document.project_id == project_id)
    if collection is not None:
        found = await collections.get_collection(session, project_id, collection)
        query = query.where(Document.collection_id == found.id)
    if status is not None:
        query = query.where(Document.status == status)
    return await list_page(session, query, key=Document.id, view=document_view, limit=limit, after=after)


@router.get("/{document_id}", operation_id="get_document", summary="Get a document", responses=problems(NotFound))
async def get_one(session: SessionDep, project_id: ProjectDep, document_id: UUID) -> DocumentView:
    return document_view(await documents.get_document(session, project_id, document_id))


@router.delete(
    "/{document_id}",
    operation_id="delete_document",
    summary="Delete a document with everything made from it",
    status_code=204,
    response_class=Response,
    responses=problems(NotFound),
)
async def delete(service: ServiceDep, project_id: ProjectDep, document_id: UUID) -> None:
    async with service.resources.sessions.begin() as session:
        found = await documents.get_document(session, project_id, document_id)
        ended = await end_runs(session, service, project_id, [found.run_id] if found.run_id else [])
        await documents.delete_document(session, project_id, document_id)
    await ended.announce(service)


async def create_by_url(submission: Submission, given: UrlDocument) -> Response:
    """Take in a document that its run will fetch; the same URL again is read as the document's next version."""
    service = submission.service
    check_url(given.url, service.resources.fetcher.private_networks)
    made: dict[str, Document] = {}

    async def prepare(session: AsyncSession) -> Run | Answer:
        collection = await collections.get_collection(session, submission.project_id, given.collection)
        sender = Sender(project_id=submission.project_id, request_id=submission.request_id)
        incoming = by_url(given.url, given.filename, given.metadata)
        [taken], runs = await ingest(session, service, sender, collection.id, [incoming])
        if not runs:
            return Answer(status=200, body={"document": view_json(taken.document), "run": None})
        made["document"] = taken.document
        return runs[0]

    return await submit(submission, fingerprint_of("url", given.model_dump()), prepare, made)


async def start_reading(session: AsyncSession, submission: Submission, found: Document) -> Run:
    """Admit the run that reads a document's pending version. Raises Unavailable without a pyramid agent."""
    agent = submission.service.agents.get(AGENT)
    if agent is None:
        raise Unavailable("No agent that reads documents is installed.")
    run = await admit(
        session,
        project_id=submission.project_id,
        agent=agent,
        input=agent.input.model_validate({"document_id": found.id, "version": found.pending_version}),
        engine=submission.service.engine,
        collection_id=found.collection_id,
        request_id=submission.request_id,
    )
    found.run_id, found.status, found.error = run.id, "queued", None
    await session.flush()
    return run


async def submit(submission: Submission, fingerprint: str, prepare: Any, made: dict[str, Document]) -> Response:
    """Accept an upload; the answer has the document beside the run, as it is when the run has ended."""

    def body(run: Json) -> Json:
        return {"document": view_json(made["document"]), "run": run}

    answer = await submission.accept(fingerprint, prepare, body=body)
    if not made or not submission.wait:
        return answer
    return await _with_fresh_document(submission, made["document"], answer)


async def _with_fresh_document(submission: Submission, read: Document, answer: JSONResponse) -> JSONResponse:
    async with submission.service.resources.sessions() as session:
        fresh = await documents.get_document(session, submission.project_id, read.id)
    body = {**json.loads(bytes(answer.body)), "document": view_json(fresh)}
    told = {name: answer.headers[name] for name in ABOUT_THE_RUN if name in answer.headers}
    return JSONResponse(body, answer.status_code, told)


def view_json(found: Document) -> Json:
    """Return a document as JSON."""
    view: Json = VIEW.dump_python(document_view(found), mode="json")
    return view


def max_upload(service: Service) -> int:
    """Return the most bytes a file may have."""
    return service.resources.settings.max_upload_mb * 2**20
