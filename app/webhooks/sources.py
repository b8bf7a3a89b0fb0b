"""Sources and the messages they send. Functions take the session first and never commit."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import now
from app.errors import Conflict, NotFound
from app.webhooks.models import Source, SourceMessage
from app.webhooks.signing import make_secret, verify, verify_github

SourceType = Literal["standard", "github"]


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message whose signature is right: its id, and when it was signed (Unix seconds, 0 when that is not signed)."""

    id: str
    sent_at: int


def make_source_secret(type: SourceType) -> str:
    """Return a new secret in the form this kind of sender takes."""
    return secrets.token_hex(32) if type == "github" else make_secret()


async def get_source(session: AsyncSession, source_id: UUID, project_id: UUID | None = None) -> Source:
    """Return a source, of the project when one is named. Raises NotFound."""
    query = select(Source).where(Source.id == source_id)
    found = await session.scalar(query if project_id is None else query.where(Source.project_id == project_id))
    if found is None:
        raise NotFound("There is no such source.")
    return found


def check_message(source: Source, headers: Mapping[str, str], body: bytes, *, at: float) -> Message:
    """Return a signed message's identity. Raises Unauthorized.

    GitHub signs neither time nor delivery id, so what is told apart there is the signed body.
    """
    if source.type == "github":
        verify_github(source.secret, headers, body)
        return Message(id=f"sha256:{sha256(body).hexdigest()}", sent_at=0)
    message_id, sent_at = verify(source.secret, headers, body, at=at)
    return Message(id=message_id, sent_at=sent_at)


async def accept_message(session: AsyncSession, source: Source, message: Message) -> bool:
    """Write down that a message has come; False when its sender says again what was accepted before.

    Raises Conflict for a replay: the same signed message a second time. A sender that tries again signs anew.
    """
    row = {"source_id": source.id, "message_id": message.id, "sent_at": message.sent_at}
    added = insert(SourceMessage).values(row).on_conflict_do_nothing().returning(SourceMessage.message_id)
    if await session.scalar(added) is not None:
        source.last_used_at = now()
        return True
    query = select(SourceMessage).where(SourceMessage.source_id == source.id, SourceMessage.message_id == message.id)
    known = (await session.scalars(query.with_for_update())).one()
    if message.sent_at <= known.sent_at:
        raise Conflict("This message was received before.")
    known.sent_at, known.received_at = message.sent_at, await session.scalar(select(func.now())) or now()
    return False
