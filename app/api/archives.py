"""Archives: each file within becomes a document of its own, in one transaction."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fastapi import Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.incoming import Sender, ingest
from app.api.submission import Answer, Submission, fingerprint_of
from app.api.uploads import MAX_FILENAME, UNSAFE, Upload
from app.convert.registry import detect
from app.convert.unpack import Member, unpack
from app.errors import ConversionFailed, UnsupportedMedia
from app.knowledge import collections
from app.knowledge.intake import Incoming, Taken
from app.knowledge.models import Document
from app.knowledge.rows import document_view
from app.knowledge.types import DocumentView
from app.runs.dispatch import Delivery
from app.runs.models import Run
from app.runs.schemas import RunView, view_run


class MemberIngestion(BaseModel):
    """What became of one file of an archive: a document with its run, or why it can't be read."""

    path: str = Field(description="Where the file stands in the archive; its document is named so.")
    document: DocumentView | None = None
    run: RunView | None = Field(None, description="None when these very bytes are there already.")
    problem: str | None = None


class ArchiveIngestion(BaseModel):
    """An archive taken in: its files in order."""

    members: list[MemberIngestion]


@dataclass(frozen=True, kw_only=True)
class ReadFile:
    """One of many files: what is to be taken in, or why it isn't."""

    path: str
    incoming: Incoming | None = None
    problem: str | None = None


async def ingest_archive(submission: Submission, upload: Upload, *, max_bytes: int) -> Response:
    """Take in the files of an archive and queue their runs. Raises ConversionFailed for an archive beyond bounds."""
    service, runs = submission.service, list[Run]()
    read = await asyncio.to_thread(lambda: list(read_members(upload, max_bytes)))

    async def prepare(session: AsyncSession) -> Answer:
        collection = await collections.get_collection(session, submission.project_id, upload.collection)
        sender = Sender(project_id=submission.project_id, request_id=submission.request_id)
        incoming = [each.incoming for each in read if each.incoming is not None]
        taken, admitted = await ingest(session, service, sender, collection.id, incoming)
        runs.extend(admitted)
        documents = await _load_documents(session, taken)
        body = ArchiveIngestion(members=list(_members(read, documents, admitted, submission)))
        return Answer(status=202, body=body.model_dump(mode="json"))

    fingerprint = fingerprint_of("archive", upload.collection, dict(upload.metadata), upload.content)
    answer = await submission.accept(fingerprint, prepare)
    if runs:
        await service.dispatcher.enqueue_many([Delivery.of(run) for run in runs])
    return answer


def read_members(upload: Upload, max_bytes: int) -> Iterator[ReadFile]:
    """Yield the files of an archive. Raises ConversionFailed for one beyond bounds."""
    for member in unpack(upload.content, max_bytes=max_bytes):
        yield _read_member(member, upload)


def _read_member(member: Member, upload: Upload) -> ReadFile:
    if member.problem:
        return ReadFile(path=member.path, problem=member.problem)
    filename = UNSAFE.sub(" ", member.path)[-MAX_FILENAME:]
    try:
        media_type = detect(member.content, filename)
    except (ConversionFailed, UnsupportedMedia) as problem:
        return ReadFile(path=member.path, problem=problem.detail)
    incoming = Incoming(filename=filename, media_type=media_type, content=member.content, metadata={**upload.metadata})
    return ReadFile(path=member.path, incoming=incoming)


async def _load_documents(session: AsyncSession, taken: Sequence[Taken]) -> list[Document]:
    """Return the documents as they are stored now, one each time it was taken in."""
    query = select(Document).where(Document.id.in_({each.document.id for each in taken}))
    stored = {row.id: row for row in await session.scalars(query, execution_options={"populate_existing": True})}
    return [stored[each.document.id] for each in taken]


def _members(
    read: Sequence[ReadFile], documents: Sequence[Document], runs: Sequence[Run], submission: Submission
) -> Iterator[MemberIngestion]:
    left = iter(documents)
    run_of = {run.id: run for run in runs}
    for each in read:
        if each.incoming is None:
            yield MemberIngestion(path=each.path, problem=each.problem)
            continue
        document = next(left)
        run = run_of.get(document.run_id) if document.run_id else None
        view = view_run(run, submission.service.path_of(run.agent)) if run else None
        yield MemberIngestion(path=each.path, document=document_view(document), run=view)
