"""Documents that others send: taken in, and the runs that read them admitted, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.api.deps import Service
from app.api.uploads import Metadata, safe_filename
from app.errors import Unavailable
from app.knowledge.intake import Incoming, Taken, store_new, take_in
from app.knowledge.models import Document
from app.runs.admit import admit_many
from app.runs.models import Run

AGENT = "pyramid"


@dataclass(frozen=True, kw_only=True)
class Sender:
    """On whose behalf, and under which request id."""

    project_id: UUID
    request_id: str


def by_url(url: str, filename: str | None, metadata: Metadata) -> Incoming:
    """Return a document to be fetched; named by the end of the URL's path unless a name is given, known by the URL."""
    return Incoming(filename=safe_filename(filename or urlsplit(url).path), url=url, origin=url, metadata=metadata)


async def ingest(
    session: AsyncSession, service: Service, sender: Sender, collection_id: UUID, incoming: Sequence[Incoming]
) -> tuple[list[Taken], list[Run]]:
    """Take documents in; return them in order, and the runs to be queued after the commit.

    Raises Unavailable without an agent that reads, NotFound when the collection is gone.
    """
    taken = await take_in(session, sender.project_id, collection_id, incoming)
    runs = await start_reading(session, service, sender, [each.document for each in taken if each.to_read])
    await store_new(session, taken)
    return taken, runs


async def start_reading(
    session: AsyncSession, service: Service, sender: Sender, found: Sequence[Document]
) -> list[Run]:
    """Admit a run for each document that waits to be read; queue them after the commit. Raises Unavailable."""
    agent = service.agents.get(AGENT)
    if agent is None:
        raise Unavailable("No agent that reads documents is installed.")
    inputs = [agent.input.model_validate({"document_id": each.id, "version": each.pending_version}) for each in found]
    runs = await admit_many(
        session,
        project_id=sender.project_id,
        agent=agent,
        inputs=inputs,
        engine=service.engine,
        collection_id=found[0].collection_id if found else None,
        request_id=sender.request_id,
    )
    for document, run in zip(found, runs, strict=True):
        document.run_id, document.status, document.error = run.id, "queued", None
    await session.flush()
    return runs
