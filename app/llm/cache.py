"""Answers given before, by request hash and project; the longest unused go when a project's share is full."""

import json
from typing import cast
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Json, now
from app.llm.models import CachedAnswer


async def find_cached(session: AsyncSession, project_id: UUID, request_hash: str) -> Json | None:
    """Return the answer to a request made before in the project, and note that it was used."""
    found = await session.scalar(
        update(CachedAnswer)
        .where(CachedAnswer.project_id == project_id, CachedAnswer.request_hash == request_hash)
        .values(used_at=now())
        .returning(CachedAnswer.answer)
    )
    return cast("Json | None", found)


async def store_cached(
    session: AsyncSession, project_id: UUID, request_hash: str, *, task: str, model: str, answer: Json
) -> None:
    """Keep an answer; the first one stays."""
    size = len(json.dumps(answer, ensure_ascii=False).encode())
    await session.execute(
        insert(CachedAnswer)
        .values(project_id=project_id, request_hash=request_hash, task=task, model=model, answer=answer, size=size)
        .on_conflict_do_nothing()
    )


async def evict_cached(session: AsyncSession, project_id: UUID, *, max_bytes: int) -> None:
    """Drop the answers that were not used for longest, until the rest fits."""
    order = (CachedAnswer.used_at.desc(), CachedAnswer.request_hash)
    total = func.sum(CachedAnswer.size).over(order_by=order).label("total")
    ranked = select(CachedAnswer.request_hash, total).where(CachedAnswer.project_id == project_id).subquery()
    over = select(ranked.c.request_hash).where(ranked.c.total > max_bytes)
    await session.execute(
        delete(CachedAnswer).where(CachedAnswer.project_id == project_id, CachedAnswer.request_hash.in_(over))
    )
