"""API keys: made, found, revoked. Every function takes the session first and leaves the commit to its caller.

A key is `sym_<prefix>_<secret>`. The secret has 256 random bits, so a fast hash of it can't be searched through.
"""

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.db import DEFAULT_PROJECT, now
from app.errors import Invalid, NotFound
from app.projects.models import ApiKey, Project

Scope = Literal["read", "write", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
KEY = re.compile(r"sym_([0-9a-f]{12})_([\w-]{43})", re.ASCII)
PROJECT_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")
USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks: a project and what may be done in it; without a key it is the person at this machine."""

    project_id: UUID
    scopes: frozenset[str]
    key_id: UUID | None = None
    requests_per_minute: int | None = None

    def may(self, scope: Scope) -> bool:
        """Whether one of the caller's scopes includes this one: admin includes write, write includes read."""
        return any(SCOPES.index(scope) <= SCOPES.index(held) for held in SCOPES if held in self.scopes)


LOCAL_CALLER = Caller(project_id=DEFAULT_PROJECT, scopes=frozenset(SCOPES))


async def ensure_project(session: AsyncSession, name: str) -> Project:
    """Return the project of this name, made when there is none. Raises Invalid for a name that can't be one."""
    if not PROJECT_NAME.fullmatch(name):
        raise Invalid("A project's name has 1 to 63 of a-z, 0-9, `.`, `_`, `-` and begins with a letter or figure.")
    await session.execute(insert(Project).values(id=uuid7(), name=name).on_conflict_do_nothing())
    return (await session.scalars(select(Project).where(Project.name == name))).one()


async def get_project(session: AsyncSession, name: str) -> Project:
    """Return the project of this name. Raises NotFound."""
    found = await session.scalar(select(Project).where(Project.name == name))
    if found is None:
        raise NotFound(f"There is no project “{name}”.")
    return found


async def create_key(
    session: AsyncSession,
    project_id: UUID,
    *,
    name: str,
    scopes: Sequence[Scope],
    requests_per_minute: int | None = None,
) -> tuple[ApiKey, str]:
    """Add a key and return it with its whole text, which is not kept."""
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    made = ApiKey(
        project_id=project_id,
        name=name,
        prefix=prefix,
        hash=hash_of(secret),
        scopes=[scope for scope in SCOPES if scope in scopes],
        requests_per_minute=requests_per_minute,
    )
    session.add(made)
    await session.flush()
    return made, f"sym_{prefix}_{secret}"


async def find_caller(session: AsyncSession, text: str) -> Caller | None:
    """Return whom a key lets in, None when there is no such key or it is revoked; note its use once a minute."""
    read = KEY.fullmatch(text)
    found = await session.scalar(select(ApiKey).where(ApiKey.prefix == read[1])) if read else None
    if found is None or read is None or not hmac.compare_digest(found.hash, hash_of(read[2])) or found.revoked_at:
        return None
    if found.last_used_at is None or found.last_used_at < now() - USE_NOTED_EVERY:
        await note_use(session, found.id)
    return Caller(
        project_id=found.project_id,
        scopes=frozenset(found.scopes),
        key_id=found.id,
        requests_per_minute=found.requests_per_minute,
    )


async def note_use(session: AsyncSession, key_id: UUID) -> None:
    """Say that a key was used now; of several that say so at once, one writes."""
    stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < func.now() - USE_NOTED_EVERY)
    free = select(ApiKey.id).where(ApiKey.id == key_id, stale).with_for_update(skip_locked=True).scalar_subquery()
    await session.execute(update(ApiKey).where(ApiKey.id == free).values(last_used_at=func.now()))


async def has_keys(session: AsyncSession) -> bool:
    """Whether there was ever a key: revoking the last one does not open the service again."""
    return bool(await session.scalar(select(exists(select(ApiKey.id)))))


async def list_keys(session: AsyncSession, project_id: UUID | None = None) -> Sequence[tuple[ApiKey, str]]:
    """Return keys with their project's name, of one project or of all, newest first."""
    query = select(ApiKey, Project.name).join(Project, Project.id == ApiKey.project_id).order_by(ApiKey.id.desc())
    if project_id is not None:
        query = query.where(ApiKey.project_id == project_id)
    return [(key, name) for key, name in await session.execute(query)]


async def revoke_key(session: AsyncSession, found: ApiKey) -> None:
    """Let a key in no more; a second time changes nothing."""
    found.revoked_at = found.revoked_at or now()
    await session.flush()


async def get_key(session: AsyncSession, project_id: UUID, key_id: UUID) -> ApiKey:
    """Return a key of the project. Raises NotFound."""
    found = await session.scalar(select(ApiKey).where(ApiKey.id == key_id, ApiKey.project_id == project_id))
    if found is None:
        raise NotFound("There is no such key.")
    return found


async def get_key_by_prefix(session: AsyncSession, prefix: str) -> ApiKey:
    """Return the key of any project that begins with `sym_<prefix>`. Raises NotFound."""
    found = await session.scalar(select(ApiKey).where(ApiKey.prefix == prefix.removeprefix("sym_")[:12]))
    if found is None:
        raise NotFound("There is no key that begins like this.")
    return found


def hash_of(secret: str) -> str:
    """Return the hash a secret is kept as."""
    return sha256(secret.encode()).hexdigest()
