"""Signed calls that start an ingestion. The signature is the only credential; nothing is stored before its check."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.deps import RequestIdDep, Service, ServiceDep
from app.api.errors import problems
from app.api.incoming import Sender, by_url, ingest
from app.api.uploads import Metadata, check_content, read_body, safe_filename
from app.errors import Conflict, Invalid, NotFound, TooLarge, Unauthorized, UnsupportedMedia
from app.fetch import check_url
from app.knowledge import collections
from app.knowledge.intake import Incoming
from app.runs.dispatch import Delivery
from app.webhooks.github import Push, list_pushed_files
from app.webhooks.models import Source
from app.webhooks.sources import accept_message, check_message, get_source

router = APIRouter(prefix="/v1/hooks", tags=["sources"])

MAX_DOCUMENTS = 500


class SentDocument(BaseModel):
    """A document, as its text or as the URL to fetch it from."""

    model_config = ConfigDict(extra="forbid")

    url: str | None = Field(None, min_length=1)
    text: str | None = Field(None, min_length=1)
    filename: str | None = Field(None, min_length=1, description="What citations will name; else from the URL.")
    collection: str | None = Field(None, description="Id or name; else the source's own.")
    metadata: Metadata = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_one(self) -> "SentDocument":
        if (self.url is None) == (self.text is None):
            raise ValueError("either `url` or `text` is needed")
        return self


Documents = Annotated[list[SentDocument], Field(min_length=1, max_length=MAX_DOCUMENTS)]
ONE: TypeAdapter[SentDocument] = TypeAdapter(SentDocument)
MANY: TypeAdapter[list[SentDocument]] = TypeAdapter(Documents)
PUSH: TypeAdapter[Push] = TypeAdapter(Push)
BODY_SCHEMA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        SentDocument.model_json_schema(),
                        {"type": "array", "items": SentDocument.model_json_schema(), "maxItems": MAX_DOCUMENTS},
                    ]
                },
                "example": {"url": "https://example.com/report.pdf", "filename": "report.pdf"},
            }
        },
    }
}


class AcceptedDocument(BaseModel):
    """A document that was taken in; its run is null when there is nothing new to read."""

    id: UUID
    filename: str
    collection: UUID
    run_id: UUID | None


class Accepted(BaseModel):
    """What a message led to; `repeated` when it had been accepted before."""

    documents: list[AcceptedDocument]
    repeated: bool = False


@router.post(
    "/{source_id}",
    operation_id="receive_hook",
    summary="Send documents by a signed call",
    description="Standard Webhooks 1.0 headers, or GitHub's for a source of type `github`. Nothing is fetched here.",
    status_code=202,
    response_model=Accepted,
    openapi_extra=BODY_SCHEMA,
    responses={
        200: {"model": Accepted, "description": "Nothing to do: said before, or an event that brings no documents."},
        **problems(Unauthorized, NotFound, Conflict, TooLarge, UnsupportedMedia, Invalid),
    },
)
async def receive(
    request: Request,
    response: Response,
    service: ServiceDep,
    request_id: RequestIdDep,
    source_id: UUID,
    background: BackgroundTasks,
) -> Accepted:
    settings = service.resources.settings
    body = await read_body(request, settings.hook_max_mb * 2**20)
    async with service.resources.sessions() as session:
        source = await get_source(session, source_id)
    message = check_message(source, request.headers, body, at=time.time())
    by_collection = await asyncio.to_thread(read_documents, source, request.headers, body, service)
    async with service.resources.sessions.begin() as session:
        source = await get_source(session, source_id)
        fresh = await accept_message(session, source, message)
        accepted: list[AcceptedDocument] = []
        deliveries: list[Delivery] = []
        if fresh:
            sender = Sender(project_id=source.project_id, request_id=request_id)
            accepted, deliveries = await _ingest_all(session, service, sender, source, by_collection)
    background.add_task(service.dispatcher.enqueue_many, deliveries)
    response.status_code = 202 if accepted else 200
    return Accepted(documents=accepted, repeated=not fresh)


async def _ingest_all(
    session: AsyncSession,
    service: Service,
    sender: Sender,
    source: Source,
    by_collection: Mapping[str | None, Sequence[Incoming]],
) -> tuple[list[AcceptedDocument], list[Delivery]]:
    accepted, deliveries = [], []
    for name in sorted(by_collection, key=str):
        collection_id = source.collection_id
        if name is not None:
            collection_id = (await collections.get_collection(session, sender.project_id, name)).id
        taken, runs = await ingest(session, service, sender, collection_id, by_collection[name])
        deliveries += [Delivery.of(run) for run in runs]
        accepted += [
            AcceptedDocument(
                id=each.document.id,
                filename=each.document.filename,
                collection=collection_id,
                run_id=each.document.run_id if each.to_read else None,
            )
            for each in taken
        ]
    return accepted, deliveries


def read_documents(
    source: Source, headers: Mapping[str, str], body: bytes, service: Service
) -> dict[str | None, list[Incoming]]:
    """Return the documents of a body by collection named. Raises RequestValidationError with all problems at once."""
    networks = service.resources.fetcher.private_networks
    found: dict[str | None, list[Incoming]] = defaultdict(list)
    if source.type == "github":
        for file in list_pushed_files(_validate(PUSH, body)) if headers.get("x-github-event") == "push" else ():
            check_url(file.url, networks)
            found[None].append(Incoming(**file.model_dump()))
        if len(found[None]) > MAX_DOCUMENTS:
            raise TooLarge(f"One call may carry {MAX_DOCUMENTS} documents.")
        return found
    for sent in _validate(MANY, body) if body.lstrip()[:1] == b"[" else [_validate(ONE, body)]:
        if sent.url is not None:
            check_url(sent.url, networks)
            found[sent.collection].append(by_url(sent.url, sent.filename, sent.metadata))
        else:
            found[sent.collection].append(_by_text(sent, service.resources.settings.max_upload_mb * 2**20))
    return found


def _validate(adapter: TypeAdapter[Any], body: bytes) -> Any:
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in error.errors()]) from None


def _by_text(sent: SentDocument, max_bytes: int) -> Incoming:
    content = (sent.text or "").encode("utf-8", "replace")
    filename = safe_filename(sent.filename or "note.md")
    media_type = check_content(content, filename, "text/markdown", max_bytes)
    return Incoming(filename=filename, media_type=media_type, content=content, metadata=sent.metadata)
